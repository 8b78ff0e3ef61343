"""Names become files: the same on every system, and never two entries for one picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen import kinds
from chargen.kinds.names import MAX_BYTES, clash_key, fault


@pytest.mark.parametrize(
    "name", ["img-07", "010", "ch15.5-x", "K\u00f6nigin", "\u6708", "a b, c", "console", "com10", ".hidden", "x" * 200]
)
def test_ordinary_names_are_fine(name):
    """Letters of every script, digits, blanks inside, dots inside."""
    assert fault(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        *'<>:"|?*/\\',
        "",
        " ",
        ".",
        "..",
        "con",
        "Con.txt",
        "LPT1",
        "com\u00b2",
        "aux .x",
        "a.",
        "a ",
        " a",
        "a\x00",
        "a\x1f",
        "a\u2028",
        "mood=calm",
    ],
)
def test_names_that_no_file_can_have_are_at_fault(name):
    """Somewhere they would be another file, a device, or none."""
    assert fault(name)


def test_length_counts_in_bytes():
    """File systems count so."""
    assert fault("\u6708" * (MAX_BYTES // 3)) == ""
    assert fault("\u6708" * (MAX_BYTES // 3 + 1))


@given(st.text(max_size=8))
def test_a_name_without_fault_is_one_part_of_a_path(name):
    """Joined below a folder it names something directly inside."""
    if not fault(name):
        assert name not in {"", ".", ".."}
        assert not set(name) & set('/\\:*?"<>|\0\n\r')


def chapter(scan, slug, *ids, file):
    return scan(f"metadata: {{slug: {slug}}}\nimages: [{', '.join(f'{{custom_id: {i}}}' for i in ids)}]", file)


def test_entries_of_two_files_may_not_share_a_picture(scan):
    """The error names both places; files that differ are fine."""
    first = chapter(scan, "a", "one", "two", file="x/imagery.yaml")
    other = chapter(scan, "a", "two", "three", file="y/imagery.yaml")
    (problem,) = kinds.clashes([first, other])
    assert problem.position.file == "y/imagery.yaml"
    assert "x/imagery.yaml:2:28" in problem.message
    assert problem.hint == "give one of the two an id of its own with `custom_id: ...`"
    assert kinds.clashing([first, other]) == {"chapters/a/two"}


@pytest.mark.parametrize(
    ("one", "other"), [("img-A", "IMG-a"), ("caf\u00e9", "cafe\u0301"), ("stra\u00dfe", "STRASSE")]
)
def test_names_that_some_file_systems_take_for_one_clash(scan, one, other):
    """Also inside one file: case and Unicode form do not count."""
    imagery = chapter(scan, "a", one, other, file="x/imagery.yaml")
    assert len(imagery.entries) == 2
    assert len(kinds.clashes([imagery])) == 1
    assert kinds.clashing([imagery]) == {f"chapters/a/{one}", f"chapters/a/{other}"}


def test_different_names_do_not_clash(scan):
    """Nothing is folded that file systems tell apart."""
    imagery = chapter(scan, "a", "one", "one-", "0ne", file="x/imagery.yaml")
    assert kinds.clashes([imagery]) == ()
    assert clash_key("One") != clash_key("0ne")
