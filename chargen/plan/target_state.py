"""What stands at an image's target, and which record is of it.

Laws: the record of a file is the one whose hash is the file's, wherever it is kept (the YAML, the originals, the
journal, the picture's own text), of several the newest; an equal size is evidence enough until something would be
replaced, then the file is hashed. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from chargen.config.layout import STATE
from chargen.model.entries import Entry
from chargen.model.record import Record, line_of
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, FileHash, Fingerprint
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.claims import named_picture
from chargen.plan.owned import PicturePlace
from chargen.plan.reply_owners import ReplyOwners
from chargen.store.exchange import is_being_written
from chargen.store.files import ABSENT, FileKind, FileState, kind_of
from chargen.store.hash_cache import FileHashes
from chargen.store.original_store import StoredOriginal
from chargen.store.pictures import damage, own_record


class TargetState(Struct, frozen=True):
    """What stands at a target. `line` is its record; `others` says that there are records of other bytes only."""

    state: FileState
    line: RecordLine | None = None
    in_yaml: bool = False
    others: bool = False
    file: FileHash | None = None
    """The file's hash, where it was taken."""
    record: Record | None = None
    """The full record, where `line` is not from the YAML."""
    damage: str = ""
    """Why the file is no picture; looked at only where no record is of its bytes."""
    in_use: bool = False
    """A damaged file is being written at this moment, as far as the system tells."""
    moved: str = ""
    """What the place is called where the file stands now, if not at the target yet."""
    path: str = ""
    """The project-relative path where the file stands."""


class TargetStates(ReplyOwners, frozen=True, kw_only=True):
    """What stands at the targets of a plan's images."""

    hashes: FileHashes

    def at_target(self, entry: Entry, fingerprint: Fingerprint | None, *, certain: bool) -> TargetState:
        """Say what stands at the target of an entry; `certain` hashes the file even where its size is evidence."""
        owned = self.owned(entry.id)
        if owned.place is PicturePlace.ELSEWHERE:
            moved = self.name_of(owned.path, entry)
            return replace(self._at(owned.path, entry, fingerprint, certain=True), moved=moved, path=owned.path)
        found = self._at(self.project.target(entry.id), entry, fingerprint, certain=certain)
        if owned.place is PicturePlace.TARGET or not found.state.kind.is_picture:
            return found
        return TargetState(ABSENT, others=found.others)  # what stands there is another entry's, and leaves

    def name_of(self, path: str, entry: Entry) -> str:
        """Return what to call the place a picture comes from: an id where it can be one, else the path."""
        top = f"{self.project.settings.generated}/"
        if path.startswith(f"{STATE}/") or path == self.project.target(entry.id):
            path = named_picture(entry)
        return path[len(top) : -len(".png")] if path.startswith(top) and path.endswith(".png") else path

    def _at(self, place: str, entry: Entry, fingerprint: Fingerprint | None, *, certain: bool) -> TargetState:
        path = self.project.path(place)
        state = kind_of(path)
        line = entry.record_line
        if state.kind is FileKind.LFS_POINTER:
            ours = line is not None and line.file == state.oid
            return TargetState(state, line if ours else None, in_yaml=ours, others=line is not None, file=state.oid)
        if state.kind is not FileKind.FILE:
            return TargetState(state, others=line is not None)
        if line is not None and line.size == state.size and not certain:
            return TargetState(state, line, in_yaml=True)
        return self._by_hash(path, entry, fingerprint, state, line)

    def _by_hash(
        self, path: Path, entry: Entry, fingerprint: Fingerprint | None, state: FileState, line: RecordLine | None
    ) -> TargetState:
        file = self.hashes.hash_of(path, state.key)
        if line is not None and line.file == file:
            return TargetState(state, line, in_yaml=True, file=file)
        others = line is not None
        matching: list[tuple[RecordLine, Record]] = []
        for known, record in self._versions(entry.id, fingerprint):
            others = True
            if known.file == file:
                matching.append((known, record))
        if matching:
            best, record = max(matching, key=lambda pair: pair[1].received_at)
            return TargetState(state, best, file=file, record=record)
        data = read_plain(path, PICTURE_BYTES)
        own = self._own_text(data, file, state.size, entry.id)
        if own is not None and own[1]:
            return TargetState(state, own[0], file=file, record=own[2])
        broken = damage(data)
        in_use = bool(broken) and is_being_written(path)
        return TargetState(state, others=others or own is not None, file=file, damage=broken, in_use=in_use)

    def _versions(self, entry_id: EntryId, fingerprint: Fingerprint | None) -> Iterator[tuple[RecordLine, Record]]:
        """Yield the records of an entry's files that the originals and the journal know."""
        if fingerprint is not None:
            for stored in self.originals.for_fingerprint(fingerprint):
                if self.owner(stored) == entry_id:
                    yield from _lines(stored)
        attempts = {attempt.attempt_id: attempt for attempt in self.journal.attempts_for(entry_id)}
        for attempt in attempts.values():
            if attempt.fingerprint != fingerprint and attempt.original:
                found = self.originals.find(attempt.attempt_id, attempt.fingerprint)
                if found is not None and self.owner(found) == entry_id:
                    yield from _lines(found)

    def _own_text(
        self, data: bytes, file: FileHash, size: int, entry_id: EntryId
    ) -> tuple[RecordLine, bool, Record] | None:
        """Read the record in a picture's own text: (line, whether the bytes are what it describes, record)."""
        told = own_record(data)
        if told is None:
            return None
        record, verified = told
        if record.entry_id != entry_id:  # of another entry it is a copy of the author's; of none, what it left here
            owner = self.reached_from(record.original_name)
            if owner not in (None, entry_id):
                return None
        return line_of(record, file, size, record.received_at), verified, record

    def parts_of(self, entry: Entry, state: TargetState) -> Mapping[str, str]:
        """Return the short digests of the parts a picture was made from: of its line, else of a full record of it.

        That is the original's, else the one in the picture's own text; nothing where neither is here.
        """
        line = state.line
        if line is None or line.parts:
            return dict(line.parts) if line is not None else {}
        for record in self.records_of(entry, state, line):
            if record.fingerprint == line.fingerprint and record.parts:
                return {part.name: part.digest for part in record.parts}
        return {}

    def records_of(self, entry: Entry, state: TargetState, line: RecordLine) -> Iterator[Record]:
        """Yield the full records there are of a picture: of its bytes, its attempt's original's, its own text's."""
        if state.record is not None:
            yield state.record
        stored = self.originals.find(line.attempt, line.fingerprint) if line.attempt is not None else None
        if stored is not None:
            yield stored.record
        if state.state.kind is FileKind.FILE:
            path = self.project.path(state.path or self.project.target(entry.id))
            with suppress(OSError):
                if (told := own_record(read_plain(path, PICTURE_BYTES))) is not None:
                    yield told[0]

    def elsewhere(self, entry: Entry) -> str:
        """Return the existing picture of the author's own that the entry's `file_path` names, or nothing."""
        owned = self.owned(entry.id)
        return owned.path if owned.place is PicturePlace.NAMED else ""


def _lines(stored: StoredOriginal) -> Iterator[tuple[RecordLine, Record]]:
    """Yield a line for each file that was made from an original, the delivered bytes themselves first."""
    record, original = stored.record, stored.original
    yield line_of(record, original.sha256, original.size, record.received_at), record
    for form in stored.published:
        if form.sha256 != original.sha256:
            yield line_of(record, form.sha256, form.size, form.at), record
