"""Every version of an image there ever was: at the target, in the history, the originals, the YAML, the journal.

Laws: each file and each original is told once, oldest first; what is only known of, and not here any more, is told
too. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import Any

from chargen.actions.why import record_in
from chargen.errors import StartError, error
from chargen.kinds.record_edits import all_slots_of
from chargen.model.reason import said_of_version
from chargen.model.record import Record, RecordLine
from chargen.model.values import FileHash, number
from chargen.plan.plan import Planned
from chargen.plan.salvage import mended
from chargen.plan.session import Session
from chargen.store.clock import stamp
from chargen.store.files import FileKind, kind_of
from chargen.store.history import KeptVersion
from chargen.store.journal_rows import AttemptStatus
from chargen.store.original_store import StoredOriginal


class Where(str, Enum):
    """Where a version is, the nearest place first."""

    CURRENT = "current"
    HISTORY = "history"
    ORIGINAL = "original"
    GONE = "not here"
    """Only known of: in a teammate's copy, or lost."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an image. `at` is ISO UTC; `by` is `provider/model`, None where nobody knows.

    `file` is the hash of the PNG that stood at the target, None where that was never so; costs are in USD.
    """

    at: str
    where: Where
    file: FileHash | None = None
    size: int = 0
    by: str | None = None
    attempt: str | None = None
    cost_usd: Decimal | None = None
    record: Record | None = None
    kept: KeptVersion | None = None
    stored: StoredOriginal | None = None
    by_hand: bool = False
    """These bytes are nobody's output: painted over, or there before."""
    number: int = 0
    names: frozenset[str] = field(default=frozenset())
    """Hashes of all files with these pixels: the delivered bytes and what was published of them."""

    def to_json(self) -> dict[str, Any]:
        """One element of `versions[]` in `history --json`."""
        return {
            "number": self.number,
            "at": self.at,
            "by": self.by,
            "by_hand": self.by_hand,
            "where": self.where.value,
            "cost_usd": number(self.cost_usd),
            "attempt": self.attempt,
            "file_sha256": self.file,
            "bytes": self.size or None,
            "why": list(map(said_of_version, self.record.why)) if self.record else [],
            "prompt": self.record.prompt if self.record else None,
        }


@dataclass(frozen=True, slots=True)
class ImageHistory:
    """Every version of an image, oldest first, numbered from 1."""

    image: Planned
    versions: tuple[Version, ...]

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `history --json`."""
        return {
            "id": self.image.id,
            "target": self.image.target,
            "versions": [version.to_json() for version in self.versions],
        }

    def named(self, name: str) -> Version:
        """Return the version meant by a number, the beginning of a file's hash, or an attempt. Raises StartError."""
        found = self.versions
        if name.isdecimal() and 1 <= int(name) <= len(found):
            return found[int(name) - 1]
        meant = [
            version
            for version in found
            if len(name) >= _SHORTEST
            and (version.attempt == name or any(digest.startswith(name.lower()) for digest in version.names))
        ]
        if len(meant) == 1:
            return meant[0]
        numbers = ", ".join(str(version.number) for version in meant)
        message = f"`{name}` could be version {numbers}" if meant else f"there is no version `{name}`"
        hint = f"a number from 1 to {len(found)} of `chargen history`, or a longer beginning of the file's hash"
        raise StartError(error(message, hint=hint if found else "this image was never made"))


def history(session: Session, image: Planned) -> ImageHistory:
    """Return every version of an image."""
    found: list[Version] = []
    found.extend(_from_originals(session, image))
    _add_kept(session, image, found)
    _add_current(session, image, found)
    _add_told(session, image, found)
    found.sort(key=lambda version: (version.at, version.attempt or "", version.file or ""))
    return ImageHistory(image, tuple(replace(version, number=place) for place, version in enumerate(found, start=1)))


_SHORTEST = 4
"""Letters of a hash that may stand for it."""


def _from_originals(session: Session, image: Planned) -> Iterator[Version]:
    for stored in chain(session.originals.all_records(), _mended(session, image)):
        record = stored.record
        if record.entry_id != image.id and all(form.file_path != image.target for form in stored.published):
            continue
        form = stored.published[-1] if stored.published else None
        yield Version(
            at=record.received_at,
            where=Where.ORIGINAL,
            file=form.sha256 if form else None,
            size=form.size if form else stored.original.size,
            by=str(record.route),
            attempt=record.attempt,
            cost_usd=record.cost_or_estimate_usd,
            record=record,
            stored=stored,
            names=frozenset({stored.original.sha256, *(form.sha256 for form in stored.published)}),
        )


def _mended(session: Session, image: Planned) -> Iterator[StoredOriginal]:
    """Yield the originals for today's inputs whose damaged record what else is known makes up for."""
    if image.fingerprint is not None:
        yield from mended(session.originals, session.journal, image.entry, image.fingerprint, image.inputs)


def _add_kept(session: Session, image: Planned, found: list[Version]) -> None:
    for kept in session.history.list(image.id):
        place = _place_of(found, kept.sha256)
        if place is not None:
            found[place] = replace(found[place], where=Where.HISTORY, kept=kept, file=kept.sha256, size=kept.size)
            continue
        data = session.history.read(kept)
        at = stamp(datetime.fromtimestamp(kept.changed_ns / 1e9, UTC), microseconds=True)
        version = _of_bytes(data, kept.sha256, kept.size, at)
        found.append(replace(version, where=Where.HISTORY if data is not None else Where.GONE, kept=kept))


def _add_current(session: Session, image: Planned, found: list[Version]) -> None:
    path = session.project.path(image.target)
    state = kind_of(path)
    if not state.kind.is_picture:
        return
    file = state.oid if state.kind is FileKind.LFS_POINTER else session.hashes.hash_of(path, state.key)
    assert file is not None
    place = _place_of(found, file)
    if place is not None:
        found[place] = replace(found[place], where=Where.CURRENT, file=file, size=state.size)
        return
    line = image.entry.record_line
    if line is not None and line.file == file:
        record = None if state.kind is FileKind.LFS_POINTER else record_in(path.read_bytes())
        found.append(_of_line(line, Where.CURRENT, record))
        return
    at = stamp(datetime.fromtimestamp(path.stat().st_mtime, UTC), microseconds=True)
    data = path.read_bytes() if state.kind is FileKind.FILE else None
    found.append(_of_bytes(data, file, state.size, at))


def _add_told(session: Session, image: Planned, found: list[Version]) -> None:
    """Add what the entry's slots and the journal tell of, and nothing above has."""
    for slots in all_slots_of(image.entry):
        metadata = slots.get("provider_metadata")
        line = RecordLine.parse(metadata.get("record")) if isinstance(metadata, Mapping) else None
        if line is not None and _place_of(found, line.file) is None and not _has_attempt(found, line.attempt):
            found.append(_of_line(line, Where.GONE, None))
    for attempt in session.journal.attempts_for(image.id):
        delivered = attempt.status in (AttemptStatus.STORED, AttemptStatus.DONE)
        if not delivered or _has_attempt(found, attempt.attempt_id):
            continue
        found.append(
            Version(
                attempt.finished_at or attempt.sent_at,
                Where.GONE,
                attempt.file_sha256,
                by=str(attempt.route),
                attempt=attempt.attempt_id,
                cost_usd=attempt.cost_or_estimate_usd,
                names=frozenset({attempt.file_sha256} if attempt.file_sha256 else ()),
            )
        )


def _of_bytes(data: bytes | None, file: FileHash, size: int, at: str) -> Version:
    """Describe a file that no original explains: its own text may still tell how it was made."""
    record = record_in(data) if data is not None else None
    names = frozenset({file})
    if record is None:
        return Version(at, Where.CURRENT, file, size, by_hand=True, names=names)
    by = str(record.route)
    return Version(at, Where.CURRENT, file, size, by, record=record, by_hand=True, names=names)


def _of_line(line: RecordLine, where: Where, record: Record | None) -> Version:
    cost = record.cost_usd if record is not None else None
    at = record.received_at if record is not None else line.at or ""
    names = frozenset({line.file})
    return Version(
        at, where, line.file, line.size, line.by, line.attempt, cost, record, by_hand=not line.by, names=names
    )


def _place_of(found: list[Version], file: FileHash) -> int | None:
    places = [place for place, version in enumerate(found) if file in version.names]
    return places[-1] if places else None


def _has_attempt(found: list[Version], attempt: str | None) -> bool:
    return attempt is not None and any(version.attempt == attempt for version in found)
