"""An entry goes from one file in odd style to another exactly, or is refused; judged by another library over both."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any

import pytest
import yaml
from support.odd_files import odd_file

from chargen.errors import InputError
from chargen.yaml.document import parse
from chargen.yaml.splice import SpliceError
from chargen.yaml.transplant import cut, paste


def meant(data: bytes) -> Any:
    text = data.decode().removeprefix("\ufeff").replace("\u0085", "\ue000").replace("\u2028", "\ue001")
    return said(yaml.compose(text, Loader=yaml.SafeLoader))


def said(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {"map": [(said(key), said(value)) for key, value in node.value]}
    if isinstance(node, yaml.SequenceNode):
        return [said(item) for item in node.value]
    return None if node is None else (node.tag, node.value)


def images(whole: Any) -> list[Any]:
    return next(value for key, value in whole["map"] if key[1] == "images")


def judged(one: bytes, other: bytes, number: int) -> str:
    try:
        before, there = parse(one, "one"), parse(other, "other")
    except InputError:
        return "unread"
    try:
        taken = cut(before, ("images", number))
        pasted = paste(there, taken, "images")
    except SpliceError:
        return "refused"
    old, new = meant(one), meant(other)
    entry = images(old).pop(number)
    assert meant(taken.rest) == old, "the file it left says something else"
    images(new).append(entry)
    assert meant(pasted.data) == new, "the file it came to says something else"
    emptied = re.sub(rb"(?<=[\r\n])images: \[\]", b"images:", taken.rest)
    assert _is_part_of(emptied, one), "a byte of the file it left was changed"
    assert _is_part_of(other, pasted.data), "a byte of the file it came to was changed"
    return "made"


def _common(one: bytes, other: bytes) -> bytes:
    length = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def _is_part_of(small: bytes, large: bytes) -> bool:
    """Say whether bytes are others with one run of bytes put in between."""
    start = len(_common(small, large))
    return large.endswith(small[start:])


def test_entries_of_odd_files_move_exactly_or_not_at_all() -> None:
    found: Counter[str] = Counter()
    for seed in range(600):
        chance = Random(seed)
        one, other = odd_file(chance), odd_file(chance)
        try:
            found[judged(one.encode(), other.encode(), chance.randrange(one.count("custom_id")))] += 1
        except yaml.YAMLError:
            found["unread by the judge"] += 1
    assert found["made"] > 90, found
    assert found["refused"] > 50, found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("images: [{custom_id: a}]", "the list is written in brackets"),
        ("images: &all\n- custom_id: a\n", "an anchor or a tag stands before the list"),
        ("images:\n- &a\n  custom_id: a\nmore: *a\n", "stands for something in the entry that is to move"),
        ("? images\n: - custom_id: a\n", "the list does not begin on a line of its own"),
    ],
)
def test_what_is_refused_has_a_place_and_a_next_step(text: str, told: str) -> None:
    with pytest.raises(SpliceError, match=told) as refused:
        cut(parse(text.encode(), "f"), ("images", 0))
    (problem,) = refused.value.problems
    assert problem.position is not None
    assert problem.position.line
    assert problem.hint


def test_comments_above_and_behind_an_entry_are_its_own() -> None:
    text = "images:\n  - a: 1\n    # of a\n\n  # not of b\n\n  # of b\n  - b: 1\n    # of b too\n  # of c\n  - c: 1\n"
    taken = cut(parse(text.encode(), "f"), ("images", 1))
    assert taken.lines == ("  # of b", "  - b: 1", "    # of b too")
    assert taken.rest.decode() == "images:\n  - a: 1\n    # of a\n\n  # not of b\n\n  # of c\n  - c: 1\n"


def test_a_text_that_a_line_end_would_change_is_refused() -> None:
    taken = cut(parse(b"images:\n- a: 1\n- b: 1\n", "f"), ("images", 0))
    with pytest.raises(SpliceError, match="without a line end"):
        paste(parse(b"images:\n- a: |\n    x", "f"), taken, "images")
