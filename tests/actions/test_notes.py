"""Words on rejected pictures: written beside the status, told in the plan, in the record of the answer, and listed."""

from __future__ import annotations

import pytest
from support.inside import build, opened
from support.project import Project

from chargen.actions.history import history
from chargen.actions.notes import Note, answered_notes, open_notes
from chargen.actions.restore import restore
from chargen.actions.status import StatusChange, set_status
from chargen.actions.undo import undo
from chargen.errors import InputError
from chargen.model.values import EntryId, Status
from chargen.plan.selection import Selection
from chargen.store.locks import build_lock, project_lock

A, B = EntryId("chapters/ch01/a"), EntryId("chapters/ch01/b")
CH01 = "imagery/chapters/ch01/imagery.yaml"


def reject(book: Project, name: str, note: str = "") -> StatusChange:
    """Reject an image, with words."""
    with opened(book) as (session, _):
        return set_status(session, Selection((name,)), Status.REJECTED, note)


def notes(book: Project) -> tuple[list[str], list[str]]:
    """Return the open notes and the answered ones."""
    with opened(book, read_only=True) as (session, planner):
        told = answered_notes(session, planner)
        assert all(isinstance(note, Note) and note.answered_by for note in told)
        return [note.text for note in open_notes(planner)], [note.text for note in told]


def reasons(book: Project, name: EntryId) -> list[str]:
    """Return what a plan says of an image."""
    with opened(book, read_only=True) as (_, planner):
        return [str(reason) for reason in planner.image(name).reasons]


def test_a_note_is_one_line_beside_the_status_until_it_is_answered(book: Project) -> None:
    """It stands in the plan of the rebuild; the record of the new version says which note it answers."""
    before = book.read(CH01)
    reject(book, A, "The hands:\n  six fingers # really")
    added = [line for line in book.read(CH01).splitlines() if line not in before.splitlines()]
    assert added == ['    status: "rejected"', '    review_note: "The hands: six fingers # really"']
    assert reasons(book, A) == ["status is rejected", "note: The hands: six fingers # really"]
    assert notes(book) == (["The hands: six fingers # really"], [])
    assert build(book, "chargen batch all") == 0
    assert notes(book) == ([], ["The hands: six fingers # really"])
    assert reasons(book, A) == []
    assert build(book, "chargen batch all") == 0
    assert len(book.originals()) == 3


def test_another_rejection_has_words_of_its_own(book: Project) -> None:
    """Those on the picture before are not taken for it; a mere repetition takes nothing away."""
    reject(book, A, "too dark")
    assert not reject(book, A).marked[0].changed
    assert notes(book)[0] == ["too dark"]
    reject(book, A, "far too dark")
    assert notes(book)[0] == ["far too dark"]
    assert build(book, "chargen batch all") == 0
    reject(book, A)
    assert reasons(book, A) == ["status is rejected"]
    assert notes(book) == ([], ["far too dark"])


def test_a_note_is_taken_back_with_its_rejection(book: Project) -> None:
    """Byte for byte."""
    before = book.read(CH01)
    reject(book, A, "too dark")
    with opened(book) as (session, _):
        assert [item.refused for item in undo(session).images] == [""]
    assert book.read(CH01) == before


def test_a_version_comes_back_beside_a_running_build(book: Project) -> None:
    """Only the image that is being made is busy, and says so at once."""
    book.edit(CH01, "A lamp.", "A lantern.")
    book.edit(CH01, "A cat.", "A dog.")
    assert build(book, "chargen batch all") == 0
    with project_lock(book.root), build_lock(book.root, B), opened(book) as (session, planner):
        for name in (A, B):
            image = planner.image(name)
            version = history(session, planner.evidence, image).named("1")
            if name == A:
                assert restore(session, planner.evidence, image, version).picture.sha256 == version.file
            else:
                with pytest.raises(InputError, match="is being built at this moment"):
                    restore(session, planner.evidence, image, version)
