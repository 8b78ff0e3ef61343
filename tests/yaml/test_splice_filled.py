"""A mapping that is filled in place: the program's names get their values, and the author's lines stay byte for byte.

What comes out is compared with a text put together line by line here, and with what another parser reads.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from support.splicing import splice

from chargen.model.slots import SetSlots
from chargen.yaml.splice import EditableText, EditCheck, SpliceError

NAMES = frozenset({"record", "seed", "usage"})
IMAGE = ("images", 0)
OWN = [
    "version: 1.10",
    "flags: 0x1F # hex",
    "shot: 2026-01-02",
    "octal: 0o17",
    "price: 1_000.50",
    "note: 'it''s mine'   # keep",
    "tags: [ sea,  {of: night} ]",
    "words: |\n  two\n\n    lines",
    "folded: >-\n  one\n  line # text",
    "deep:\n  # inside\n  - a: ~\n\n  - !!str 7",
    "<<: *one",
    '"a key": &mine yes',
    "? odd",
    "# a comment of its own",
    "",
]
"""What an author may keep there: each the lines of one key, or none."""
PROGRAM = {"record": "record: 1", "seed": "seed: 7", "usage": "usage:\n  tokens: 1"}
WRITTEN: dict[str, tuple[Any, str]] = {
    "record": (2, "record: 2"),
    "seed": (9, "seed: 9"),
    "usage": ({"tokens": 2}, "usage:\n  tokens: 2"),
}
PIECES = st.lists(st.sampled_from([*OWN, *PROGRAM]), unique=True, min_size=1, max_size=9)
VALUES = st.sets(st.sampled_from(sorted(NAMES))).map(lambda names: {name: WRITTEN[name][0] for name in sorted(names)})


def block(pieces: list[str]) -> str:
    """Return lines of a block mapping: names of the program stand for what it wrote before."""
    lines = "\n".join(PROGRAM.get(piece, piece) for piece in pieces).split("\n")
    return "".join(f"      {line}\n" if line else "\n" for line in lines)


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def edit(values: dict[str, Any]) -> SetSlots:
    return SetSlots(IMAGE, {"meta": values}, filled={"meta": NAMES})


@settings(max_examples=400)
@given(PIECES, VALUES, st.sampled_from(["", "    model: m\n"]))
@example(["seed", "words: |\n  two\n\n    lines"], {"record": 2}, "")
@example(["seed", "words: |\n  two\n\n    lines", "usage"], {}, "    model: m\n")
def test_what_the_author_keeps_in_a_filled_mapping_stays(pieces: list[str], values: dict[str, Any], after: str) -> None:
    """Old values are replaced where they stand, new ones come last, and one that is not made any more is null."""
    keys = [piece for piece in pieces if piece and not piece.startswith("#")]
    if not keys:
        return
    head = "shared: &one {hue: red}\nimages:\n  - id: a\n    meta:\n"
    before = head + block(pieces) + after
    found = splice(before.encode(), "f", [edit(values)]).decode()
    present = [
        WRITTEN[piece][1] if piece in values else f"{piece}: null" if piece in NAMES else piece for piece in keys
    ]
    wanted = [piece if piece not in keys else present[keys.index(piece)] for piece in pieces]
    last = max(number for number, piece in enumerate(pieces) if piece in keys)
    wanted[last + 1 : last + 1] = [WRITTEN[name][1] for name in values if name not in pieces]
    assert found == head + block(wanted) + after
    tree = loaded(before)
    tree["images"][0]["meta"].update({**dict.fromkeys(NAMES & set(pieces)), **values})
    assert loaded(found) == tree
    assert splice(found.encode(), "f", [edit(values)]).decode() == found


FLOW = st.lists(
    st.sampled_from(
        [
            "record: 1",
            "seed: 7",
            "usage: {tokens: 1}",
            "version: 1.10",
            "note: 'x, y'",
            "flags: 0x1F",
            "bare",
            "? q",
            "? seed : 1",
            "? usage",
            "record",
        ]
    ),
    unique=True,
    min_size=1,
)


@settings(max_examples=200)
@given(FLOW, VALUES, st.sampled_from([", ", ",\n        ", ",  # why\n      "]))
def test_a_mapping_in_braces_is_filled_in_place_too(pieces: list[str], values: dict[str, Any], comma: str) -> None:
    """Or refused, and then the plan knows."""
    before = "images:\n  - id: a\n    meta: {" + comma.join(pieces) + "}\n    model: m\n"
    names = [piece.partition(":")[0].strip("? ") for piece in pieces]
    assume(len(set(names)) == len(names))
    own = [piece for piece, name in zip(pieces, names, strict=True) if name not in NAMES]
    check = EditCheck.parse(before.encode(), "f")
    try:
        found = splice(before.encode(), "f", [edit(values)]).decode()
    except SpliceError:
        assert check is not None
        assert check.refusal(edit(values)) is not None
        return
    assert check is None or check.refusal(edit(values)) is None
    place = 0
    for piece in own:
        assert (place := found.find(piece, place)) >= 0
    assert found.count(comma) >= len(pieces) - 1
    tree = loaded(before)
    tree["images"][0]["meta"].update({**dict.fromkeys(NAMES & set(names)), **values})
    assert loaded(found) == tree


@pytest.mark.parametrize(
    ("held", "after"),
    [
        ("{}", "\n      seed: 9"),
        ("~", "\n      seed: 9"),
        ("words", "\n      seed: 9"),
        ("*one", "\n      seed: 9"),
        ("&here {hue: 1.10}", " &here {hue: 1.10, seed: 9}"),
        ("!mine {seed: 07}", " !mine {seed: 9}"),
    ],
)
def test_what_is_no_mapping_is_replaced_as_a_whole(held: str, after: str) -> None:
    """So is an alias: what it stands for stays where it is written."""
    before = f"shared: &one {{hue: red}}\nimages:\n  - id: a\n    meta: {held}\n"
    found = splice(before.encode(), "f", [edit({"seed": 9})]).decode()
    assert found == before.replace(f" {held}", after)


def test_a_filled_mapping_that_others_stand_for_is_refused() -> None:
    """Else they would change with it."""
    before = "images:\n  - id: a\n    meta: &here\n      seed: 7\n  - id: b\n    meta: *here\n"
    opened = EditableText.parse(before.encode(), "f")
    with pytest.raises(SpliceError) as caught:
        opened.apply([edit({"seed": 9})])
    assert "`*here` would change together" in str(caught.value)
    assert opened.apply([edit({"seed": 7})]) is opened


def test_entries_that_merge_a_filled_one_get_a_mapping_of_their_own() -> None:
    """An entry's picture is its own: what merges it has none."""
    before = "images:\n  - &a\n    id: a\n    meta:\n      mine: 1.10\n      seed: 7\n  - <<: *a\n    id: b\n"
    assert splice(before.encode(), "f", [edit({"seed": 7})]).decode() == before
    found = splice(before.encode(), "f", [edit({"seed": 9})]).decode()
    assert found == before.replace("seed: 7", "seed: 9") + "    meta: null\n"
