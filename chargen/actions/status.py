"""The author's word on an image (`status`), written into the entry, and what that changes for the next build.

Laws: the only thing written is the entry's `status`, and the mark of a rejection that was answered before, or of an
approval that was given to a draft; the splice is that of the slots. A build that goes on meanwhile loses nothing: files
have one writer at a time, and an image is judged again on what its file says when its request is about to leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.build.publish import file_at_target
from chargen.build.write_back import Edit, recorded
from chargen.errors import ChargenError, InputError, StartError
from chargen.kinds.record_edits import record_edit
from chargen.model.amounts import Total
from chargen.model.entries import Entry
from chargen.model.reason import ReasonCode, has, sentences
from chargen.model.record_line import ANSWERED, APPROVED_DRAFT, without_mark
from chargen.model.slots import SetSlots, SlotEdit, SlotValue
from chargen.model.values import EntryId, FileHash, Status, Verdict
from chargen.plan.plan import Planned, Shown, total_cost
from chargen.plan.planner import Planner
from chargen.plan.selection import Selection, select
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.decisions import Decided, Recorder
from chargen.store.files import as_input_error, kind_of

COMMANDS = {
    Status.APPROVED: "approve",
    Status.REJECTED: "reject",
    Status.LOCKED: "lock",
    Status.DRAFT: "unlock",
}
"""The command that writes a status."""
_KEEPING = frozenset(status.value for status in Status if status.keeps)


class MarkedImage(Struct, frozen=True):
    """One image that was meant: its status before and now, and what is to be said of it.

    `asks_again` is a rejection that was answered once and asks for another image, `confirms` an approval that was given
    to a draft and is given to the final picture now. `note` are the words that are written
    beside the status; None where those there stay. `refused` says why nothing was written, else it is empty; `notes`
    are worth knowing.
    """

    image: Planned
    before: Status | None
    after: Status | None
    asks_again: bool = False
    confirms: bool = False
    note: str | None = None
    refused: str = ""
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """True where something was written."""
        return not self.refused and (
            self.asks_again or self.confirms or self.before is not self.after or self.note is not None
        )

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]`: statuses are null for none, `refused` where something was written."""
        return {
            "id": self.image.id,
            "file": self.image.entry.file,
            "line": self.image.entry.position.line,
            "before": self.before.value if self.before else None,
            "after": self.after.value if self.after else None,
            "changed": self.changed,
            "asks_again": self.asks_again and not self.refused,
            "confirms": self.confirms and not self.refused,
            "review_note": self.note or None,
            "refused": self.refused or None,
            "notes": list(self.notes),
        }


class StatusChange(Struct, frozen=True):
    """What a change of status came to. `stale` are images a build would send for now and would not have before.

    `held` are approved or locked images whose inputs differ now and did not before; `settled` those a build would have
    sent for before and leaves alone now.
    """

    marked: tuple[MarkedImage, ...]
    stale: tuple[Shown, ...]
    held: tuple[Shown, ...]
    settled: tuple[Shown, ...]
    decision: int | None = None
    """Its number in the list of decisions, for `chargen undo`; None where nothing was written."""

    @property
    def price(self) -> Total:
        """What building the `stale` ones costs by estimate."""
        return total_cost(self.stale)

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`: `stale[]`, `held[]` and `settled[]` are elements of `plan --json`."""
        return {
            "images": [item.to_json() for item in self.marked],
            "stale": [image.to_json() for image in self.stale],
            "held": [image.to_json() for image in self.held],
            "settled": [image.to_json() for image in self.settled],
            **self.price.to_json(),
            "decision": self.decision,
        }


def set_status(session: Session, selection: Selection, status: Status, note: str = "") -> StatusChange:
    """Write `status` into the selected entries; `Status.DRAFT` only where it ends an approval or a lock.

    `note` are words on rejected pictures, written beside the status. A rejection without one takes away the words on
    the picture before. Raises StartError where nothing is selected, or a part of the selection matches nothing.
    """
    if not selection:
        raise StartError("name the images that are meant", hint="`chargen plan --all` lists them")
    planner = session.planner()
    ids = select(planner.selectables(), selection)
    # Where no other image can hang on these, only they can be judged otherwise afterwards.
    alone = not planner.can_be_referenced(ids)
    before = planner.images(ids) if alone else planner.plan().images
    session.keep(planner)
    recorder = session.decisions.begin(COMMANDS[status])
    words = " ".join(note.split()) if status is Status.REJECTED else None
    marked = _write(session, recorder, [_mark(planner, image, status, words) for image in planner.images(ids)])
    if not any(item.changed for item in marked):
        marked = tuple(_with_next_step(item, status, item.image.verdict) for item in marked)
        return StatusChange(marked, (), (), ())
    planner = session.planner()
    after = planner.images(ids) if alone else planner.plan().images
    marked = tuple(_with_next_step(item, status, planner.image(item.image.id).verdict) for item in marked)
    return replace(_compared(marked, before, after), decision=recorder.number)


def _with_next_step(item: MarkedImage, status: Status, verdict: Verdict) -> MarkedImage:
    """Say of a rejected picture that no build replaces how a new one is made."""
    if status is not Status.REJECTED or item.refused or verdict is not Verdict.EDITED:
        return item
    text = f"it was painted over: no build replaces it by itself, `doit --rebuild {item.image.id}` makes a new one"
    return replace(item, notes=(*item.notes, text))


def _mark(planner: Planner, image: Planned, status: Status, note: str | None) -> MarkedImage:
    """Say what is to be written for one image, as the plan before the change sees it."""
    old = image.entry.status
    there = _picture(planner, image)
    if status is Status.DRAFT:
        notes = () if image.entry.is_kept else ("it is not locked",)
        return MarkedImage(image, old, old if notes else status, notes=notes)
    if not there:
        return MarkedImage(image, old, old, refused="there is no picture yet")
    line = image.entry.record_line
    if status is Status.REJECTED:
        answered = line is not None and ANSWERED in line.others
        return MarkedImage(image, old, status, asks_again=answered, note=_note(image, note or "", answered))
    confirms = line is not None and APPROVED_DRAFT in line.others
    return MarkedImage(image, old, status, confirms=confirms, notes=_notes(planner, image))


def _note(image: Planned, note: str, answered: bool) -> str | None:
    """Return the words to write beside a rejection; None where those there are of this very picture, or none are."""
    there = image.entry.review_note
    if note:
        return None if note == there else note
    asked_already = image.entry.status is Status.REJECTED and not answered
    return "" if there and not asked_already else None


def _picture(planner: Planner, image: Planned) -> bool:
    """Say whether there is a picture to speak of: at the target, elsewhere, or one that a build brings back."""
    state = kind_of(planner.project.path(image.target))
    if state.kind.is_picture or image.verdict is Verdict.RESTORABLE:
        return True
    return bool(planner.evidence.elsewhere(image.entry))


def _notes(planner: Planner, image: Planned) -> tuple[str, ...]:
    """Say what an author may not expect of approving an image as it is."""
    route = image.route
    line = planner.evidence.at_target(image.entry, image.fingerprint, certain=False).line
    if line is not None and is_proof(line.by) and route is not None and not is_proof(route.provider):
        return (f"it is a sketch: `{route}` makes no image of it while this stands",)
    if image.verdict is Verdict.STALE:
        return (f"it is kept although it is stale: {sentences(image.judgement.reasons)}",)
    return ()


def _write(session: Session, recorder: Recorder, wanted: Sequence[MarkedImage]) -> tuple[MarkedImage, ...]:
    """Write what changes, each file once, and return what became of each."""
    words = {item.image.id: _told(session, item) for item in wanted}
    write_back = recorded(session.project, recorder, words)
    by_file: dict[str, list[tuple[EntryId, Edit]]] = {}
    for item in wanted:
        if item.changed and item.after is not None:
            edits = by_file.setdefault(item.image.entry.file, [])
            edits += [(item.image.id, edit) for edit in _edits(item, item.after)]
    failures: dict[EntryId, ChargenError] = {}
    for file, edits in by_file.items():
        failures.update(write_back.write_all(file, edits))
    recorder.withdraw(failures)
    return tuple(_outcome(item, failures) for item in wanted)


def _told(session: Session, item: MarkedImage) -> Decided:
    before, after = (status.value if status else "" for status in (item.before, item.after))
    words = f"{after}: {item.note}" if item.note else after
    return Decided(item.image.id, item.image.entry.file, before, words, (), kept_picture(session, item.image, before))


def kept_picture(session: Session, image: Planned, status: str) -> tuple[FileHash, FileHash] | None:
    """Return the picture, before and after, that an approval or a lock is of which ends: it comes back to no other.

    None also where it can't be read: then the words alone are taken back.
    """
    try:
        there = picture_at_target(session, image) if status in _KEEPING else None
    except InputError:
        return None
    return None if there is None else (there, there)


def picture_at_target(session: Session, image: Planned) -> FileHash | None:
    """Return the hash of the picture at an image's target, or of the one that a Git LFS pointer there stands for.

    None where there is none. Raises InputError where it can't be read.
    """
    path = session.project.path(image.target)
    with as_input_error(path, session.project.root, doing="read"):
        return kind_of(path).oid or file_at_target(session, image)


def _outcome(item: MarkedImage, failures: Mapping[EntryId, ChargenError]) -> MarkedImage:
    failure = failures.get(item.image.id)
    if failure is None:
        return item
    return MarkedImage(item.image, item.before, item.before, refused=str(failure), notes=item.notes)


def _edits(item: MarkedImage, status: Status) -> tuple[Edit, ...]:
    """The mark goes first: should the second not be written, nothing is asked for yet."""
    edits: list[Edit] = []
    for due, mark in ((item.asks_again, ANSWERED), (item.confirms, APPROVED_DRAFT)):
        edits += [_without(mark, item.image.target)] if due else []
    values: dict[str, SlotValue] = {} if item.before is status else {"status": status.value}
    if item.note is not None:
        values["review_note"] = item.note or None
    if values:
        edits.append(lambda entry: SetSlots(entry.path, values))
    return tuple(edits)


def _without(mark: tuple[str, str], target: str) -> Callable[[Entry], SlotEdit | None]:
    def edit(entry: Entry) -> SlotEdit | None:
        line = entry.record_line
        if line is None or mark not in line.others:
            return None
        return record_edit(entry, without_mark(line, mark).format(), target)

    return edit


def _compared(marked: tuple[MarkedImage, ...], before: Iterable[Shown], after: Iterable[Shown]) -> StatusChange:
    known = {image.id: image for image in before}
    stale, held, settled = [], [], []
    for image in after:
        old = known.get(image.id)
        if old is None:
            continue
        if image.verdict.spends and not old.verdict.spends:
            stale.append(image)
        elif old.verdict.spends and not image.verdict.spends:
            settled.append(image)
        if _would_be_stale(image) and not _would_be_stale(old) and not old.verdict.spends:
            held.append(image)
    return StatusChange(marked, tuple(stale), tuple(held), tuple(settled))


def _would_be_stale(image: Shown) -> bool:
    return has(image.reasons, ReasonCode.WOULD_BE_STALE)
