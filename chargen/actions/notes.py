"""The author's words on pictures: those that wait for an answer, and those that were answered by which version.

Law: a note belongs to the picture that was rejected with it; it is answered when the rejection is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from chargen.model.reason import ReasonCode, flattened
from chargen.model.record_line import ANSWERED
from chargen.model.values import EntryId, Status
from chargen.plan.planner import Planner
from chargen.plan.session import Session


class Note(Struct, frozen=True):
    """Words on one picture. `answered_by` is the attempt that was made to answer them, `at` when; None while open."""

    id: EntryId
    file: str
    line: int
    text: str
    answered_by: str | None = None
    at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """One element of `notes[]`."""
        return {
            "id": self.id,
            "file": self.file,
            "line": self.line,
            "text": self.text,
            "answered_by": self.answered_by,
            "at": self.at,
        }


def open_notes(planner: Planner) -> tuple[Note, ...]:
    """Return the notes that wait for an answer, in plan order."""
    entries = (planner.book.entry(image.id) for image in planner.plan().images if image.status is Status.REJECTED)
    return tuple(
        Note(entry.id, entry.file, entry.position.line, entry.review_note)
        for entry in entries
        if entry.review_note and (entry.record_line is None or ANSWERED not in entry.record_line.others)
    )


def answered_notes(session: Session, planner: Planner) -> tuple[Note, ...]:
    """Return the notes that were answered, oldest first: the record of each new version says which one it answers."""
    return tuple(sorted(_answered(session, planner), key=lambda note: note.at or ""))


def _answered(session: Session, planner: Planner) -> Iterator[Note]:
    for stored in session.originals.all_records():
        record = stored.record
        owner = planner.evidence.owner(stored) or record.entry_id
        place = planner.book.entry(owner).position if owner in planner.book.home else None
        for reason in flattened(record.why):
            if reason.code is ReasonCode.NOTE:
                file, line = (place.file, place.line) if place else (record.file, 0)
                yield Note(owner, file, line, reason.values[0], record.attempt, record.received_at)
