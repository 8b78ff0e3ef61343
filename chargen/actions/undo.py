"""Taking a decision back: the lines it changed in the author's file, and the picture it put in its place.

Laws: byte for byte what was there before, and only while slots and picture are still what the decision left; else it
is refused with what is there now. What was paid for stays paid, and is kept. Taking back is a decision too.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chargen.actions.adopt import NOT_ADOPTED
from chargen.actions.status import kept_picture, picture_at_target
from chargen.build.publish import file_at_target, replace_picture
from chargen.build.revert import revert
from chargen.build.write_back import WriteBack
from chargen.errors import ChargenError, InputError, Position, StartError, error
from chargen.kinds.record_edits import unrecorded_edit
from chargen.model.entries import Entry
from chargen.model.slots import SlotEdit
from chargen.model.values import EntryId, FileHash
from chargen.plan.claims import original_of
from chargen.plan.evidence import Evidence
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.decisions import Decided, Decision, Recorder
from chargen.store.locks import free_image, target_lock

_NO_DECISION = "a rename is none: `chargen mv NEW OLD` takes it back"


class Undone(Struct, frozen=True):
    """What came of one image of the decision. `refused` says why nothing was changed, else it is empty."""

    decided: Decided
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]`: the words it is told by are those of the decision."""
        item = self.decided
        return {
            "id": item.id,
            "before": item.after or None,
            "after": item.before or None,
            "refused": self.refused or None,
        }


class Undoing(Struct, frozen=True):
    """A decision that was taken back, image by image."""

    decision: Decision
    images: tuple[Undone, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of `undo --json`."""
        return {
            "decision": self.decision.number,
            "command": self.decision.command,
            "images": [item.to_json() for item in self.images],
        }


def open_decisions(session: Session) -> tuple[Decision, ...]:
    """Return the decisions that were not taken back, oldest first; those that took one back are none of them."""
    every = session.decisions.all()
    undone: dict[int, set[EntryId]] = {}
    for decision in reversed(every):  # what was taken back itself took nothing back
        if decision.undoes is not None:
            standing = decision.images.keys() - undone.get(decision.number, set())
            undone.setdefault(decision.undoes, set()).update(standing)
    return tuple(
        decision
        for decision in every
        if decision.undoes is None and not decision.images.keys() <= undone.get(decision.number, set())
    )


def undo(session: Session, number: int | None = None) -> Undoing:
    """Take back a decision, by default the last one that was not. Raises StartError where there is none."""
    if number is None:
        found = open_decisions(session)
        if not found:
            there_were = "; `chargen undo --list` lists all there were" if session.decisions.all() else ""
            raise StartError("there is no decision to undo", hint=f"{_NO_DECISION}{there_were}")
        decision = found[-1]
    else:
        known = {each.number: each for each in session.decisions.all()}
        if number not in known:
            raise StartError(f"there is no decision {number}", hint="`chargen undo --list` lists all there were")
        decision = known[number]
    planner = session.planner()
    recorder = session.decisions.begin("undo", decision.number)
    return Undoing(decision, tuple(_undo(session, planner, recorder, item) for item in decision.images.values()))


def _undo(session: Session, planner: Planner, recorder: Recorder, decided: Decided) -> Undone:
    try:
        if decided.id not in planner.book.home:
            message = f"there is no entry `{decided.id}` any more"
            raise InputError(error(message, Position(decided.file), "if it was renamed, decide it anew under its name"))
        image = planner.image(decided.id)
        root = session.project.root
        with free_image(root, image.id), target_lock(root, image.id), recorder.attempt(image.id):
            _take_back(session, planner.evidence, recorder, image, decided)
    except ChargenError as failure:
        return Undone(decided, str(failure))
    return Undone(decided)


def _take_back(session: Session, evidence: Evidence, recorder: Recorder, image: Planned, decided: Decided) -> None:
    """Take one image's part back. Raises InputError; then nothing has changed."""
    old, new = decided.pictures or (None, None)
    data = None
    if decided.pictures is not None:
        # A decision in words is of the picture, also where Git LFS has a pointer to it for now.
        present = picture_at_target(session, image) if old == new else file_at_target(session, image)
        if present != new:
            back = (
                f"`chargen history {image.id}` lists all versions, `chargen restore {image.id} VERSION` brings one back"
            )
            hint = "decide anew on the picture that is there" if old == new else back
            raise InputError(error(_not_as_left(image, new, present), image.entry.position, hint))
        data = None if old in (None, new) else _kept(session, image, old)
    pictures = (new, old) if decided.pictures is not None else kept_picture(session, image, decided.after)
    told = Decided(image.id, image.entry.file, decided.after, decided.before, (), pictures)
    changes = tuple(reversed(decided.lines))
    project, file = session.project, image.entry.file
    if not revert(project, image.entry, changes, lambda found: recorder.lines(file, found, {image.id: told})):
        status = image.entry.status
        message = (
            f"the entry of `{image.id}` is not as the decision left it: "
            f"its status is `{status.value if status else 'none'}` now, and lines beside it may have changed"
        )
        raise InputError(error(message, image.entry.position, "decide it anew instead"))
    if not changes:
        recorder.note([told])
    if old != new:
        try:
            _put_back(session, evidence, image, data, adopted=decided.before == NOT_ADOPTED)
        except ChargenError:
            revert(project, image.entry, [change.taken_back for change in decided.lines], lambda _: None)
            raise


def _put_back(session: Session, evidence: Evidence, image: Planned, data: bytes | None, *, adopted: bool) -> None:
    """Put a picture back, and note that it stands there again: it is the one that comes back when words do."""
    if data is None:
        if adopted:
            _take_record_out(session, image)
        path = session.project.path(image.target)
        with session.history.keeping(image.id, path):
            session.trash.move([path])
        return
    file = replace_picture(session, image, data)
    line = WriteBack(session.project).entry_now(image.entry).record_line
    if line is None or line.file != file.sha256:
        return
    stored = original_of(evidence.originals, evidence.journal, line)
    if stored is not None:
        session.originals.note_published(stored, file)


def _take_record_out(session: Session, image: Planned) -> None:
    """Let an entry record nothing of a picture that was the author's and is taken away: it would come back for it."""

    def edit(entry: Entry) -> SlotEdit | None:
        line = entry.record_line
        adopted = line is not None and line.attempt is None and line.file == file_at_target(session, image)
        return unrecorded_edit(entry) if adopted else None

    WriteBack(session.project).write(image.entry.file, image.id, edit)


def _kept(session: Session, image: Planned, digest: FileHash) -> bytes:
    """Return the bytes of the picture that stood there before. Raises InputError where they are gone."""
    for kept in session.history.list(image.id):
        if kept.sha256 == digest and (data := session.history.read(kept)) is not None:
            return data
    message = f"the picture that stood at `{image.target}` before is not in the history any more"
    raise InputError(error(message, image.entry.position, f"`chargen history {image.id}` lists what is there"))


def _not_as_left(image: Planned, left: FileHash | None, now: FileHash | None) -> str:
    shown = [f"`{digest[:8]}`" if digest else "none" for digest in (left, now)]
    return f"there is another picture at `{image.target}` now: the decision left {shown[0]}, there is {shown[1]}"
