"""Edits of slots in author files: each form of YAML is edited exactly, or refused with nothing changed."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from support.splicing import splice

from chargen.errors import InputError
from chargen.model.slots import AppendSlot, SetSlots, SlotEdit
from chargen.yaml.document import MAX_BYTES, parse
from chargen.yaml.edit import Patch, apply_patches
from chargen.yaml.splice import EditableText, SpliceError
from chargen.yaml.tree import EditRefused, find, read_nodes
from chargen.yaml.verify import verify_bytes, verify_cell, verify_tree

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "story"
IMAGE = ("images", 0)
RECORD: dict[str, Any] = {
    "generated_at": "2026-03-04T05:06:07Z",
    "file_name": "img-01.png",
    "file_path": "generated/chapters/ch01/img-01.png",
    "provider": "sketch",
    "model": "sketch",
    "provider_metadata": {
        "record": "1 in=0a1b file=2c3d size=4096",
        "request_id": None,
        "seed": 7,
        "usage": {"tokens": 12, "seconds": 1e-7},
        "cost_usd": 0.04,
        "exact": True,
        "references": ["a, b.png", "c.png"],
        "notes": [],
    },
}


def edited(before: str, *edits: SlotEdit) -> str:
    """Splice edits into a text, and check with another parser that it still is the YAML it was, but for the edits."""
    after = splice(before.encode(), "book.yaml", edits).decode()
    assert loaded(after) == expected(loaded(before), edits)
    assert splice(after.encode(), "book.yaml", edits[-1:]).decode() == after, "the last edit made again changes bytes"
    return after


def loaded(text: str) -> Any:
    """Read YAML with a parser that the program does not use."""
    return YAML(typ="safe", pure=True).load(text)


def expected(tree: Any, edits: tuple[SlotEdit, ...]) -> Any:
    """Carry out edits on plain data."""
    for edit in edits:
        node = tree
        for step in edit.path:
            node = node[step]
        if isinstance(edit, SetSlots):
            node.update(edit.values)
        elif (node.get(edit.key) or [None])[-1] != edit.value:
            node[edit.key] = [*(node.get(edit.key) or []), edit.value]
    return tree


def refused(before: str, *edits: SlotEdit) -> tuple[str, str]:
    """Return position and message of the refusal of an edit."""
    opened = EditableText.parse(before.encode(), "book.yaml")
    with pytest.raises(SpliceError) as caught:
        opened.apply(edits)
    assert opened.data == before.encode()
    (problem,) = caught.value.problems
    assert problem.position is not None
    return f"{problem.position.line}:{problem.position.column}", f"{problem.message} | {problem.hint}"


VALUES = [
    pytest.param("model: null", "model: dream-2", id="null"),
    pytest.param("model: ~  # later", "model: dream-2  # later", id="tilde and comment"),
    pytest.param("model:", "model: dream-2", id="empty"),
    pytest.param("model: ", "model: dream-2", id="empty and blank"),
    pytest.param("model:   ", "model: dream-2  ", id="empty and blanks"),
    pytest.param("model:\t", "model: dream-2\t", id="empty and tab"),
    pytest.param("model: # later", "model: dream-2 # later", id="empty and comment"),
    pytest.param("model :  # later", "model : dream-2  # later", id="blank before the colon"),
    pytest.param("model: {}", "model: dream-2", id="empty map"),
    pytest.param("model: [ ] # c", "model: dream-2 # c", id="empty list"),
    pytest.param("model: old", "model: dream-2", id="plain"),
    pytest.param("model: 'old' # c", "model: 'dream-2' # c", id="single quotes"),
    pytest.param('model: "old"', 'model: "dream-2"', id="double quotes"),
    pytest.param('"model": old', '"model": dream-2', id="quoted key"),
    pytest.param("model: old\n      and more  # c", "model: dream-2  # c", id="plain over lines"),
    pytest.param('model: "old\n\n      more" # c', 'model: "dream-2" # c', id="quoted over lines"),
    pytest.param("model:\n      old", "model:\n      dream-2", id="on the next line"),
    pytest.param("model: |\n      old\n\n      more", "model: dream-2", id="literal"),
    pytest.param("model: |- # c\n      old\n", "model: dream-2 # c\n", id="stripped, comment, blank line after"),
    pytest.param("model: >+\n      old\n\n\n    # c", "model: dream-2\n\n\n    # c", id="kept blank lines"),
    pytest.param("model: |2-\n       old\n      more\n     # c", "model: dream-2\n     # c", id="indent indicator"),
    pytest.param("model: |-2\n       old  \n        ", "model: dream-2\n        ", id="blanks at its end"),
    pytest.param("model: >\n\n", "model: dream-2\n\n", id="empty folded"),
    pytest.param("model: [a, # c\n      b]  # d", "model: dream-2  # d", id="flow list over lines"),
    pytest.param("model: {a: b,\n c: d}", "model: dream-2", id="flow map over lines"),
    pytest.param("model:\n      a: b\n      c: d", "model: dream-2", id="block map"),
    pytest.param(
        "model: # c\n      # d\n      a: b # e", "model: dream-2 # c\n      # d # e", id="block map, comments"
    ),
    pytest.param("model:\n      - a\n\n      - b: |\n          c", "model: dream-2", id="block list"),
    pytest.param("model:\n    - a\n    -", "model: dream-2", id="block list not indented"),
    pytest.param("model: &m old # c", "model: dream-2 # c", id="anchor nobody uses"),
    pytest.param("model: &m", "model: dream-2", id="anchor of nothing"),
    pytest.param("model: !!str", "model: dream-2", id="tag of nothing"),
    pytest.param("model: !t 'old'", "model: 'dream-2'", id="tag"),
    pytest.param("model: !t\n      old", "model: dream-2", id="tag on its own line"),
    pytest.param("model: &m | # c\n      old", "model: dream-2 # c", id="anchored literal"),
    pytest.param("model: &m # c\n      a: b", "model: dream-2 # c", id="anchored block map"),
    pytest.param("model: &m\n    - b", "model: dream-2", id="anchored block list not indented"),
    pytest.param("model: &n !!seq\n      - b", "model: dream-2", id="anchored tagged block list"),
]


@pytest.mark.parametrize(("old", "new"), VALUES)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("follows", ["\n    size: 1x1\n\n  # next\n  - custom_id: b\n", "\n", ""])
def test_value_is_replaced_exactly(old: str, new: str, line_break: str, follows: str) -> None:
    """Whatever stands in a slot is replaced by the value; what is around it stays, character by character."""
    if not follows and ("old\n" in old or old.endswith("\n")):
        follows = "\n"
    head = "# book\nimages:\n  - custom_id: a\n    title: some words\n    "
    before, after = ((head + part + follows).replace("\n", line_break) for part in (old, new))
    if "!t" in old or "\t" in old:  # the other parser reads neither
        found = splice(before.encode(), "f", [SetSlots(IMAGE, {"model": "dream-2"})]).decode()
    else:
        found = edited(before, SetSlots(IMAGE, {"model": "dream-2"}))
    assert found == after


BLOCKS = [
    pytest.param("meta: {}", "meta:\n      a: 1\n      b:\n        - x", id="empty map"),
    pytest.param("meta: {} # c", "meta: # c\n      a: 1\n      b:\n        - x", id="comment"),
    pytest.param("meta:", "meta:\n      a: 1\n      b:\n        - x", id="empty"),
    pytest.param("meta: # c", "meta: # c\n      a: 1\n      b:\n        - x", id="empty and comment"),
    pytest.param("meta:\n      null", "meta:\n      a: 1\n      b:\n        - x", id="next line"),
    pytest.param("meta: {a: 2,\n     c: 3}", "meta:\n      a: 1\n      b:\n        - x", id="flow map"),
    pytest.param("meta: |\n      old\n", "meta:\n      a: 1\n      b:\n        - x\n", id="literal"),
    pytest.param("meta: |- # c\n      old", "meta: # c\n      a: 1\n      b:\n        - x", id="literal and comment"),
    pytest.param("meta: |\n", "meta:\n      a: 1\n      b:\n        - x\n", id="empty literal"),
    pytest.param(
        "meta:\n       a: 2\n\n       c: 3 # d", "meta:\n       a: 1\n       b:\n         - x # d", id="block map"
    ),
    pytest.param("meta:\n    - a: 2", "meta:\n      a: 1\n      b:\n      - x", id="block list"),
    pytest.param("meta: &m !!map # c\n      a: 2", "meta: # c\n      a: 1\n      b:\n        - x", id="anchor and tag"),
]


@pytest.mark.parametrize(("old", "new"), BLOCKS)
@pytest.mark.parametrize("follows", ["\n    size: 1x1\n", "\n\n    # c\n", ""])
def test_mapping_takes_the_place_of_anything(old: str, new: str, follows: str) -> None:
    """A mapping is written as a block below its key; a comment behind the key stays there."""
    if not follows and "old" in old:
        follows = "\n"
    head = "images:\n  - custom_id: a\n    "
    found = edited(head + old + follows, SetSlots(IMAGE, {"meta": {"a": 1, "b": ["x"]}}))
    assert found == head + new + follows


def test_all_slots_of_a_chapter_entry() -> None:
    """Placeholders are filled, quotes follow the entry's own, a record stays on one line."""
    before = (
        'images:\n  - custom_id: "a" # first\n    tags:\n      - "x"\n    generated_at: null # when\n    file_name:\n'
        "    file_path: ~\n    provider: null\n    model: null\n    provider_metadata: {}\n\n"
        "  # second\n  - custom_id: b\n"
    )
    assert edited(before, SetSlots(IMAGE, RECORD)) == (
        'images:\n  - custom_id: "a" # first\n    tags:\n      - "x"\n    generated_at: "2026-03-04T05:06:07Z" # when\n'
        '    file_name: "img-01.png"\n    file_path: "generated/chapters/ch01/img-01.png"\n    provider: "sketch"\n'
        '    model: "sketch"\n    provider_metadata:\n      record: "1 in=0a1b file=2c3d size=4096"\n'
        "      request_id: null\n      seed: 7\n      usage:\n        tokens: 12\n        seconds: 1.0e-07\n"
        '      cost_usd: 0.04\n      exact: true\n      references:\n        - "a, b.png"\n        - "c.png"\n'
        "      notes: []\n\n  # second\n  - custom_id: b\n"
    )


LAST_LEAVES = [
    "size: 1x1",
    "size: 1x1  # c",
    "tags: [a,\n      b]",
    "tags:\n      - a\n      - b: c",
    "tags:\n    - a\n    -",
    "tags:",
    "tags: # c",
    "text: |\n      one\n\n      two",
    "text: |\n      one\n         ",
    "text: |2\n       one\n       ",
    "text: |+\n      one",
    "text: >-\n      one\n      # text too",
    "text: |",
    "text: one\n      two # c",
    'text: "one\n\n      two"\n    plain: word',
    "deep:\n      deeper:\n        - deepest: {a: b}",
    "other: &o one",
    "again: *x",
    "<<: *y",
]


@pytest.mark.parametrize("leaf", LAST_LEAVES)
@pytest.mark.parametrize(
    "between", ["\n", "\n\n  # banner\n\n", "\n    # note\n\n      \n", "\n\n      # deep comment\n"]
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_missing_key_is_inserted_after_the_last_leaf(leaf: str, between: str, line_break: str) -> None:
    """A missing key follows the entry's last leaf, before the blank lines and comments that follow it."""
    if leaf.startswith("text: |") and between.startswith(("\n    # note", "\n\n      # deep")):
        between = "\n"  # comments as deep as a block text are part of it
    if leaf.startswith("text: >") and between.startswith("\n\n      #"):
        between = "\n"
    if "+" in leaf:
        between = "\n"  # all blank lines are part of such a text
    head = "anchors: [&x 1, &y {z: 1}]\nimages:\n  - custom_id: a\n    "
    tail = between + "  - custom_id: b\n"
    before = (head + leaf + tail).replace("\n", line_break)
    after = (head + leaf + "\n    model: m" + tail).replace("\n", line_break)
    assert edited(before, SetSlots(IMAGE, {"model": "m"})) == after


@pytest.mark.parametrize("leaf", LAST_LEAVES)
@pytest.mark.parametrize("end", ["", "\n", "\n\n# end", "\n  \n      "])
def test_missing_key_is_inserted_at_the_end_of_a_file(leaf: str, end: str) -> None:
    """The same for the last entry; a missing final newline stays missing."""
    if leaf.startswith("text:") and end == "\n  \n      " and "'" not in leaf and '"' not in leaf:
        end = "\n"  # deep blanks are part of a block text
    if "+" in leaf:
        end = end[:1]
    head = "anchors: [&x 1, &y {z: 1}]\nimages:\n  - custom_id: a\n    "
    found = edited(head + leaf + end, SetSlots(IMAGE, {"model": "m"}))
    if leaf.startswith(("text: |\n", "text: |2", "text: |+")) and not end:
        assert found == head + "model: m\n    " + leaf
    else:
        assert found == head + leaf + "\n    model: m" + end


@pytest.mark.parametrize("first", ["? a\n    : x", "? [a, b]\n    : - c\n      - d", "? |\n      a\n    : x", "? a"])
def test_an_entry_that_begins_with_a_question_mark_gets_its_keys_in_the_same_column(first: str) -> None:
    """The column of a block's keys is that of its `?` where the first key has one."""
    before = f"images:\n  - {first}\n    b: 1\n  - c: 1\n"
    after = splice(before.encode(), "f", [SetSlots(IMAGE, {"seed": 7})]).decode()
    assert after == before.replace("b: 1\n", "b: 1\n    seed: 7\n")
    before = f"images:\n  - {first}\n"
    assert splice(before.encode(), "f", [SetSlots(IMAGE, {"seed": 7})]).decode() == before + "    seed: 7\n"


QUESTIONS = [
    pytest.param("? mood", "", id="plain"),
    pytest.param("? mood # c: d", "", id="comment"),
    pytest.param("? 'mood'", "\n    # c", id="comment below"),
    pytest.param("? [a, b]", "", id="flow list"),
    pytest.param("? |\n      mood", "", id="text over lines"),
    pytest.param("? - a\n      - b", "", id="block list"),
    pytest.param("?", "", id="nothing"),
    pytest.param("? &k mood", "", id="anchor"),
    pytest.param("tags:\n      ? rain\n      ? fog", "", id="set"),
    pytest.param("tags: !!set\n      ? rain\n      ? fog", "", id="tagged set"),
    pytest.param("tags:\n    - ? rain", "\n    # c", id="set in a list"),
]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "end", ["\n  - custom_id: b\n", "\n\n  # next\n\n  - custom_id: b\n", "\n", "\n\nlast: x\n", ""]
)
@pytest.mark.parametrize(("leaf", "comment"), QUESTIONS)
def test_key_without_a_value_ends_where_it_is_written(leaf: str, comment: str, end: str, line_break: str) -> None:
    """What follows a `?` key without a value, which the parser marks at the next token, stays on lines of its own."""
    head = "images:\n  - custom_id: a\n    "
    before = (head + leaf + comment + end).replace("\n", line_break)
    found = splice(before.encode(), "f", [SetSlots(IMAGE, {"seed": 7})]).decode()
    lines = f"{leaf}\n    seed: 7{comment}"
    if "|" in leaf and not end:
        lines = f"seed: 7\n    {leaf}"
    assert found == (head + lines + end).replace("\n", line_break)
    assert parse(found.encode(), "f").root is not None


ENTRIES = [
    pytest.param("  - custom_id: a\n    # of the mood\n    mood: |\n      calm", 1, id="comment on the last key"),
    pytest.param("  - custom_id: a # c\n\n    more:\n      deep:\n        - mood: >\n            calm", 1, id="nested"),
    pytest.param("  - custom_id: a\n    mood: |+\n      calm", 1, id="blank lines would be kept"),
    pytest.param("  - custom_id: a\n    ? |\n      calm", 1, id="a key"),
    pytest.param("  - mood: |\n      calm", 0, id="only key"),
    pytest.param("  - &k mood: !!str |\n      calm", 0, id="only key, anchored"),
]


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize(("entry", "after"), ENTRIES)
def test_text_that_ends_its_file_without_a_line_end_stays_the_same_text(
    entry: str, after: int, line_break: str
) -> None:
    """Lines behind such a text would give it a line end, and whoever uses it another value: they go before its key."""
    before = f"images:\n{entry}".replace("\n", line_break)
    found = edited(before, SetSlots(IMAGE, {"cost": 2, "meta": {"seed": 1}}))
    slots = ["cost: 2", "meta:", "  seed: 1"]
    lines = entry.split("\n")
    if after:
        lines[after:after] = ["    " + line for line in slots]
    else:
        lines[0:1] = ["  - " + slots[0], *["    " + line for line in slots[1:]], "    " + lines[0][4:]]
    assert found == line_break.join(["images:", *lines])


def test_item_of_a_slot_s_own_list_may_get_its_line_end() -> None:
    """An object is appended after such a text in the list of pictures itself."""
    before = "overview:\n  generated_images:\n    - notes: |\n        calm"
    edit = AppendSlot(("overview",), "generated_images", {"model": "m"})
    assert splice(before.encode(), "f", [edit]).decode() == before + '\n    - model: "m"'


@pytest.mark.parametrize("new", ["- a: 1\n  m: x", "  - a: 1\n    m: x\n", " - a: 1\n   m: x\n"])
def test_lines_that_would_run_into_their_neighbours_are_refused(new: str) -> None:
    """Lines edited alone must begin in the column they began in, and end with a line end if they did."""
    old = "- a: 1\n"
    root = read_nodes(old)
    assert root is not None
    verify_cell(old, "- a: 1\n  m: x\n", root)
    with pytest.raises(EditRefused, match="run into"):
        verify_cell(old, new, root)


APPENDS = [
    pytest.param("generated_images: []", "generated_images:\n  - file_path: p\n    model: m", id="empty list"),
    pytest.param("generated_images: [] # c", "generated_images: # c\n  - file_path: p\n    model: m", id="comment"),
    pytest.param("generated_images:", "generated_images:\n  - file_path: p\n    model: m", id="empty"),
    pytest.param("generated_images: null", "generated_images:\n  - file_path: p\n    model: m", id="null"),
    pytest.param(
        "title: t", "title: t\nGI:\n  - file_path: p\n    model: m".replace("GI", "generated_images"), id="absent"
    ),
    pytest.param(
        "generated_images:\n- model: a # c", "generated_images:\n- model: a # c\n- file_path: p\n  model: m", id="block"
    ),
    pytest.param(
        "generated_images:\n  -   model: a\n  # c",
        "generated_images:\n  -   model: a\n  -   file_path: p\n      model: m\n  # c",
        id="wide dashes",
    ),
    pytest.param(
        "generated_images:\n  - {model: a}",
        "generated_images:\n  - {model: a}\n  - file_path: p\n    model: m",
        id="maps",
    ),
    pytest.param(
        "generated_images: [{model: a} ]", "generated_images: [{model: a}, {file_path: p, model: m} ]", id="flow"
    ),
    pytest.param(
        "generated_images: [{model: a}, # c\n  ]",
        "generated_images: [{model: a}, {file_path: p, model: m}, # c\n  ]",
        id="flow with last comma",
    ),
    pytest.param(
        "generated_images:\n  -\n    model: a",
        "generated_images:\n  -\n    model: a\n  - file_path: p\n    model: m",
        id="dash on its own line",
    ),
    pytest.param("generated_images:\n  - file_path: p\n    model: m", None, id="there already"),
    pytest.param("generated_images: [{'model': 'm', \"file_path\": p}]", None, id="there already, other style"),
]


@pytest.mark.parametrize(("old", "new"), APPENDS)
@pytest.mark.parametrize("place", ["overview", "zones", "images"])
@pytest.mark.parametrize("end", ["", "\n", "\n      \n\n# c\n"])
def test_object_is_appended(old: str, new: str | None, place: str, end: str) -> None:
    """An object is appended to whatever stands there, once, in overviews, zones, and images of zones."""
    head, indent, path = {
        "overview": ("overview:\n  slug: s\n", "  ", ("overview",)),
        "zones": ("zones:\n  # first\n  - slug: s\n", "    ", ("zones", 0)),
        "images": ("zones:\n- slug: s\n  images:\n    - image_slug: s\n", "      ", ("zones", 0, "images", 0)),
    }[place]
    before, after = (head + indent + part.replace("\n", "\n" + indent) + end for part in (old, new or old))
    assert edited(before, AppendSlot(path, "generated_images", {"file_path": "p", "model": "m"})) == after


def test_end_of_a_file_with_deep_blank_lines() -> None:
    """A file that ends in `generated_images: []` without newline, after blanks deeper than the key, stays valid."""
    before = "parts:\n  - slug: a\n    tags:\n      - x\n      \n          \n    generated_images: []"
    after = before[:-3] + "\n      - model: m"
    assert edited(before, AppendSlot(("parts", 0), "generated_images", {"model": "m"})) == after


FLOW = [
    pytest.param("- {custom_id: a, model: null}", "- {custom_id: a, model: m, file_name: f}", id="value"),
    pytest.param("- {custom_id: a, model: }", "- {custom_id: a, model: m , file_name: f}", id="empty value"),
    pytest.param("- {custom_id: a, model }", "- {custom_id: a, model: m , file_name: f}", id="key without colon"),
    pytest.param("- {model: m, a: }", "- {model: m, a: , file_name: f}", id="after an empty value"),
    pytest.param('- {"model":null,"a":"b",}', '- {"model":"m","a":"b", file_name: "f",}', id="as in JSON"),
    pytest.param("- {}", '- {model: "m", file_name: "f"}', id="empty"),
    pytest.param("- {\n  a: 'b' # c\n  }", "- {\n  a: 'b', model: 'm', file_name: 'f' # c\n  }", id="over lines"),
]


@pytest.mark.parametrize(("old", "new"), FLOW)
def test_entry_in_flow(old: str, new: str) -> None:
    """An entry written as a flow mapping gets its slots in flow."""
    before, after = (f"images:\n{part}\n- custom_id: b\n" for part in (old, new))
    assert edited(before, SetSlots(IMAGE, {"model": "m", "file_name": "f"})) == after


def test_nested_values_in_flow() -> None:
    """Collections go into a flow entry as flow, also where the whole list is flow."""
    before = "images: [{custom_id: a, meta: {}, refs: [1]}, {b: c}] # end"
    after = edited(before, SetSlots(IMAGE, {"meta": {"a": [1, {"b": None}]}, "refs": ["x, y"]}))
    assert after == 'images: [{custom_id: a, meta: {a: [1, {b: null}]}, refs: ["x, y"]}, {b: c}] # end'
    before = "{images: [{custom_id: a}], overview: {generated_images: [{a: b}]}}"
    after = edited(before, SetSlots(IMAGE, {"model": "m"}), AppendSlot(("overview",), "generated_images", {"c": "d"}))
    assert after == "{images: [{custom_id: a, model: m}], overview: {generated_images: [{a: b}, {c: d}]}}"


def test_key_inherited_by_merge_is_inserted_into_the_entry() -> None:
    """What is only inherited through `<<` is not replaced at its source but given to the entry itself."""
    before = "base: &b\n  model: null\n  size: 1x1\nimages:\n  - <<: *b\n    custom_id: a\n  - <<: [*b]\n"
    after = edited(before, SetSlots(IMAGE, {"model": "m"}))
    assert after == before.replace("custom_id: a\n", "custom_id: a\n    model: m\n")


def test_alias_in_a_slot_is_replaced_itself() -> None:
    """An alias is replaced where it stands; the anchor's value stays."""
    before = "none: &n null\nimages:\n  - custom_id: a\n    model: *n # c\n    file_name: [*n]\n"
    after = edited(before, SetSlots(IMAGE, {"model": "m", "file_name": "f"}))
    assert after == before.replace("*n # c", "m # c").replace("[*n]", "f")


def test_entry_that_others_merge_is_filled_alone() -> None:
    """Entries of its list that merge an anchored entry don't take its slots for theirs: they get their own, empty."""
    before = "images:\n  - &a\n    custom_id: a\n    model: null\n  - <<: *a\n    custom_id: b\n    model: null\n"
    assert edited(before, SetSlots(IMAGE, {"model": "m"})) == before.replace("model: null", "model: m", 1)
    after = splice(before.encode(), "f", [SetSlots(IMAGE, {"model": "m", "meta": {"seed": 1}})]).decode()
    assert after == (
        "images:\n  - &a\n    custom_id: a\n    model: m\n    meta:\n      seed: 1\n"
        "  - <<: *a\n    custom_id: b\n    model: null\n    meta: null\n"
    )
    filled = splice(after.encode(), "f", [SetSlots(("images", 1), {"model": "n", "meta": {"seed": 2}})]).decode()
    assert loaded(filled)["images"][0] == loaded(after)["images"][0]


def test_entries_that_merge_each_other_in_turn_are_each_given_their_own() -> None:
    """A chain of merges, a list of merges, and an entry in braces."""
    before = (
        "shots:\n- &a {id: a}\n- &b\n  <<: *a\n  id: b\n- <<: [*b, *a]\n  id: c\n"
        "- {<<: *a, id: d, images: [x]}\n- id: e\n"
    )
    after = splice(before.encode(), "f", [AppendSlot(("shots", 0), "images", {"file": "a.png"})]).decode()
    assert after == (
        "shots:\n- &a {id: a, images: [{file: a.png}]}\n- &b\n  <<: *a\n  id: b\n  images: null\n"
        "- <<: [*b, *a]\n  id: c\n  images: null\n- {<<: *a, id: d, images: [x]}\n- id: e\n"
    )


def test_what_is_meant_to_be_inherited_stays_as_it_is_in_others() -> None:
    """A status given to a merged entry is its own: those that merge it keep the one they have."""
    before = "images:\n- &a\n  id: a\n  status: draft # c\n  model: x\n- <<: *a\n  id: b\n"
    after = edited(before, SetSlots(IMAGE, {"status": "approved"}))
    assert after == before.replace("draft", "approved") + "  status: draft\n"
    before = before.replace("draft #", "[draft] #")
    assert "inherit its `status`" in refused(before, SetSlots(IMAGE, {"status": "approved"}))[1]


def test_slots_of_a_value_that_merging_entries_have_of_their_own_can_be_edited() -> None:
    """A key within a value is nobody else's where those that merge the entry have a value of their own."""
    before = "images:\n- &a\n  id: a\n  meta: {record: x}\n- <<: *a\n  id: b\n  meta: null\n"
    assert edited(before, SetSlots(("images", 0, "meta"), {"record": "y"})) == before.replace(
        "record: x", 'record: "y"'
    )
    before = before.replace("  meta: null\n", "")
    where, message = refused(before, SetSlots(("images", 0, "meta"), {"record": "y"}))
    assert where == "5:7"
    assert "`*a` would change" in message


REFUSED = [
    pytest.param("a: &a {x: 1}\nimages:\n  - *a\n", IMAGE, "3:5", "this entry is an alias", id="alias entry"),
    pytest.param("a: &a [{x: 1}]\nimages: *a\n", IMAGE, "2:9", "this entry is an alias", id="alias list"),
    pytest.param("images:\n  - words\n", IMAGE, "2:5", "is a scalar, not a mapping", id="no mapping"),
    pytest.param("images:\n  - [1]\n", IMAGE, "2:5", "is a list, not a mapping", id="list"),
    pytest.param("images:\n  -\n", IMAGE, "2:4", "is a scalar, not a mapping", id="nothing"),
    pytest.param("images: []\n", IMAGE, "1:9", "`images.0` is no longer here", id="gone"),
    pytest.param("images:\n  - a: 1\n", ("images", 1), "2:3", "`images.1` is no longer here", id="item gone"),
    pytest.param("images:\n  a: 1\n", IMAGE, "2:3", "`images.0` is no longer here", id="mapping for a list"),
    pytest.param("zones:\n  - a: 1\n", ("zones", 0, "b"), "2:5", "`0.b` is no longer here", id="key gone"),
    pytest.param("zones: 1\n", ("zones", "b"), "1:8", "no longer here", id="scalar on the way"),
    pytest.param("", IMAGE, "1:1", "the file is empty", id="empty file"),
    pytest.param("images:\n  - model: &m x\nb: *m\n", IMAGE, "2:12", "stand for this value (`&m`)", id="anchor in use"),
    pytest.param(
        "images:\n  - model: [&m x]\nb: *m\n", IMAGE, "2:13", "stand for this value", id="anchor inside in use"
    ),
    pytest.param("a:\n  - &i\n    x: 1\nb: *i\n", ("a", 0), "4:4", "would change together", id="aliased entry"),
    pytest.param("images: &i\n  - x: 1\nb: *i\n", IMAGE, "3:4", "would change together", id="aliased list"),
    pytest.param("images:\n  - ? model\n    : x\n", IMAGE, "2:7", "`model` is written with `?`", id="question mark"),
    pytest.param("images:\n  - a: 1\n    ? model\n", IMAGE, "3:7", "written with `?`", id="question mark alone"),
    pytest.param("images: [a: b]\n", IMAGE, "1:10", "a single pair in a flow list", id="pair in a flow list"),
    pytest.param("images:\n  - &a\n    x: 1\nb: {<<: *a}\n", IMAGE, "4:9", "would change", id="merged elsewhere"),
    pytest.param("images:\n  - model:\n      &x\n      a: b\n", IMAGE, "3:7", "line of its own", id="anchor on a line"),
]


@pytest.mark.parametrize(("before", "path", "where", "message"), REFUSED)
def test_refusal_names_the_place_and_changes_nothing(
    before: str, path: tuple[str | int, ...], where: str, message: str
) -> None:
    """What can't be edited exactly is refused, with its place and a hint, and the text stays."""
    found = refused(before, SetSlots(path, {"model": "m"}))
    assert found[0] == where
    assert message in found[1]
    assert not found[1].endswith("| ") or "empty" in message


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("words", "is no list but a scalar"),
        ("{}", "is no list but a mapping"),
        ("*l", "is no list but an alias"),
        ("&m [{a: b}]\nuse: *m", "stand for this value"),
    ],
)
def test_append_to_what_is_no_list_is_refused(held: str, message: str) -> None:
    """Only a list, a null, nothing and an absent key can be appended to."""
    before = f"l: &l [1]\noverview:\n  generated_images: {held}\n"
    where, found = refused(before, AppendSlot(("overview",), "generated_images", {"c": "d"}))
    assert where == "3:21"
    assert message in found


def test_position_of_a_refusal_counts_the_whole_file() -> None:
    """A refusal inside an entry is told in lines of the file, byte order mark and CRLF or not."""
    before = "\ufeff# \u00e9\u2028\r\nimages:\r\n  - a: 1\r\n  - b: \U0001f600\r\n  - words\r\n"
    assert refused(before, SetSlots(("images", 2), {"model": "m"}))[0] == "5:5"


def test_unreadable_file_is_an_input_error_and_no_refusal() -> None:
    """A file that can't be parsed is reported as such."""
    with pytest.raises(InputError) as caught:
        splice(b"a: [", "f", [])
    assert not isinstance(caught.value, SpliceError)


def test_line_ends_follow_the_file_where_the_entry_shows_none() -> None:
    """The last entry of a CRLF file, a single line without line end, gets CRLF."""
    edit = SetSlots(IMAGE, {"model": {"a": 1}})
    found = splice(b"images:\r\n- b: 1", "f", [edit])
    assert found == b"images:\r\n- b: 1\r\n  model:\r\n    a: 1"
    assert splice(b"images:\r- b: 1", "f", [edit]) == found.replace(b"\r\n", b"\r")
    assert splice(b"a: 1", "f", [SetSlots((), {"model": 1})]) == b"a: 1\nmodel: 1"


def test_all_edits_or_none() -> None:
    """One refused edit of a call refuses them all; the text before stays as it is and usable."""
    before = b"images:\n  - a: 1\n  - words\n"
    opened = EditableText.parse(before, "f")
    good, bad = SetSlots(IMAGE, {"model": "m"}), SetSlots(("images", 1), {"model": "m"})
    with pytest.raises(SpliceError):
        opened.apply([good, bad])
    assert opened.data == before
    assert opened.apply([good]).data == b'images:\n  - a: 1\n    model: "m"\n  - words\n'
    assert opened.data == before


def test_edits_of_one_entry_build_on_each_other() -> None:
    """A later edit sees what an earlier one made, within a call and from call to call."""
    opened = EditableText.parse(b"images:\n  - a: 1\noverview:\n  b: 1", "f")
    opened = opened.apply([SetSlots(IMAGE, {"model": None}), SetSlots(IMAGE, {"model": "m", "list": []})])
    opened = opened.apply([AppendSlot(IMAGE, "list", {"c": 1}), AppendSlot(IMAGE, "list", {"c": 2})])
    opened = opened.apply([AppendSlot(("overview",), "list", {"c": 1})])
    assert opened.data == (
        b'images:\n  - a: 1\n    model: "m"\n    list:\n      - c: 1\n      - c: 2\n'
        b"overview:\n  b: 1\n  list:\n    - c: 1"
    )


@pytest.mark.parametrize("values", [{"model": "m", "seed": 7, "none": None}, {}, {"ratio": 1.5, "list": ["x"]}])
def test_value_that_is_there_already_leaves_the_bytes(values: dict[str, Any]) -> None:
    """Values that are there, in whatever style, are not written again."""
    before = b"images:\n  - {model: \"m\", seed: 7, none: , ratio: 1.50, list: ['x'], a: &a 1, b: *a}\n"
    opened = EditableText.parse(before, "f")
    assert opened.apply([SetSlots(IMAGE, values)]) is opened


TEXTS = [
    "", " ", "~", "null", "Yes", "no", "on", "010", "1_000", "0x1F", "0o7", "1e3", "+1", ".5", "1:30", "1,000",
    ".inf", ".NaN", "2026-01-01", "2026-01-01T00:00:00Z", "=", "<<", "- a", "-", "a: b", "a:", "a #b", "#a",
    "@a", "`a`", "*a", "&a", "!a", "%a", "|", ">", "[a]", "{a}", "a, b", "it's", "\"", "'", "\\", "\\n", "a\nb",
    "a\r\nb", "tab\there", " a", "a ", "\u00e9t\u00e9", "\u732b", "\U0001f600", "a\u2028b", "a\u0085b",
    "a\u00a0b", "\ufeffa", "\0", "\u001b", "\u007f", "\u200b", "x" * 3000, "? a", ": a", "---", "...", "y", "n",
    "True", "img-01.png", "a/b c.png", "generated/chapters/ch01/img-01.png", "1 in=ab file=cd size=1",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("old", ["null", "plain", "'single'"])
def test_text_is_read_back_as_the_same_text(text: str, old: str) -> None:
    """Any text, in any author's style, in block and in flow, as value, item and key, is read back as it is."""
    before = f"images:\n  - custom_id: a\n    model: {old}\n  - {{model: null, b: {old}}}\n"
    value = {"model": text, "meta": {text: [text]}}
    edits = (SetSlots(IMAGE, value), SetSlots(("images", 1), value if len(text) < 1000 else {"model": text}))
    if len(text) > 1000:
        edits = (SetSlots(IMAGE, {"model": text}), edits[1])
    after = splice(before.encode(), "f", edits)
    assert after.count(b"\n") <= before.count("\n") + 4, "a text takes one line"
    for loader in (YAML(typ="safe", pure=True), YAML(typ="rt"), YAML(typ="safe")):
        assert loader.load(after.decode())["images"][0] == {"custom_id": "a", **edits[0].values}
    if "\u2028" not in text and "\u0085" not in text:
        yaml_1_1 = YAML(typ="safe", pure=True)
        yaml_1_1.version = (1, 1)  # type: ignore[assignment]
        assert yaml_1_1.load(after.decode())["images"][1]["model"] == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1, "1"), (-7, "-7"), (10**20, "1" + "0" * 20), (0.1, "0.1"), (1e16, "1.0e+16"), (1.5e-07, "1.5e-07"),
        (2.0, "2.0"),
        (-0.0, "-0.0"), (math.inf, ".inf"), (-math.inf, "-.inf"), (True, "true"), (False, "false"), (None, "null"),
        ([], "[]"), ({}, "{}"),
    ],
)  # fmt: skip
def test_numbers_and_truth_values_are_written_as_every_yaml_reads_them(value: Any, written: str) -> None:
    """Numbers, truth values and null are plain, and come back with their type."""
    after = splice(b"images:\n  - model: old\n", "f", [SetSlots(IMAGE, {"model": value})]).decode()
    assert after == f"images:\n  - model: {written}\n"
    for version in ((1, 1), (1, 2)):
        loader = YAML(typ="safe", pure=True)
        loader.version = version  # type: ignore[assignment]
        found = loader.load(after)["images"][0]["model"]
        assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_written_and_known_again() -> None:
    """NaN, which equals nothing, is still the value that is there."""
    opened = EditableText.parse(b"images:\n  - model: 1\n", "f").apply([SetSlots(IMAGE, {"model": math.nan})])
    assert opened.data == b"images:\n  - model: .nan\n"
    assert opened.apply([SetSlots(IMAGE, {"model": math.nan})]) is opened


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        date(2026, 1, 1),
        b"bytes",
        {1: 2},
        {"a": [object()]},
        "\ud800",
        nested(60),
        {"k" * 2000: 1},
        {"a": {"b": nested(60)}},
    ],
    ids=["date", "bytes", "number as key", "object", "surrogate", "deep", "long key", "deep below keys"],
)
def test_value_that_yaml_has_no_form_for_is_refused(value: Any) -> None:
    """What can't be written so that it is read back the same is refused."""
    refused("images:\n  - custom_id: a\n", SetSlots(IMAGE, {"model": value}))


def test_deep_mappings_are_refused() -> None:
    """Mappings nested beyond any metadata are refused, not written until the stack ends."""
    value: dict[str, Any] = {}
    for _ in range(2000):
        value = {"a": value}
    refused("images:\n  - custom_id: a\n", SetSlots(IMAGE, {"model": value}))


STYLES = [
    pytest.param("a: 'x'\n    b: 'y'\n    c: \"z\"", "'m'", id="single"),
    pytest.param('a: "one"\n    b: two', '"m"', id="double before plain"),
    pytest.param("a: one\n    b: two\n    c: 'three'", "m", id="plain"),
    pytest.param("a: null\n    b: 12\n    c: |\n      x", '"m"', id="nothing to see"),
]


@pytest.mark.parametrize(("siblings", "written"), STYLES)
def test_quotes_follow_the_entry(siblings: str, written: str) -> None:
    """A new text is quoted as most texts of its entry are."""
    before = f"images:\n  - {siblings}\n    model: null\n"
    assert edited(before, SetSlots(IMAGE, {"model": "m"})).endswith(f"    model: {written}\n")


def test_text_that_needs_quotes_gets_those_the_author_uses() -> None:
    """Where plain won't do, the quotes are those of the entry, else of the text around it."""
    before = "overview:\n  a: one\n  b: two\n  deep: {c: 'three'}\n"
    assert edited(before, SetSlots(("overview",), {"model": "1"})).endswith("  model: '1'\n")


INDENTS = [
    pytest.param("images:\n- id: a\n  light:\n      key: low\n  tags:\n  - x\n", 6, 2, id="wide keys, flat lists"),
    pytest.param("images:\n    - id: a\n      tags:\n        - x\n", 8, 8, id="indented lists"),
    pytest.param("images:\n- id: a\n", 4, 4, id="nothing to see"),
]


@pytest.mark.parametrize(("before", "key_column", "dash_column"), INDENTS)
def test_indentation_follows_the_author(before: str, key_column: int, dash_column: int) -> None:
    """New blocks are indented as those of the entry are."""
    after = edited(before, SetSlots(IMAGE, {"meta": {"k": 1}, "list": ["i"]}))
    lines = after.splitlines()
    assert next(line for line in lines if "k: 1" in line).index("k") == key_column
    assert (
        next(line for line in lines if ("- " in line and line.endswith("i")) or line.endswith('"i"')).index("-")
        == dash_column
    )


def test_root_can_be_edited() -> None:
    """The root mapping is an entry like any other, also below comments, directives and a document start."""
    before = "%YAML 1.2\n# c\n---\na: one\nb:\n  - x: 1\n\n# end\n...\n"
    after = edited(before, SetSlots((), {"model": "m", "a": 2}))
    assert after == "%YAML 1.2\n# c\n---\na: 2\nb:\n  - x: 1\nmodel: m\n\n# end\n...\n"
    assert edited(before, SetSlots(("b", 0), {"x": 2})) == before.replace("x: 1", "x: 2")


@pytest.mark.parametrize(
    "before",
    [
        "--- !book\nimages:\n  - custom_id: a\n",
        "&r\nimages:\n  - custom_id: a\n",
        "%TAG !e! tag:example.org,2026:\n---\nimages:\n  - x: !e!y z\n    custom_id: a\n",
        "? images\n:\n  - custom_id: a\n",
        "images: !list\n  - custom_id: a\n",
        "x: &x 1\nimages:\n  - *x\n  - custom_id: a\n",
        "[a, b]: 1\nimages:\n  - custom_id: a\n",
        "a: 1\n? images\n:\n  - custom_id: a\n",
        "images:\n  -\n    # c\n    custom_id: a\n  -\n",
    ],
    ids=[
        "tagged root",
        "anchored root",
        "tag directive",
        "question mark",
        "tagged list",
        "alias item",
        "list as key",
        "later question mark",
        "dash",
    ],
)
def test_unusual_files_are_edited_as_a_whole(before: str) -> None:
    """Files that can't be cut into entries are edited all the same."""
    path = ("images", 1) if "*x" in before else IMAGE
    after = splice(before.encode(), "f", [SetSlots(path, {"model": "m"})]).decode()
    assert after == before.replace("custom_id: a\n", "custom_id: a\n    model: m\n")
    assert parse(after.encode(), "f").root is not None


def test_an_edit_that_would_pass_a_limit_is_refused() -> None:
    """What the program could not read again is not written: too many levels, too many bytes."""
    depth = 170
    path: tuple[str | int, ...] = ("a",) * (depth - 1)
    before = "{a: " * depth + "1" + "}" * depth
    assert "unreadable" in refused(before, SetSlots(path, {"model": nested(45)}))[1]
    before = "\n".join(" " * level + "a:" for level in range(depth)) + " 1\n"
    assert "unreadable" in refused(before, SetSlots(path, {"model": nested(45)}))[1]
    opened = EditableText.parse(b"images:\n  - a: 1\n#" + b"x" * (MAX_BYTES - 30), "f")
    with pytest.raises(SpliceError, match="too large"):
        opened.apply([SetSlots(IMAGE, {"model": "m" * 30})])


WRONG = [
    pytest.param("a: 1\nb: 2\n", "a: 1\nb: 3\nm: x\n", id="other value"),
    pytest.param("a: 1\n", "a: '1'\nm: x\n", id="other style"),
    pytest.param("a: [1]\n", "a: [1, 2]\nm: x\n", id="more items"),
    pytest.param("a: 1\n", "a: &b 1\nm: x\n", id="anchor"),
    pytest.param("a: 1\n", "m: x\na: 1\n", id="other order"),
    pytest.param("a: 1\n", "a: 1\nm: y\n", id="other text"),
    pytest.param("a: 1\n", "a: 1\nm: &a x\n", id="anchored value"),
    pytest.param("a: 1\n", "a: 1\nm: !t x\n", id="tagged value"),
    pytest.param("a: 1\n", "a: 1\n", id="not inserted"),
    pytest.param("a: 1\n", "a: 1\nm: x\nn: 1\n", id="one key more"),
    pytest.param("a: 1\nb: 1\n", "a: 1\n", id="key lost"),
    pytest.param("a: 1\n", "{a: 1, m: x}\n", id="flow"),
    pytest.param("a: 1\n", "# nothing\n", id="nothing"),
    pytest.param("m: null\n", "m: x y\n", id="replaced by more"),
    pytest.param("a: |\n  x\n", "a: |+\n  x\n\nm: x\n", id="longer block text"),
    pytest.param("a: |\n  x", "a: |\n  x\nm: x", id="line end for a block text"),
    pytest.param("m: 1\na: |\n  x", "m: x\na: |\n  x\n", id="line end for a block text beside"),
]


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_verification_sees_what_went_wrong(old: str, new: str) -> None:
    """A wrong outcome, however it came about, is not taken for the edit."""
    with pytest.raises(EditRefused):
        verify_tree(old, find(read_nodes(old), ()), read_nodes(new), SetSlots((), {"m": "x"}))


def test_what_would_run_into_the_next_entry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that is right within its own lines, and takes the line end of the last, changes nothing."""
    wrong = [Patch(7, 7, "  m: x")]
    monkeypatch.setattr("chargen.yaml.edit.set_patches", lambda *_: wrong)
    where, message = refused("images:\n- a: 1\n- b: 1\n", SetSlots(IMAGE, {"m": "x"}))
    assert where == "2:1"
    assert "run into" in message


@pytest.mark.parametrize("new", ["l: [{a: b}]\n", "l: [{c: d}]\n", "l: [{a: b}, {c: e}]\n", "l: [{c: d}, {a: b}]\n"])
def test_verification_sees_a_wrong_list(new: str) -> None:
    """An item that is missing, changed or misplaced is seen."""
    old = "l: [{a: b}]\n"
    with pytest.raises(EditRefused):
        verify_tree(old, find(read_nodes(old), ()), read_nodes(new), AppendSlot((), "l", {"c": "d"}))


@pytest.mark.parametrize("new", ["a: 1\nm: x \n", "A: 1\nm: x\n", "a: 1\nm: x\n\n", "a: 1\nm: x"])
def test_verification_sees_every_other_character(new: str) -> None:
    """Text outside of the patches is compared character by character, to the end."""
    verify_bytes("a: 1\nm: y\n", "a: 1\nm: x\n", [Patch(8, 9, "x")])
    with pytest.raises(EditRefused):
        verify_bytes("a: 1\nm: y\n", new, [Patch(8, 9, "x")])


def test_overlapping_patches_and_second_documents_are_refused() -> None:
    """Patches that overlap are never applied, and a text with two documents is never read as one."""
    with pytest.raises(EditRefused, match="overlap"):
        apply_patches("abcd", [Patch(0, 2, ""), Patch(1, 3, "")])
    with pytest.raises(YAMLError):
        read_nodes("a\n---\nb\n")


def test_foreign_breaks_in_the_author_s_text_stay() -> None:
    """U+2028 and U+0085 in an entry are characters, before and after an edit."""
    before = "images:\n  - custom_id: a\u2028b\n    prompt_used: |\n      x\u0085y\n  - b: 1\n".encode()
    after = splice(before, "f", [SetSlots(IMAGE, {"model": "m"})])
    assert after == before.replace(b"y\n", b"y\n    model: m\n", 1)


SAMPLE_FILES = sorted(SAMPLES.rglob("*.yaml")) if SAMPLES.exists() else [SAMPLES]


def slot_edits(tree: dict[str, Any]) -> list[SlotEdit]:
    """Return the edits that fill every entry of a file."""
    whole = [
        SetSlots((key, n), RECORD) for key in ("images", "image_inventory") for n in range(len(tree.get(key) or ()))
    ]
    paths: list[tuple[str | int, ...]] = [("overview",)] if "overview" in tree else []
    for key in ("parts", "zones", "beat_images"):
        for number, entry in enumerate(tree.get(key) or ()):
            paths.append((key, number))
            paths += [(key, number, "images", inner) for inner in range(len(entry.get("images") or ()))]
    return [*whole, *(AppendSlot(path, "generated_images", RECORD) for path in paths)]


@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: f"{file.parent.name}")
def test_every_entry_of_the_samples(file: Path) -> None:
    """In real files every entry is filled; a diff shows slots only, and another parser reads what was meant."""
    if not SAMPLES.exists():
        pytest.skip("samples absent")
    before = file.read_bytes()
    try:
        parse(before, file.name)
    except InputError:
        assert file.parent.name == "cids-workshop"
        return
    edits = slot_edits(loaded(before.decode()))
    if not edits:
        assert file.name in ("image-ideas.yaml", "imagery.runs.yaml")
        return
    opened = EditableText.parse(before, file.name)
    after = opened.apply(edits)
    assert loaded(after.data.decode()) == expected(loaded(before.decode()), tuple(edits))
    assert_only_slots_differ(before.decode().split("\n"), after.data.decode().split("\n"))
    assert after.apply(edits) is after
    assert (b"\r\n" in before) == (after.data.count(b"\r\n") == after.data.count(b"\n"))


def assert_only_slots_differ(before: list[str], after: list[str]) -> None:
    """Check that every line of the author's is still there, in order, but for slots that were filled."""
    left = iter(before)
    line = next(left)
    for found in after:
        key, _, value = line.strip().lstrip("- ").partition(":")
        if found == line or (key in {*RECORD, "generated_images"} and found.startswith(line[: line.index(":") + 1])):
            comment = value.partition(" #")[2].strip()
            assert found == line or comment in found
            line = next(left, "")
    assert next(left, None) is None
