"""What is known of one image: the file at its target, the record that belongs to it, and originals that fit.

Laws: the record of a file is the one whose hash is the file's, wherever it is kept (the YAML, the originals, the
journal, the picture's own text), of several the newest; an equal size is evidence enough until something would be
replaced, then the file is hashed. Reads only.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from chargen import kinds
from chargen.images.png import embedded_record
from chargen.model.entries import Entry
from chargen.model.inputs import Inputs
from chargen.model.reason import ReasonCode, has
from chargen.model.record import Record, RecordLine
from chargen.model.record_json import RecordError, from_dict
from chargen.model.record_marks import ANSWERED, forgotten_at, line_of
from chargen.model.values import EntryId, FileHash, Fingerprint
from chargen.plan.project import Project
from chargen.plan.salvage import JournalRead, OriginalsRead, may_be_of, mended
from chargen.providers import is_proof
from chargen.store.exchange import is_being_written
from chargen.store.files import FileKind, FileState, kind_of
from chargen.store.hashes import FileHashes
from chargen.store.original_store import DamagedOriginal, StoredOriginal
from chargen.store.pictures import damage


@dataclass(frozen=True, slots=True)
class TargetState:
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


@dataclass(frozen=True, slots=True)
class PaidReply:
    """An image that was paid for and fits today's inputs: an original, or a picture under a former name."""

    where: str
    """Project-relative path, for people."""
    stored: StoredOriginal | None = None
    line: RecordLine | None = None
    file: FileHash | None = None
    """The hash its file at the target will have, as far as it can be told."""
    mended: bool = False
    """The original's record is damaged, and was put together anew from what else is known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where to look. `planned` says whether an entry id, `is_target` whether a path belongs to the plan."""

    project: Project
    hashes: FileHashes
    originals: OriginalsRead
    journal: JournalRead
    planned: Callable[[EntryId], bool]
    is_target: Callable[[str], bool]
    unfinished: frozenset[str] = frozenset()
    """Attempts whose original is safe and that the journal does not know as written back."""

    def at_target(self, entry: Entry, fingerprint: Fingerprint | None, *, certain: bool) -> TargetState:
        """Say what stands at the target of an entry; `certain` hashes the file even where its size is evidence."""
        target = self.project.target(entry.id)
        state = kind_of(self.project.path(target))
        line = entry.record_line
        if state.kind is FileKind.LFS_POINTER:
            ours = line is not None and line.file == state.oid
            return TargetState(state, line if ours else None, in_yaml=ours, others=line is not None, file=state.oid)
        if state.kind is not FileKind.FILE:
            return TargetState(state, others=line is not None)
        if line is not None and line.size == state.size and not certain:
            return TargetState(state, line, in_yaml=True)
        return self._by_hash(entry, fingerprint, state, line)

    def _by_hash(
        self, entry: Entry, fingerprint: Fingerprint | None, state: FileState, line: RecordLine | None
    ) -> TargetState:
        path = self.project.path(self.project.target(entry.id))
        file = self.hashes.hash_of(path, state.key)
        if line is not None and line.file == file:
            return TargetState(state, line, in_yaml=True, file=file)
        others = line is not None
        matching: list[tuple[RecordLine, Record]] = []
        for known, record in self._elsewhere(entry.id, fingerprint):
            others = True
            if known.file == file:
                matching.append((known, record))
        if matching:
            best, record = max(matching, key=lambda pair: pair[1].received_at)
            return TargetState(state, best, file=file, record=record)
        data = path.read_bytes()
        own = self._own_text(data, file, state.size, entry.id)
        if own is not None and own[1]:
            return TargetState(state, own[0], file=file, record=own[2])
        broken = damage(data)
        in_use = bool(broken) and is_being_written(path)
        return TargetState(state, others=others or own is not None, file=file, damage=broken, in_use=in_use)

    def _elsewhere(self, entry_id: EntryId, fingerprint: Fingerprint | None) -> Iterator[tuple[RecordLine, Record]]:
        """Yield the records of an entry's files that the originals and the journal know."""
        if fingerprint is not None:
            for stored in self.originals.for_fingerprint(fingerprint):
                if stored.record.entry_id == entry_id:
                    yield from _lines(stored)
        attempts = {attempt.attempt_id: attempt for attempt in self.journal.attempts_for(entry_id)}
        for attempt in attempts.values():
            if attempt.fingerprint != fingerprint and attempt.original:
                found = self.originals.find(attempt.attempt_id, attempt.fingerprint)
                if found is not None:
                    yield from _lines(found)

    def _own_text(
        self, data: bytes, file: FileHash, size: int, entry_id: EntryId
    ) -> tuple[RecordLine, bool, Record] | None:
        """Read the record in a picture's own text: (line, whether the bytes are what it tells of, record)."""
        embedded = embedded_record(data)
        if embedded is None:
            return None
        try:
            record = from_dict(embedded.record)
        except RecordError:
            return None
        if record.entry_id != entry_id and self.planned(record.entry_id):
            return None
        return line_of(record, file, size, record.received_at), embedded.verified, record

    def parts_of(self, entry: Entry, state: TargetState) -> Mapping[str, str]:
        """Return the short digests of the parts a picture was made from: of its line, else of a full record of it.

        That is the original's, else the one in the picture's own text; nothing where neither is here.
        """
        line = state.line
        if line is None or line.parts:
            return dict(line.parts) if line is not None else {}
        for record in self._records_of(entry, state, line):
            if record.fingerprint == line.fingerprint and record.parts:
                return {part.name: part.digest for part in record.parts}
        return {}

    def _records_of(self, entry: Entry, state: TargetState, line: RecordLine) -> Iterator[Record]:
        if state.record is not None:
            yield state.record
        stored = self.originals.find(line.attempt, line.fingerprint) if line.attempt is not None else None
        if stored is not None:
            yield stored.record
        if state.state.kind is FileKind.FILE:
            embedded = embedded_record(self.project.path(self.project.target(entry.id)).read_bytes())
            with suppress(RecordError):
                if embedded is not None:
                    yield from_dict(embedded.record)

    def elsewhere(self, entry: Entry) -> str:
        """Return the existing picture that the entry's own `file_path` names away from its target, or nothing."""
        path = self.named_elsewhere(entry)
        if not path or self.is_target(path) or not kind_of(self.project.path(path)).kind.is_picture:
            return ""
        line = entry.record_line
        return "" if line is not None and self._is_former(path, line) else path

    def paid(
        self, entry: Entry, fingerprint: Fingerprint | None, inputs: Inputs | None, *, sketch: bool
    ) -> PaidReply | None:
        """Find what was paid for under these inputs by this entry, or by one that is gone; sketches only if asked.

        Where the author asked for another image of these inputs, only what came after that counts: the reply to a run
        that died before its picture was in place.
        """
        if fingerprint is None:
            return None
        line, since = _asked_again(entry, fingerprint)
        whole = self.originals.for_fingerprint(fingerprint)
        for stored in chain(reversed(whole), mended(self.originals, self.journal, entry, fingerprint, inputs)):
            record = stored.record
            if (not sketch and is_proof(record.provider)) or record.received_at < since:
                continue
            if _is_unseen(entry, line, stored):
                continue
            if record.entry_id == entry.id or not self.planned(record.entry_id):
                file = stored.published[-1].sha256 if stored.published else None
                return PaidReply(self._place(stored), stored, file=file, mended=stored not in whole)
        path = self.named_elsewhere(entry)
        if line is None or since or line.fingerprint != fingerprint or not path or self.is_target(path):
            return None
        if (not sketch and is_proof(line.by)) or not self._is_former(path, line):
            return None
        return PaidReply(path, line=line, file=line.file)

    def unexplained(
        self, entry: Entry, fingerprint: Fingerprint | None, line: RecordLine | None
    ) -> DamagedOriginal | None:
        """Find a reply for these inputs that may be this entry's, and that a damaged record keeps from being used.

        `line` is the record of the file at the target: what is older was superseded by it, whoever asked for it.
        """
        if fingerprint is None:
            return None
        known = (line.attempt if line is not None and line.fingerprint == fingerprint else None) or ""
        for found in reversed(self.originals.damaged(fingerprint)):
            if found.attempt > known and may_be_of(entry, self.journal.attempt(found.attempt), self.planned):
                return found
        return None

    def waiting(
        self, entry: Entry, fingerprint: Fingerprint | None, line: RecordLine | None, *, sketch: bool
    ) -> PaidReply | None:
        """Find a reply for these inputs that is newer than the file of `line` and was never put at the target.

        That is what a run leaves that died, or could not write, after its reply was stored.
        """
        stored = self._newest(entry, fingerprint, sketch=sketch)
        if stored is None or stored.published or _is_unseen(entry, line, stored):
            return None
        if line is not None and line.attempt is not None and stored.record.attempt <= line.attempt:
            return None
        return PaidReply(self._place(stored), stored)

    def answered(self, entry: Entry, fingerprint: Fingerprint | None, *, sketch: bool) -> bool:
        """Say whether the newest original for these inputs was made to answer a rejection and not rejected itself."""
        stored = self._newest(entry, fingerprint, sketch=sketch)
        if stored is None or not stored.record.answers_rejection:
            return False
        line = entry.record_line
        return line is None or line.attempt != stored.record.attempt or ANSWERED in line.others

    def _newest(self, entry: Entry, fingerprint: Fingerprint | None, *, sketch: bool) -> StoredOriginal | None:
        if fingerprint is None:
            return None
        _, since = _asked_again(entry, fingerprint)
        for stored in reversed(self.originals.for_fingerprint(fingerprint)):
            record = stored.record
            counts = sketch or not is_proof(record.provider)
            if counts and record.entry_id == entry.id and record.received_at >= since:
                return stored
        return None

    def _place(self, stored: StoredOriginal) -> str:
        return self.originals.shown(stored)

    def _is_former(self, path: str, line: RecordLine) -> bool:
        """Say whether a picture that belongs to no entry now is the one a record tells of."""
        full = self.project.path(path)
        state = kind_of(full)
        return state.kind is FileKind.FILE and state.size == line.size and self.hashes.hash_of(full) == line.file

    def named_elsewhere(self, entry: Entry) -> str:
        """Return the path in the project that the entry's own `file_path` names away from its target, or nothing."""
        text = entry.outputs.file_path or ""
        path = posixpath.normpath(text.replace("\\", "/")) if text else ""
        inside = path and not path.startswith(("/", "../")) and path not in (".", "..") and "\0" not in path
        return path if inside and path != self.project.target(entry.id) else ""


def _lines(stored: StoredOriginal) -> Iterator[tuple[RecordLine, Record]]:
    """Yield a line for each file that was made from an original, the delivered bytes themselves first."""
    record, original = stored.record, stored.original
    yield line_of(record, original.sha256, original.size, record.received_at), record
    for form in stored.published:
        if form.sha256 != original.sha256:
            yield line_of(record, form.sha256, form.size, form.at), record


def _is_unseen(entry: Entry, line: RecordLine | None, stored: StoredOriginal) -> bool:
    """Say whether an approval can't be of a reply: it was never in its place, and is what was kept as a version only.

    A planned portrait may be approved before it is made, and what is asked for by name is wanted whatever is approved.
    """
    if not kinds.named(entry.kind).locks_when_absent or not entry.is_kept:
        return False
    own = line is not None and line.attempt == stored.record.attempt
    return not (stored.published or own or has(stored.record.why, ReasonCode.REBUILD_ASKED))


def _asked_again(entry: Entry, fingerprint: Fingerprint) -> tuple[RecordLine | None, str]:
    """Return the entry's record line, and when the author asked for another image of these inputs (else empty)."""
    line = entry.record_line
    return line, (forgotten_at(line) if line is not None and line.fingerprint == fingerprint else None) or ""
