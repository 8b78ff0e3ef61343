"""The author's mappings as templates see them: lazy, named, and safe with aliases."""

import pytest
from msgspec.structs import replace
from ruamel.yaml.cyaml import CBaseLoader

from chargen.kinds.view import View
from chargen.model.traced import Traced
from chargen.yaml.document import parse


def view(text):
    document = parse(text.encode(), "a.yaml")
    return View(document, document.root)


def unchecked(text):
    """Return a view of what `parse` refuses to give out: the view is safe by itself."""
    document = replace(parse(b"a: b", "a.yaml"), text=text, root=CBaseLoader(text).get_single_node(), line_starts=(0,))
    return View(document, document.root)


def test_values_are_views_tuples_texts_and_none():
    """Names are dotted keys; items of a list have the list's name; scalars are as written."""
    seen = view("palette:\n  dominant: [rust, 010]\nnull: ~\nempty: ''\nday: 2031-02-03\nmoods: [{name: calm}]\n")
    rust, number = seen["palette"]["dominant"]
    assert (rust, rust.name, str(rust.position), number) == ("rust", "palette.dominant", "a.yaml:2:14", "010")
    assert isinstance(rust, Traced)
    assert (seen["null"], seen["empty"], seen["day"]) == (None, "", "2031-02-03")
    assert seen["moods"][0]["name"].name == "moods.name"
    assert (list(seen), len(seen), "day" in seen, "no" in seen) == (
        ["palette", "null", "empty", "day", "moods"],
        5,
        True,
        False,
    )
    with pytest.raises(KeyError):
        seen["no"]


def test_views_compare_by_value():
    """Two readings of one text are equal."""
    assert view("a: {b: [c]}") == view("a: {b: [c]}")
    assert view("a: {b: [c]}") != view("a: {b: [d]}")


def test_merge_keys_are_looked_through_in_order():
    """Own keys win, then the first mapping merged."""
    seen = view("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 0}\n")["z"]
    assert dict(seen) == {"a": "0", "b": "1", "c": "2"}


def test_a_list_that_contains_itself_ends():
    """The inner one is empty."""
    assert unchecked("a: &a [b, *a]")["a"] == ("b", ())


def test_a_mapping_that_contains_itself_can_be_followed():
    """Each step is made only when it is asked for."""
    seen = unchecked("a: &a {b: *a, c: d}")
    for _ in range(100):
        seen = seen["a"] if "a" in seen else seen["b"]
    assert seen["c"] == "d"


def test_aliases_cost_what_they_cost_once():
    """Lists of one another's lists share what they hold: no explosion."""
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 12)]
    value = view("\n".join(lines))["a11"]
    assert value[0] is value[1]


def test_merging_in_circles_ends():
    """A mapping that merges itself has its own keys."""
    assert dict(unchecked("a: &a {<<: *a, b: c}")["a"]) == {"b": "c"}


def test_keys_that_are_no_texts_are_left_out():
    """No template can name them."""
    seen = view("? [a, b]\n: c\nd: e\n")
    assert dict(seen) == {"d": "e"}
    assert "d" in repr(seen)
