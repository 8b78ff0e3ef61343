"""Bringing a picture to its target: the present one into the history first, then the file, then what its slots say.

Laws: the old picture is kept before the new one takes its place; a file made from an original is noted beside it, so
that it is known without the YAML. Used alike for what was just delivered and for what is brought back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from chargen import kinds
from chargen.build.result import BuildResult
from chargen.build.write_back import Edit, WriteBack
from chargen.errors import ChargenError, InputError, error
from chargen.kinds.record_edits import moved_edit
from chargen.model.entries import Entry
from chargen.model.record import PublishedFile, Record, line_of, to_dict
from chargen.model.record_line import ANSWERED, RecordLine, accepted_for, last_attempt, made_as, with_mark, with_name
from chargen.model.request import FailureClass
from chargen.model.slots import SlotEdit, SlotValue, SlotValues
from chargen.model.values import EntryId, FileHash, Size, Status
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.clock import stamp
from chargen.store.files import hash_bytes, kind_of, write_durably
from chargen.store.original_store import StoredOriginal
from chargen.store.pictures import unusable
from chargen.text.money import cost_text

if TYPE_CHECKING:
    from chargen.images.convert import ConvertedPicture


def file_at_target(session: Session, image: Planned) -> FileHash | None:
    """Return the hash of the file at an image's target, None where there is none."""
    path = session.project.path(image.target)
    state = kind_of(path)
    is_file = state.kind.is_picture
    return session.hashes.hash_of(path, state.key) if is_file else None


def convert(session: Session, stored: StoredOriginal, size: Size) -> ConvertedPicture:
    """Make the PNG of an original, brought to `size`, with its record in it. Raises InputError, PictureError."""
    from chargen.images.convert import publish  # noqa: PLC0415 - a run that publishes nothing must not load the decoder

    record = stored.record
    return publish(
        session.originals.read(stored),
        size,
        session.project.settings.size_policy.value,
        to_dict(record),
        ai_made=not is_proof(record.provider),
    )


def convert_reply(session: Session, image: Planned, stored: StoredOriginal, size: Size) -> ConvertedPicture:
    """Make the PNG of a reply; that none can be made of it is noted beside it and in the journal.

    Raises InputError, PictureError.
    """
    try:
        return convert(session, stored, size)
    except ChargenError as failure:
        if not (why := unusable(session.originals.read(stored))):
            raise
        record = stored.record
        session.originals.note_unusable(stored, why)
        session.journal.failed(
            record.attempt,
            FailureClass.INVALID,
            why,
            request_id=record.request_id,
            cost_usd=record.cost_usd,
            usage=record.usage,
            possibly_billed=record.cost_usd is None,
        )
        message = f"the reply can't be used: {why}; {cost_text(record.cost_or_estimate_usd)} was paid for it"
        kept = f"it is kept as it came: `{session.originals.shown(stored)}`"
        hint = f"`doit --rebuild {image.id}` asks again; {kept}"
        raise InputError(error(message, image.entry.position, hint)) from failure


def replace_picture(session: Session, image: Planned, data: bytes) -> PublishedFile:
    """Put a picture at an image's target, the present one into the history first. Raises InputError."""
    path = session.project.path(image.target)
    with session.history.keeping(image.id, path):
        write_durably(path, data, root=session.project.root)
    return PublishedFile(hash_bytes(data), len(data), stamp(session.clock.now(), microseconds=True), image.target)


def author_decision_since(
    session: Session, write_backs: WriteBack, image: Planned, before: FileHash | None, place: Planned | None = None
) -> str:
    """Say what the author decided since an image was judged that keeps a picture from its target, or nothing.

    `before` is the file that stood there, `place` the image as it is called now. A rejection keeps nothing: it is
    of the picture before.
    """
    place = place or image
    then, now = image.entry, write_backs.entry_now(place.entry)
    if now.status is not None and now.status.bars and now.status is not then.status:
        return f"its status became {now.status.value} while its picture was being made"
    if _author_choice(now) not in (_author_choice(then), None):
        return "its picture was accepted or replaced while the new one was being made"
    there = file_at_target(session, place)
    if place.id != image.id and there is not None:
        return f"its entry is called `{place.id}` now, and another picture stands at `{place.target}`"
    if there not in (before, None):
        return f"`{image.target}` was changed while its picture was being made: left as it is"
    return ""


def note_replaced(session: Session, line: RecordLine | None, original: StoredOriginal) -> None:
    """Tie an image to the one of `line`, which it replaced: both stay versions of one entry, whatever it is called."""
    last = last_attempt(line)
    if line is None or last is None:
        return
    fingerprint = line.fingerprint
    if line.attempt is None or accepted_for(line) is not None:  # the line tells other inputs than the attempt's
        before = session.originals.of_attempt(last)
        if before is None:
            return
        fingerprint = before.record.fingerprint
    session.originals.note_replaced(last, fingerprint, original)


def slots_edit(
    image: Planned, record: Record, file: PublishedFile, delivered: str = "", *, line: RecordLine | None = None
) -> Edit:
    """Say what to write into the YAML; nothing where the entry describes this file already.

    `delivered` is the delivered picture's `WxH` where it was looked at; `line` the file's line where it has one.
    A rejection counts as answered by the file: it is of the picture before.
    """
    line = line or line_of(record, file.sha256, file.size, file.at.partition(".")[0].rstrip("Z") + "Z")
    optional: dict[str, SlotValue] = {
        "request_id": record.request_id,
        "seed": record.seed,
        "revised_prompt": record.revised_prompt,
        "usage": dict(record.usage) or None,
        "cost_usd": None if record.cost_usd is None else float(record.cost_usd),
        "quality": record.quality,
        "asked_size": str(record.asked_size),
        "delivered_size": delivered or _delivered(record),
        "references": [reference.path for reference in record.references] or None,
    }

    def edit(entry: Entry) -> SlotEdit | None:
        own = with_mark(line, ANSWERED) if entry.status is Status.REJECTED else line
        if record.entry_id != entry.id and kinds.named(entry.kind).name_tells and not made_as(own):
            own = with_name(own, record.entry_id.partition("/")[2])
        metadata: dict[str, SlotValue] = {"record": own.format()}
        metadata.update((key, value) for key, value in optional.items() if value is not None)
        made = SlotValues(
            generated_at=record.received_at.partition(".")[0].rstrip("Z") + "Z",
            file_name=image.target.rpartition("/")[2],
            file_path=image.target,
            provider=record.provider,
            model=record.model,
            provider_metadata=metadata,
        )
        return _unless_told(entry, made, own)

    return edit


def unknown_edit(image: Planned, line: RecordLine) -> Edit:
    """Say what to write for a picture of which nobody knows how it was made."""
    made = SlotValues(
        generated_at=line.at,
        file_name=image.target.rpartition("/")[2],
        file_path=image.target,
        provider=None,
        model=None,
        provider_metadata={"record": line.format()},
    )
    return lambda entry: _unless_told(entry, made, line)


def write_back(
    session: Session,
    write_backs: WriteBack,
    result: BuildResult,
    edit: Edit | None,
    file: PublishedFile,
    *,
    attempt: str | None = None,
    called: EntryId | None = None,
) -> BuildResult:
    """Bring an image's slots to the disk, then its journal row; `called` is its id where that was changed."""
    image = result.image
    try:
        if edit is not None:
            write_backs.write(image.entry.file, called or image.id, edit)
        session.journal.done(image.id, file, attempt)
    except ChargenError as failure:
        return replace(result, failure=failure)
    return result


def _author_choice(entry: Entry) -> tuple[object, ...] | None:
    """Return what an entry's record line says of its picture, as far as only an author's command changes it."""
    line = entry.record_line
    return None if line is None else (line.file, line.fingerprint, accepted_for(line))


def _unless_told(entry: Entry, made: SlotValues, line: RecordLine) -> SlotEdit | None:
    present = entry.record_line
    same = present is not None and present.file == line.file and present.fingerprint == line.fingerprint
    if same and present is not None and set(line.others) <= set(present.others):
        # The same picture under a new name: only its place is new.
        return None if entry.outputs.file_path == made.file_path else moved_edit(entry, made.file_path)
    return kinds.named(entry.kind).slots(entry, made)


def _delivered(record: Record) -> SlotValue:
    original = record.original
    return f"{original.width}x{original.height}" if original and original.width else None
