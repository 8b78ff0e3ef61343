"""Bringing a picture to its target: the present one into the history first, then the file, then what its slots say.

Laws: the old picture is kept before the new one takes its place; a file made from an original is noted beside it, so
that it is known without the YAML. Used alike for what was just delivered and for what is brought back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chargen import kinds
from chargen.build.write_back import Edit
from chargen.errors import InputError, error
from chargen.kinds.record_edits import moved_edit
from chargen.model.entries import Entry
from chargen.model.record import Record, RecordLine
from chargen.model.record_json import to_dict
from chargen.model.slots import Made, SlotEdit, SlotValue
from chargen.model.values import FileHash, Size
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.clock import stamp
from chargen.store.files import FileKind, kind_of, write_durably
from chargen.store.hashes import hash_bytes
from chargen.store.originals import StoredOriginal
from chargen.store.pictures import publish


@dataclass(frozen=True, slots=True)
class PutPicture:
    """A picture that stands at its target: hash and size in bytes of the file, when (ISO UTC, microseconds)."""

    file: FileHash
    size: int
    at: str
    delivered: str = ""
    """`WxH` of the delivered picture, where it was looked at."""


class Anything(Enum):
    """What an author's own word may replace: whatever stands there."""

    ANYTHING = "anything"


def standing(session: Session, image: Planned) -> FileHash | None:
    """Return the hash of the file at an image's target, None where there is none."""
    path = session.project.path(image.target)
    state = kind_of(path)
    is_file = state.kind in (FileKind.FILE, FileKind.LFS_POINTER)
    return session.hashes.hash_of(path, state.key) if is_file else None


def put(
    session: Session, image: Planned, data: bytes, *, over: FileHash | Anything | None = Anything.ANYTHING
) -> PutPicture:
    """Put a picture at an image's target, the present one into the history first.

    Raises InputError, also where something else stands there than `over` (None: nothing stood there): someone put it
    there while the picture was being made, and it stays.
    """
    path = session.project.path(image.target)
    if over is not Anything.ANYTHING and standing(session, image) not in (over, None):
        message = f"`{image.target}` was changed while its picture was being made: left as it is"
        hint = "the new picture is safe: move this file away and run again to have it put here without a call"
        raise InputError(error(message, image.entry.position, hint))
    with session.history.keeping(image.id, path):
        write_durably(path, data, root=session.project.root)
    return PutPicture(hash_bytes(data), len(data), stamp(session.clock.now(), microseconds=True))


def put_original(
    session: Session,
    image: Planned,
    stored: StoredOriginal,
    size: Size,
    *,
    over: FileHash | Anything | None = Anything.ANYTHING,
) -> PutPicture:
    """Make the PNG of an original, brought to `size`, and put it at the target. Raises InputError, PictureError."""
    record = stored.record
    published = publish(
        session.originals.read(stored),
        size,
        session.project.settings.size_policy.value,
        to_dict(record),
        ai_made=not is_proof(record.provider),
    )
    picture = put(session, image, published.data, over=over)
    session.originals.note_published(stored, picture.file, picture.size, picture.at, image.target)
    return PutPicture(picture.file, picture.size, picture.at, str(published.delivered_size))


def slots_edit(image: Planned, record: Record, line: RecordLine, delivered: str) -> Edit:
    """Say what to write into the YAML; nothing where the entry tells of this file already."""
    metadata: dict[str, SlotValue] = {"record": line.format()}
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
    metadata.update((key, value) for key, value in optional.items() if value is not None)
    made = Made(
        generated_at=record.received_at.partition(".")[0].rstrip("Z") + "Z",
        file_name=image.target.rpartition("/")[2],
        file_path=image.target,
        provider=record.provider,
        model=record.model,
        provider_metadata=metadata,
    )
    return _unless_told(made, line)


def unknown_edit(image: Planned, line: RecordLine) -> Edit:
    """Say what to write for a picture of which nobody knows how it was made."""
    made = Made(
        generated_at=line.at,
        file_name=image.target.rpartition("/")[2],
        file_path=image.target,
        provider=None,
        model=None,
        provider_metadata={"record": line.format()},
    )
    return _unless_told(made, line)


def _unless_told(made: Made, line: RecordLine) -> Edit:
    def edit(entry: Entry) -> SlotEdit | None:
        present = RecordLine.parse(entry.outputs.record)
        same = present is not None and present.file == line.file and present.fingerprint == line.fingerprint
        if same and present is not None and set(line.others) <= set(present.others):
            # The same picture under a new name: only its place is new.
            return None if entry.outputs.file_path == made.file_path else moved_edit(entry, made.file_path)
        return kinds.slots(entry, made)

    return edit


def _delivered(record: Record) -> SlotValue:
    original = record.original
    return f"{original.width}x{original.height}" if original and original.width else None
