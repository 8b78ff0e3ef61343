"""What a splice would refuse is known before: the same refusals, at the same places, and no others."""

from __future__ import annotations

import textwrap

import pytest
from specification_documents import DOCUMENTS

from chargen.errors import InputError, Problem
from chargen.model.slots import AppendSlot, SetSlots, SlotEdit
from chargen.yaml.splice import EditableText, EditCheck, SpliceError

VALUES = {"generated_at": "2026-01-01", "model": "m", "meta": {"record": "1 in=a", "usage": {"tokens": 1}}}


def refusal(text: str, edit: SlotEdit) -> Problem | None:
    """Carry an edit out, and return why it was refused."""
    try:
        EditableText.parse(text.encode(), "book.yaml").apply([edit])
    except SpliceError as refused:
        return refused.problems[0]
    return None


def asked(text: str, edit: SlotEdit) -> Problem | None:
    """Ask before."""
    opened = EditCheck.parse(text.encode(), "book.yaml")
    return None if opened is None else opened.refusal(edit)


def agree(text: str, edit: SlotEdit) -> bool:
    """Compare the two, place and words; return whether the edit is refused."""
    found, before = refusal(text, edit), asked(text, edit)
    assert (found is None) == (before is None), f"{text!r} {edit}: {found} | {before}"
    if found is not None and before is not None:
        assert before.message == found.message
        assert before.position == found.position
    return found is not None


ENTRIES = [
    pytest.param("custom_id: a", False, id="plain"),
    pytest.param("custom_id: a\n  ? mood", False, id="key without a value"),
    pytest.param("? custom_id\n  : a", False, id="question mark first"),
    pytest.param("custom_id: a\n  ? model\n  : x", True, id="slot written with a question mark"),
    pytest.param("custom_id: a\n  ? meta", True, id="slot that is a question mark"),
    pytest.param("custom_id: a\n  meta:\n    &m\n    a: b", True, id="anchor on its own line"),
    pytest.param("custom_id: a\n  meta: !!map\n    a: b", False, id="tag"),
    pytest.param("custom_id: a\n  meta: &m {a: b}\n  other: *m", True, id="slot that others stand for"),
    pytest.param("&e\n  custom_id: a", False, id="anchored, used nowhere"),
    pytest.param("custom_id: a\n  <<: *x", False, id="merged into"),
    pytest.param("{custom_id: a}", False, id="braces"),
    pytest.param("{custom_id: a, ? model : b}", False, id="question mark in braces"),
    pytest.param("{custom_id: a, ? model\n    : b}", True, id="question mark over lines in braces"),
    pytest.param("*x", True, id="alias"),
    pytest.param("[a: b]", True, id="list"),
]


@pytest.mark.parametrize(("entry", "is_refused"), ENTRIES)
@pytest.mark.parametrize(
    "around",
    [
        "x: &x {one: 1}\nimages:\n- {}\n- id: z\n",
        "x: &x {one: 1}\nimages:\n- id: z\n- {}",
        "--- !book\nx: &x {}\nimages:\n- {}\n",
    ],
)
def test_entries_of_every_form(entry: str, is_refused: bool, around: str) -> None:
    """What is refused later is refused before, in files that are cut into entries and in those that are not."""
    text = around.replace("- {}", f"- {entry}", 1)
    edit = SetSlots(("images", 1 if "z\n- {}" in around else 0), VALUES)
    assert agree(text, edit) is is_refused


def test_entries_that_merge_each_other() -> None:
    """A template is filled where those that merge it can be given their own, and refused where they can't."""
    text = "images:\n- &a\n  id: a\n- <<: *a\n  id: b\n"
    assert not agree(text, SetSlots(("images", 0), VALUES))
    assert not agree(text, SetSlots(("images", 1), VALUES))
    assert agree(text + "other: {<<: *a}\n", SetSlots(("images", 0), VALUES))
    told = refusal(text + "other: {<<: *a}\n", SetSlots(("images", 0), VALUES))
    assert told is not None and told.position is not None and told.position.line == 6
    assert agree("zones:\n- &a\n  id: a\n- *a\n", AppendSlot(("zones", 0), "generated_images", VALUES))


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("key", ["notes", "meta"])
def test_constructs_in_an_entry(name: str, key: str) -> None:
    """Whatever stands in an entry, in a slot or beside, is refused before if it is refused later."""
    notes = textwrap.indent(DOCUMENTS[name].removeprefix("\ufeff"), "      ").rstrip("\n")
    text = f"images:\n  - id: a\n    {key}:\n{notes}\n    size: 1x1\n  - id: b\n"
    try:
        EditableText.parse(text.encode(), "book.yaml")
    except InputError:
        return
    for number in (0, 1):
        agree(text, SetSlots(("images", number), VALUES))
