"""Every version of an image there ever was: at the target, in the history, the originals, the YAML, the journal.

Laws: each file and each original is listed once, oldest first; what is only known of, and not here any more, is listed
too. A version belongs to the entry whose record it is, whatever the entry was called when it was made; what belongs to
no entry now is gone, and listed apart. Reads only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from chargen.actions.version import GoneHistory, ImageHistory, Version, VersionPlace, meant
from chargen.errors import StartError
from chargen.kinds.record_edits import all_slots_of, metadata_of
from chargen.model.record import Record
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, FileHash
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.evidence import Evidence
from chargen.plan.owned import PicturePlace
from chargen.plan.plan import Planned
from chargen.plan.salvage import mended
from chargen.plan.session import Session
from chargen.store.clock import stamp
from chargen.store.files import FileKind, kind_of
from chargen.store.history import KeptVersion
from chargen.store.journal_rows import Attempt
from chargen.store.original_store import StoredOriginal
from chargen.store.pictures import own_record


class _Originals(Struct, frozen=True):
    """All originals, read once: by the living entry they belong to (None for nobody), and the hashes of their files."""

    by_owner: Mapping[EntryId | None, list[StoredOriginal]]
    files: frozenset[FileHash]

    @classmethod
    def read(cls, session: Session, evidence: Evidence) -> _Originals:
        by_owner: dict[EntryId | None, list[StoredOriginal]] = defaultdict(list)
        files: set[FileHash] = set()
        for stored in session.originals.all_records():
            by_owner[evidence.owner(stored)].append(stored)
            files |= _files_of(stored)
        return cls(by_owner, frozenset(files))

    def of(self, evidence: Evidence, image: Planned) -> tuple[list[StoredOriginal], frozenset[FileHash]]:
        """Return the originals that are an image's, and the hashes of all files made from any."""
        own = [*self.by_owner.get(image.id, ()), *(each for each in self.by_owner.get(None, ()) if _stood(each, image))]
        files = self.files
        if image.fingerprint is not None:
            originals, journal = evidence.originals, evidence.journal
            damaged = reversed(originals.damaged(image.fingerprint))
            mends = (mended(originals, journal, found, image.entry, image.inputs) for found in damaged)
            for stored in filter(None, mends):
                files |= _files_of(stored)
                owner = evidence.owner(stored)
                if owner == image.id or (owner is None and _stood(stored, image)):
                    own.append(stored)
        return own, files


def _files_of(stored: StoredOriginal) -> frozenset[FileHash]:
    """Return the hashes of the delivered bytes and of what was published of them."""
    return frozenset({stored.original.sha256, *(form.sha256 for form in stored.published)})


def _stood(stored: StoredOriginal, image: Planned) -> bool:
    """Say whether a picture made from an original was published at an image's target."""
    return any(form.file_path == image.target for form in stored.published)


def histories(session: Session, evidence: Evidence, images: Iterable[Planned]) -> tuple[ImageHistory, ...]:
    """Return every version of each image."""
    originals = _Originals.read(session, evidence)
    return tuple(_history(session, evidence, originals, image) for image in images)


def history(session: Session, evidence: Evidence, image: Planned) -> ImageHistory:
    """Return every version of one image."""
    return histories(session, evidence, (image,))[0]


def _history(session: Session, evidence: Evidence, originals: _Originals, image: Planned) -> ImageHistory:
    own, made = originals.of(evidence, image)
    found = [_of_original(stored) for stored in own]
    former = {version.record.entry_id for version in found if version.record is not None} - {image.id}
    names = (image.id, *sorted(name for name in former if not evidence.planned(name)))
    for name in names:
        _add_kept(session, session.history.list(name), found, made)
    _add_current(session, evidence, image, found)
    _add_known(session, evidence, image, names, found)
    return ImageHistory(image, _numbered(found))


def gone(session: Session, evidence: Evidence) -> tuple[GoneHistory, ...]:
    """Return what was made for entries that are gone and is no living entry's now, by their ids."""
    found: dict[EntryId, list[Version]] = defaultdict(list)
    originals = _Originals.read(session, evidence).by_owner
    for stored in originals.get(None, ()):
        found[stored.record.entry_id].append(_of_original(stored))
    kept = {name: session.history.list(name) for name in session.history.ids()}
    # An entry that went through several names left files under each: they are told where they were made, or not at all.
    told = {form for all_ in originals.values() for each in all_ for form in _files_of(each)}
    told |= {version.sha256 for name, versions in kept.items() if evidence.planned(name) for version in versions}
    for name, versions in kept.items():
        if not evidence.planned(name) and evidence.heir(name) is None:
            _add_kept(session, versions, found[name], told)
            told |= {version.sha256 for version in versions}
    return tuple(GoneHistory(name, _numbered(found[name])) for name in sorted(found) if found[name])


def named(session: Session, evidence: Evidence, image: Planned, name: str) -> Version:
    """Return the version of an image that is meant, else the one of a gone entry: by its hash. Raises StartError."""
    try:
        return history(session, evidence, image).named(name)
    except StartError:
        found = [version for item in gone(session, evidence) for version in meant(item.versions, name)]
        if len(found) != 1:
            raise
        return found[0]


def _numbered(found: list[Version]) -> tuple[Version, ...]:
    found.sort(key=lambda version: (version.at, version.attempt or "", version.file or ""))
    return tuple(replace(version, number=place) for place, version in enumerate(found, start=1))


def _of_original(stored: StoredOriginal) -> Version:
    record = stored.record
    form = stored.published[-1] if stored.published else None
    return Version(
        at=record.received_at,
        where=VersionPlace.ORIGINAL,
        file=form.sha256 if form else None,
        size=form.size if form else stored.original.size,
        by=str(record.route),
        attempt=record.attempt,
        cost_usd=record.cost_or_estimate_usd,
        estimated=record.is_estimated,
        record=record,
        stored=stored,
        names=_files_of(stored),
        path=stored.path,
    )


def _add_kept(
    session: Session, kept_here: Iterable[KeptVersion], found: list[Version], made: AbstractSet[FileHash]
) -> None:
    """Add files of the history; of those that were `made` from originals, what is not found yet is another entry's."""
    for kept in kept_here:
        path = kept.path.relative_to(session.project.root).as_posix()
        place = _place_of(found, kept.sha256)
        if place is not None:
            found[place] = replace(
                found[place], where=VersionPlace.HISTORY, kept=kept, file=kept.sha256, size=kept.size, path=path
            )
            continue
        if kept.sha256 in made:
            continue
        data = session.history.read(kept)
        at = stamp(datetime.fromtimestamp(kept.changed_ns / 1e9, UTC), microseconds=True)
        version = _of_bytes(data, kept.sha256, kept.size, at)
        where, path = (VersionPlace.HISTORY, path) if data is not None else (VersionPlace.GONE, "")
        found.append(replace(version, where=where, kept=kept, path=path))


def _add_current(session: Session, evidence: Evidence, image: Planned, found: list[Version]) -> None:
    owned = evidence.owned(image.id)
    if owned.place not in (PicturePlace.TARGET, PicturePlace.ELSEWHERE):
        return
    shown = owned.path if owned.place is PicturePlace.ELSEWHERE else image.target
    path = session.project.path(shown)
    state = kind_of(path)
    if not state.kind.is_picture:
        return
    file = state.oid if state.kind is FileKind.LFS_POINTER else session.hashes.hash_of(path, state.key)
    assert file is not None
    place = _place_of(found, file)
    if place is not None:
        found[place] = replace(found[place], where=VersionPlace.CURRENT, file=file, size=state.size, path=shown)
        return
    line = evidence.own(image.entry).record_line
    if line is not None and line.file == file:
        told = None if state.kind is FileKind.LFS_POINTER else own_record(read_plain(path, PICTURE_BYTES))
        found.append(replace(_of_line(line, VersionPlace.CURRENT, told[0] if told else None), path=shown))
        return
    at = stamp(datetime.fromtimestamp(path.stat().st_mtime, UTC), microseconds=True)
    data = read_plain(path, PICTURE_BYTES) if state.kind is FileKind.FILE else None
    found.append(replace(_of_bytes(data, file, state.size, at), path=shown))


def _add_known(
    session: Session, evidence: Evidence, image: Planned, names: Iterable[EntryId], found: list[Version]
) -> None:
    """Add what the entry's slots and the journal describe, and nothing above has; `names` are all the entry had."""
    for slots in all_slots_of(evidence.own(image.entry)):
        line = RecordLine.parse(metadata_of(slots).get("record"))
        if line is not None and _place_of(found, line.file) is None and not _has_attempt(found, line.attempt):
            found.append(_of_line(line, VersionPlace.GONE, None))
    for attempt in (attempt for name in names for attempt in session.journal.attempts_for(name)):
        if not attempt.delivered or _has_attempt(found, attempt.attempt_id):
            continue
        if _owner(session, evidence, attempt) != image.id:
            continue
        found.append(
            Version(
                attempt.finished_at or attempt.sent_at,
                VersionPlace.GONE,
                attempt.file_sha256,
                by=str(attempt.route),
                attempt=attempt.attempt_id,
                cost_usd=attempt.cost_or_estimate_usd,
                estimated=attempt.is_estimated,
                names=frozenset({attempt.file_sha256} if attempt.file_sha256 else ()),
            )
        )


def _owner(session: Session, evidence: Evidence, attempt: Attempt) -> EntryId | None:
    """Return whose version an attempt of the journal is; its original, where it is here, tells more."""
    stored = session.originals.find(attempt.attempt_id, attempt.fingerprint)
    if stored is not None:
        return evidence.owner(stored)
    return evidence.owner_of_attempt(attempt.fingerprint, attempt.attempt_id, attempt.task_id)


def _of_bytes(data: bytes | None, file: FileHash, size: int, at: str) -> Version:
    """Describe a file that no original explains: its own text may still tell how it was made."""
    told = own_record(data) if data is not None else None
    names = frozenset({file})
    if told is None:
        return Version(at, VersionPlace.CURRENT, file, size, by_hand=True, names=names)
    record, whole = told
    by, attempt = str(record.route), record.attempt if whole else None
    cost, estimated = record.cost_or_estimate_usd, record.is_estimated
    return Version(
        at, VersionPlace.CURRENT, file, size, by, attempt, cost, estimated, record, by_hand=not whole, names=names
    )


def _of_line(line: RecordLine, where: VersionPlace, record: Record | None) -> Version:
    cost = record.cost_or_estimate_usd if record is not None else None
    estimated = record is not None and record.is_estimated
    at = record.received_at if record is not None else line.at or ""
    names = frozenset({line.file})
    return Version(
        at,
        where,
        line.file,
        line.size,
        line.by,
        line.attempt,
        cost,
        estimated,
        record,
        by_hand=not line.by,
        names=names,
    )


def _place_of(found: list[Version], file: FileHash) -> int | None:
    places = [place for place, version in enumerate(found) if file in version.names]
    return places[-1] if places else None


def _has_attempt(found: list[Version], attempt: str | None) -> bool:
    return attempt is not None and any(version.attempt == attempt for version in found)
