"""Parsing author files: every kind of bad file is one clear problem at its place, and what passes is safe to walk."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from ruamel.yaml.nodes import ScalarNode

from chargen.errors import InputError, Position, Problem
from chargen.yaml.document import MAX_BYTES, Document, get, is_null, items, pairs, parse, scalar
from chargen.yaml.parser import MAX_DEPTH

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "story"


def problems(text: str | bytes) -> tuple[Problem, ...]:
    """Parse a bad file and return what is said of it."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    with pytest.raises(InputError) as caught:
        parse(data, "book.yaml")
    return caught.value.problems


def only(text: str | bytes) -> tuple[int, int, str, str]:
    """Return line, column, message and hint of the only problem of a bad file."""
    (problem,) = problems(text)
    assert problem.position is not None
    assert problem.position.file == "book.yaml"
    return problem.position.line, problem.position.column, problem.message, problem.hint


def values(document: Document) -> list[str]:
    """Return the texts of the root mapping's values."""
    return [str(value.value) for _, _, value in pairs(document.root)]


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a: 1\nkey:value\nb: 2\n", 2, 4, "blank is missing after the colon of `key:`", "write `key: value`"),
        ('a:\n  - b: 1\n    size:"x"\n    c: 2\n', 3, 9, "after the colon of `size:`", 'write `size: "x"`'),
        ("a: 1\nlong:some text that goes on and on\n  and: on\n", 2, 5, "after the colon of `long:`", "..."),
        ("a:\n  - b\n  -c\n  - d\n", 3, 3, "blank is missing after the dash", "write `- c`"),
        ("key:value\nb: 2\n", 1, 4, "blank is missing after the colon of `key:`", "write `key: value`"),
        ("key:value\n" + "more\n" * 20 + "b: 2\n", 22, 1, "a key is not expected here", "line above"),
        ("a: {b: 1,\n  size:1x1}\n", 2, 7, "blank is missing after this colon", "quote"),
        ("a: [{b:c, d: e}]\n", 1, 7, "blank is missing after this colon", "quote"),
        ("a: {b: &x {c:d}, e: *x}\n", 1, 13, "blank is missing after this colon", "quote"),
        ('a: "b\nc: d\ne: ["#F00"]\n', 1, 4, 'ends at the `"#` of line 3', "a quote is missing"),
        ("a: {b: 'c,\n  d: '#F00'}\n}\n", 1, 8, "ends at the `'#` of line 2", "a quote is missing"),
        ("a: 'b''s\nc: d\ne: '#F00'\n", 1, 4, "ends at the `'#` of line 3", "a quote is missing"),
        ('a: !!str "b\nc: d\ne: "#F00"\n', 1, 4, 'ends at the `"#` of line 3', "a quote is missing"),
        ('a:\n  "b\nc: d\ne: "#F00"\n', 2, 3, 'ends at the `"#` of line 4', "a quote is missing"),
        ("a: [b, {c:}]\n", 1, 10, "blank is missing after this colon", "quote"),
        ("a: 'b\n---\nc: d\n", 1, 4, "quote ' opened here is never closed", "close it"),
        ("a: 1\njust words\nb: 2\n", 2, 1, "no `key: value`", "indent"),
        ("words here\nb: 2\n", 2, 1, "a key is not expected here", "line above"),
        ("a: b: c\n", 1, 5, "inside a value that is not quoted", "quotes"),
        ("a: b\n  c: d\n", 2, 3, "a key is not expected here", "indentation"),
        ('a: "b\nc: d\n', 1, 4, 'quote " opened here is never closed', "close it"),
        ("a: 'it's'\n", 1, 8, "text follows the closing `'`", "it''s"),
        ('a: "he said "no" twice"\n', 1, 14, 'text follows the closing `"`', '\\"'),
        ("a:\n  - b: 1\n   c: 2\n", 3, 4, "does not fit the lines above", "one column"),
        ("a: 1\n b: 2\n", 2, 2, "a key is not expected here", "indentation"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "does not fit the lines above", "one column"),
        ("a: []\n  - b: 1\n    c: 2\nd: 3\n", 1, 4, "`a: []` is closed already", "remove the `[]`"),
        ("a: []  # none\n\n# more\n- b: 1\n", 1, 4, "`a: []` is closed already", "remove the `[]`"),
        ("- a: {}\n    b: 1\n", 1, 6, "`a: {}` is closed already", "remove the `{}`"),
        ("a: [b]\n  - c\n", 1, 4, "`a: [b]` is closed already", "all of it on this line"),
        ("a: [b, c\nd: e\n", 1, 4, "the `[` opened here is not closed", "close it"),
        ("a: {b: c d: e}\n", 1, 11, "a comma or its end is missing", "add it"),
        ('a: ["b" c]\n', 1, 9, "a comma or its end is missing", "add it"),
        ("a: @b\n", 1, 4, "can't begin with `@`", "quotes"),
        ("a: %b\n", 1, 4, "can't begin with `%`", "quotes"),
        ('a: "\\q"\n', 1, 5, "unknown escape", "\\\\"),
        ('a: "C:\\Users"\n', 1, 9, "no letter's code", "single quotes"),
        ('a: "\\ud83e\\udd8a"\n', 1, 7, "no letter's code", "as it is"),
        ("a: *bold* words\n", 1, 4, "can't begin with `*`", "between quotes"),
        ("a: & words\n", 1, 4, "can't begin with `&`", "between quotes"),
        ("a: !<words\n", 1, 4, "can't begin with `!`", "between quotes"),
        ("a: - words\n", 1, 4, "can't begin with `-`", "between quotes"),
        ("a: ? words\n", 1, 4, "can't begin with `?`", "between quotes"),
        ("a: {{ mara }} walks\n", 1, 15, "text follows the closing `}`", "between quotes"),
        ("a: 1\nb: [\n", 2, 4, "after this `[` the file ends", "close the list"),
        ("a: 1\n...\nb\n", 3, 1, "text follows the end of the document", "`...`"),
        ("a: *nope\n", 1, 4, "the alias `*nope` names no anchor", "between quotes"),
        ("a: [*fish, b]\n", 1, 5, "the alias `*fish` names no anchor", "`&fish`"),
        ("a: &x 1\nb: &x 2\n", 2, 4, "`&x` is used twice", "another name"),
        ('a: "b c.\nd: "e"\n', 1, 4, 'this `"` opens ends at the `"` of line 2', "a quote is missing"),
        ('- a: "b c.\n  d: e\n- a: "f g"\n  h: i\n', 1, 6, 'ends at the `"` of line 3', "a quote is missing"),
        ("a: 'b c.\r\nd: e\r\nf: 'g'\r\n", 1, 4, "this `'` opens ends at the `'` of line 3", "`''`"),
        ('a: "b c.\nd: ""\ne: f\n', 1, 4, 'ends at the `"` of line 2', "a quote is missing"),
        ('a: ["b c, d]\ne: ["f"]\n', 1, 5, 'ends at the `"` of line 2', "a quote is missing"),
        ('a: {b: "c, d: e}\nf: {g: "h"}\n', 1, 8, 'ends at the `"` of line 2', "a quote is missing"),
        ('a: "b\u2028c.\nd: "e"\n', 1, 4, 'ends at the `"` of line 2', "a quote is missing"),
        ('a: "b\n  c"\n d: 1\n', 3, 2, "does not fit the lines above", "one column"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second YAML document", "one document"),
        ("a: ]\n", 1, 4, "not valid YAML", ""),
        ("a:\n\tb: c\n", 2, 1, "a tab is used for indentation", "spaces"),
        ("a:\n  b: c\n\td: e\n", 3, 1, "a tab is used for indentation", "spaces"),
        ("a: 1\nb: \x01\n", 2, 4, "control character U+0001", "delete it"),
        ("a: 1\nb: c\0d", 2, 5, "control character U+0000", "delete it"),
        ("a: 1\r\nb: 2\r\nkey:value\r\nc: 1\r\n", 3, 4, "blank is missing", "key: value"),
        ("a: 1\rb: 2\rkey:value\rc: 1\r", 3, 4, "blank is missing", "key: value"),
        ("a: x\u2028y\u0085z\u2029\nkey:value\nc: 1\n", 2, 4, "blank is missing", "key: value"),
        ("\ufeffa: 1\nkey:value\nc: 1\n", 2, 4, "blank is missing", "key: value"),
        (
            "# c\na: 1\n\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n",
            4,
            1,
            "conflict markers",
            "only of a picture that you have seen",
        ),
        ("a: 1\r\n=======\r\nb: 2\r\n", 2, 1, "conflict markers", "only of a picture that you have seen"),
        ("a: &a\n  b: *a\n", 1, 4, "contains itself", "remove the alias"),
    ],
)
def test_mistake_is_reported_where_it_was_made(text: str, line: int, column: int, message: str, hint: str) -> None:
    """The author is sent to the line with the mistake, told what it is, and what to do."""
    found = only(text)
    assert found[:2] == (line, column)
    assert message in found[2]
    assert hint in found[3]


def test_sample_with_a_missing_blank_is_reported_in_its_line() -> None:
    """The invalid sample is reported in line 81, where the blank is missing, not in 82 where the parser stops."""
    file = SAMPLES / "locations" / "cids-workshop" / "location-imagery.yaml"
    if not file.exists():
        pytest.skip("samples absent")
    line, _, message, _ = only(file.read_bytes())
    assert (line, "prompt_used:" in message) == (81, True)


def test_cause_is_not_sought_beyond_a_sound_line() -> None:
    """A text with a colon far above is not blamed for a line that has its own mistake."""
    line, _, _, _ = only("a: see x:y\nb: 1\nwords\nc: 2\n")
    assert line == 3


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        ("a: b\n".encode("utf-16"), 1, 1, "UTF-16"),
        (codecs.BOM_UTF16_BE + "a: b\n".encode("utf-16-be"), 1, 1, "UTF-16"),
        ("a: 1\nb: caf\u00e9\n".encode("latin-1"), 2, 7, "not UTF-8"),
        (codecs.BOM_UTF8 + b"b: \xff\n", 1, 4, "not UTF-8"),
        (b"a: 1\r\nb\r: \xff\n", 3, 3, "not UTF-8"),
    ],
)
def test_other_encodings_are_named(data: bytes, line: int, column: int, message: str) -> None:
    """A file that is not UTF-8 says so, at the first byte that can't be read."""
    found = only(data)
    assert found[:2] == (line, column)
    assert message in found[2]
    assert "UTF-8" in found[3]


def test_file_too_large_is_not_read() -> None:
    """A file above the limit is refused by its size."""
    (problem,) = problems(b"#" * (MAX_BYTES + 1))
    assert str(MAX_BYTES) in problem.message
    assert problem.position == Position("book.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "{a: " * 100_000,
        '["]", ' * 100_000,
        '["\n]\n", ' * 3_000,
        "[a, #]\n" * 3_000,
        "\n".join(" " * depth + "a:" for depth in range(2_000)),
        "\n".join("  " * depth + "- a:" for depth in range(1_000)),
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "a: &a0 {x: 1}\nb:\n" + "".join(f"- &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 400)),
    ],
    ids=["[", "-", "?", "{", "quoted bracket", "bracket in lines", "comment", "keys", "items", "just above", "merges"],
)
def test_deep_nesting_is_refused_and_not_composed(text: str) -> None:
    """However deep a file nests, the process survives and the author is told."""
    _, _, message, hint = only(text)
    assert str(MAX_DEPTH) in message
    assert "flatter" in hint


def test_nesting_up_to_the_limit_is_read() -> None:
    """The limit itself is allowed, in flow and in block."""
    assert parse(("[" * MAX_DEPTH + "]" * MAX_DEPTH).encode(), "f").root is not None
    assert parse("\n".join(" " * depth + "a:" for depth in range(MAX_DEPTH)).encode(), "f").root is not None


def test_many_brackets_that_are_no_nesting_are_read() -> None:
    """Lists, maps, smileys and brackets in text do not count as depth."""
    line = "- {a: [1, '2', \"#3\"], b: {}, c: 'x [', d: [[], []], e: [[[[[[[]]]]]]]}\n- |\n  [[[ {{{\n- see [1\n"
    root = parse((line * 600).encode(), "f").root
    assert len(items(root)) == 1800


def test_alias_bomb_is_refused() -> None:
    """A file whose aliases stand for more than a million nodes is refused before anybody walks it."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    _, _, message, hint = only("\n".join(lines))
    assert "aliases" in message
    assert "fewer aliases" in hint


def test_shared_nodes_within_the_limits_are_read() -> None:
    """Ordinary anchors, aliases and merge keys are no problem."""
    document = parse(b"base: &b {size: 1x1}\none: {<<: *b, id: 1}\ntwo: {<<: [*b, *b], list: [*b]}\n", "f")
    assert scalar(get(get(document.root, "one"), "size")) == "1x1"
    assert scalar(get(get(document.root, "two"), "size")) == "1x1"


def test_a_key_missing_from_many_merges_is_sought_once_in_each() -> None:
    """Keys are found through merges of merges, and an absent one is given up."""
    lines = ["m0: &m0 {x: 1}"] + [f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}" for n in range(1, 15)]
    document = parse("\n".join(lines).encode(), "f")
    top = get(document.root, "m14")
    assert get(top, "absent") is None
    assert scalar(get(top, "x")) == "1"


def test_own_keys_come_before_merged_ones_and_the_first_merge_wins() -> None:
    """A mapping's own key counts before what it merges, and of several merges the first that has it."""
    document = parse(b"a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\n", "f")
    node = get(document.root, "c")
    assert [scalar(get(node, key)) for key in "xyz"] == ["1", "3", "2"]
    assert [name for name, _, _ in pairs(node)] == ["y"]


def test_duplicate_keys_are_all_reported() -> None:
    """Every duplicate key is a problem at its own place that names the first one's line."""
    found = problems("a: 1\nb:\n  - c: 1\n    c: 2\na: 3\na: 4\n? [x]\n: 1\n? {y: 1, y: 2}\n: 2\n")
    assert [(p.position.line, p.position.column) for p in found if p.position] == [(4, 5), (5, 1), (6, 1), (9, 10)]
    assert "`a` (first in line 1)" in found[1].message
    assert "first in line 1" in found[2].message


def test_two_merge_keys_are_no_duplicates() -> None:
    """`<<` may stand twice, as the authors' parsers allow."""
    assert parse(b"a: &a {x: 1}\nb: {<<: *a, <<: *a}\n", "f").root is not None


def test_positions_count_the_line_ends_editors_count() -> None:
    """LF, CRLF and CR end a line; U+2028, U+2029 and U+0085 do not; the byte order mark takes no column."""
    text = "\ufeffa: x\u2028y\nb: 1\r\nc: \u00852\rd: \U0001f600 3\n"
    document = parse(text.encode(), "f")
    assert document.bom
    assert [str(document.at(key)) for _, key, _ in pairs(document.root)] == ["f:1:1", "f:2:1", "f:3:1", "f:4:1"]
    assert values(document) == ["x\u2028y", "1", "\u00852", "\U0001f600 3"]
    assert str(document.position(len(document.text))) == "f:5:1"


def test_foreign_breaks_are_plain_characters() -> None:
    """U+2028, U+2029 and U+0085 survive as written in every style, also beside what stands in for them."""
    text = 'a: "b\u2028c"\nd: |\n  e\u0085f\n  g\ni: [j\u2029k, "\\U000F0000\U000f0001"]\nl: &m n\u2028\n'
    text += "o: *m\np: {q\u2028: r}\n"
    document = parse(text.encode(), "f")
    assert values(document)[:2] == ["b\u2028c", "e\u0085f\ng\n"]
    assert [scalar(node) for node in items(get(document.root, "i"))] == ["j\u2029k", "\U000f0000\U000f0001"]
    assert scalar(get(document.root, "o")) == "n\u2028"
    assert [key for key, _, _ in pairs(get(document.root, "p"))] == ["q\u2028"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{url: http://x.example/y?z=1&a=b#c}", "http://x.example/y?z=1&a=b#c"),
        ("{a: [http://x/, b], c: }", ""),
        ("{c: , a: b}", "b"),
        ("{a: 12:30, http://x/y}", ""),
        ('{"a:b", c: d:e}', "d:e"),
        ("{a:b: c}", "c"),
        ("{a:b: }", ""),
    ],
)
def test_colons_in_flow_are_read_as_everywhere(text: str, found: str) -> None:
    """A URL, a time or nothing within braces is a value, and a key may have a colon that a value follows."""
    document = parse(f"a: {text}\n".encode(), "f")
    (held,) = (node for _, _, node in pairs(document.root))
    assert [scalar(node) or "" for _, _, node in pairs(held)][-1] == found


def test_scalars_are_text_as_written() -> None:
    """Numbers, dates and truth values are not converted; nulls are known as such only where they are plain."""
    document = parse(b"a: 010\nb: 1_000\nc: 2026-01-01\nd: yes\ne: 'null'\nf: null\ng:\nh: ~\ni: []\n", "f")
    nodes = [value for _, _, value in pairs(document.root)]
    assert [scalar(node) for node in nodes] == ["010", "1_000", "2026-01-01", "yes", "null", None, None, None, None]
    assert [is_null(node) for node in nodes] == [False] * 5 + [True] * 3 + [False]
    traced = document.traced(nodes[2], "date")
    assert traced == "2026-01-01"
    assert (traced.name, str(traced.position)) == ("date", "f:3:4")
    assert document.traced(nodes[5], "null") is None


def test_readers_take_missing_nodes() -> None:
    """Readers answer for no node, a null, a scalar where a list belongs, and a scalar where a mapping belongs."""
    document = parse(b"a: one\nb:\n", "f")
    one, nothing = get(document.root, "a"), get(document.root, "b")
    assert isinstance(one, ScalarNode)
    assert (items(one), items(nothing), items(None)) == ((one,), (), ())
    assert (get(one, "x"), get(None, "x"), list(pairs(None)), is_null(None)) == (None, None, [], True)


@pytest.mark.parametrize("text", ["", "\ufeff", "# only a comment\n", "---\n...\n"])
def test_an_empty_file_has_no_keys(text: str) -> None:
    """An empty file is no mistake; it has no root, or a null one."""
    assert list(pairs(parse(text.encode(), "f").root)) == []


def test_signs_of_conflicts_inside_text_are_none() -> None:
    """Seven signs that do not start a line, or go on, are the author's text."""
    document = parse(b"# ========== banner\na: |\n  =======\n  <<<<<<< x\n========: 1\n", "f")
    assert len(values(document)) == 2
