"""What is known of one image: the file at its target, the record that belongs to it, and originals that fit.

Laws: the record of a file is the one whose hash is the file's, wherever it is kept (the YAML, the originals, the
journal, the picture's own text), of several the newest; an equal size is evidence enough until something would be
replaced, then the file is hashed. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from chargen import kinds
from chargen.config.layout import STATE
from chargen.model.entries import Entry, Outputs
from chargen.model.inputs import Inputs
from chargen.model.reason import ReasonCode, has
from chargen.model.record import Record, RecordLine
from chargen.model.record_marks import ANSWERED, accepted_for, forgotten_at, last_attempt, line_of
from chargen.model.values import EntryId, FileHash, Fingerprint
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.claims import named_picture
from chargen.plan.job_lines import JobLines, WaitingLine
from chargen.plan.ownership import Owned, Ownership, OwnershipRead, Place, VersionChains
from chargen.plan.project import Project
from chargen.plan.salvage import JournalRead, OriginalsRead, may_be_of, mended
from chargen.plan.tier_rank import rank_of_record
from chargen.providers import is_proof
from chargen.store.batch_jobs import JobLine
from chargen.store.exchange import is_being_written
from chargen.store.files import ABSENT, FileKind, FileState, kind_of
from chargen.store.hash_cache import FileHashes
from chargen.store.journal_rows import Attempt
from chargen.store.original_store import DamagedOriginal, StoredOriginal
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


class PaidReply(Struct, frozen=True):
    """An image that was paid for and fits today's inputs: an original, or a picture under a former name."""

    where: str
    """What it is, in words for people."""
    stored: StoredOriginal | None = None
    path: str = ""
    """Project-relative path of a file that once stood at the target, where it is that."""
    line: RecordLine | None = None
    file: FileHash | None = None
    """The hash its file at the target will have, as far as it is known."""
    mended: bool = False
    """The original's record is damaged, and was put together anew from what else is known."""


class Evidence(Struct, frozen=True):
    """Where to look. `planned` says whether an entry id belongs to the plan."""

    project: Project
    hashes: FileHashes
    originals: OriginalsRead
    journal: JournalRead
    planned: Callable[[EntryId], bool]
    ownership: OwnershipRead = field(default_factory=Ownership)
    """Which picture is whose, as of the plan; `arrived` are entries whose pictures have moved since."""
    in_history: Callable[[EntryId, FileHash], str] = lambda _entry_id, _file: ""
    """Where the history keeps a file of an entry, project-relative; empty where it does not."""
    unfinished: frozenset[str] = frozenset()
    """Attempts whose original was safe and that the journal did not know as written back when the plan was begun."""
    job_lines: Callable[[], JobLines | None] = lambda: None
    """The requests in jobs, None where there are no jobs."""
    asks_for: Callable[[EntryId, Fingerprint], bool] = lambda _entry_id, _fingerprint: False
    """Says whether an entry, if there is one of that id, asks for these inputs now."""
    takes: Callable[[EntryId, str], bool] = lambda _entry_id, _attempt: True
    """Says whether an entry is the first in plan order with need of an attempt that is nobody's."""
    arrived: set[EntryId] = field(default_factory=set)
    _attempts_by_id: dict[EntryId, str] = field(default_factory=dict)
    """The attempt that made each living entry's picture, looked up when first asked for."""

    def owned(self, entry_id: EntryId) -> Owned:
        """Say where an entry's picture is."""
        owned = self.ownership.of(entry_id) or _AT_TARGET
        return Owned(Place.TARGET, copied=owned.copied) if entry_id in self.arrived else owned

    def moved_unrecorded(self, entry_id: EntryId) -> bool:
        """Say whether a picture has moved to its target and its entry does not say so: a run died in between."""
        group = self.ownership.group_of(entry_id) if self.owned(entry_id).place is Place.TARGET else None
        return group is not None and entry_id not in self.arrived and any(move.id == entry_id for move in group.moves)

    def own(self, entry: Entry) -> Entry:
        """Return an entry without a record that is another's: a copied entry begins anew."""
        return entry if self.owned(entry.id).copied is None else replace(entry, outputs=Outputs())

    def owner(self, stored: StoredOriginal) -> EntryId | None:
        """Return the living entry an original belongs to, None where it is nobody's."""
        record = stored.record
        if record.after is not None:  # one that was made since the plan, or kept as a version only
            before = self.ownership.attempts.get(record.after)
            if before is None and has(record.why, ReasonCode.VARIANT):  # never in place, so nothing is noted of it
                before = self._chains.reached_from(f"{record.fingerprint}/{record.after}")
            if before is not None:
                return before
        return self.owner_of_attempt(record.fingerprint, record.attempt, record.entry_id)

    def owner_of_attempt(self, fingerprint: Fingerprint, attempt: str, made_for: EntryId) -> EntryId | None:
        """Return the living entry whose version an attempt is, None where it is nobody's."""
        return self._chains.owner(f"{fingerprint}/{attempt}", made_for)

    @property
    def _chains(self) -> VersionChains:
        return VersionChains(self.ownership.attempts, self.originals.replaced_by, self._goes_by_id, self.heir)

    def _goes_by_id(self, entry_id: EntryId) -> bool:
        """Say whether what was made for an id is its entry's of now: not where that one's picture is from elsewhere."""
        if not self.planned(entry_id):
            return False
        own = self._attempt_of(entry_id)
        if own is None or self.ownership.attempts.get(own) != entry_id:
            return True
        known = self.journal.attempt(own)
        return known is None or known.task_id == entry_id

    def _attempt_of(self, entry_id: EntryId) -> str | None:
        """Return the attempt that made an entry's picture, as its record tells."""
        if not self._attempts_by_id:
            self._attempts_by_id.update((name, attempt) for attempt, name in self.ownership.attempts.items())
        return self._attempts_by_id.get(entry_id)

    def heir(self, entry_id: EntryId) -> EntryId | None:
        """Return the entry whose picture was made for an id that is gone."""
        made = (self.ownership.attempts.get(attempt.attempt_id) for attempt in self.journal.attempts_for(entry_id))
        return next((found for found in made if found is not None), None)

    def _own_first(self, entry: Entry, replies: Iterable[StoredOriginal]) -> Iterator[StoredOriginal]:
        """Yield the replies that are an entry's own; then those that are nobody's, while it is the first with need."""
        nobodys: list[StoredOriginal] = []
        for stored in replies:
            owner = self.owner(stored)
            if owner is not None and self._is_in_transit(stored):
                nobodys.append(stored)  # what is asked for counts, whatever it was called when it was asked
            elif owner == entry.id:
                yield stored
            elif owner is None and not self._comes_along(entry, stored.record.fingerprint):
                nobodys.append(stored)
        for stored in nobodys:
            if self.takes(entry.id, stored.record.attempt):
                yield stored

    def _is_in_transit(self, stored: StoredOriginal) -> bool:
        """Say whether a reply of a run that died never had a place, nor has the entry of its id one or asks for it.

        One of this run is on its way to the entry that asked, whoever has the same inputs.
        """
        record = stored.record
        if record.attempt not in self.unfinished or stored.published:
            return False
        if record.after is not None or has(record.why, ReasonCode.VARIANT):
            return False
        if self._attempt_of(record.entry_id) is not None:
            return False
        return not self.asks_for(record.entry_id, record.fingerprint)

    def _comes_along(self, entry: Entry, fingerprint: Fingerprint) -> bool:
        """Say whether an entry's own picture of these inputs is on its way to the target: it has need of no other."""
        line = entry.record_line
        if line is None or line.fingerprint != fingerprint or is_proof(line.by):
            return False
        return self.owned(entry.id).place in (Place.ELSEWHERE, Place.HISTORY, Place.ORIGINAL)

    def refused(self, entry_id: EntryId, fingerprint: Fingerprint) -> Attempt | None:
        """Return the attempt with these inputs that was refused and not tried again since: of this entry, or of none.

        It belongs to the entry whose picture was made for its id before; where there was none, to the one of its id.
        """
        for attempt in self.journal.refused(fingerprint):
            tries = self.journal.attempts_for(attempt.task_id)
            if any(other.fingerprint == fingerprint and other.sent_at > attempt.sent_at for other in tries):
                continue
            made = [other for other in tries if other.original and other.sent_at < attempt.sent_at]
            owner: EntryId | None = attempt.task_id if self.planned(attempt.task_id) else None
            if made:
                owner = self.owner_of_attempt(made[-1].fingerprint, made[-1].attempt_id, attempt.task_id)
            if owner in (None, entry_id):
                return attempt
        return None

    def at_target(self, entry: Entry, fingerprint: Fingerprint | None, *, certain: bool) -> TargetState:
        """Say what stands at the target of an entry; `certain` hashes the file even where its size is evidence."""
        owned = self.owned(entry.id)
        if owned.place is Place.ELSEWHERE:
            moved = self.name_of(owned.path, entry)
            return replace(self._at(owned.path, entry, fingerprint, certain=True), moved=moved, path=owned.path)
        found = self._at(self.project.target(entry.id), entry, fingerprint, certain=certain)
        if owned.place is Place.TARGET or not found.state.kind.is_picture:
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
            owner = self._chains.reached_from(f"{record.fingerprint}/{record.attempt}")
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
            path = self.project.path(state.path or self.project.target(entry.id))
            with suppress(OSError):
                if (told := own_record(read_plain(path, PICTURE_BYTES))) is not None:
                    yield told[0]

    def elsewhere(self, entry: Entry) -> str:
        """Return the existing picture of the author's own that the entry's `file_path` names, or nothing."""
        owned = self.owned(entry.id)
        return owned.path if owned.place is Place.NAMED else ""

    def paid(
        self, entry: Entry, fingerprint: Fingerprint | None, inputs: Inputs | None, *, least: int
    ) -> PaidReply | None:
        """Find what was paid for under these inputs by this entry, or by one that is gone, from the rank `least` up.

        Where the author asked for another image of these inputs, only what came after that counts: the reply to a run
        that died before its picture was in place.
        """
        if fingerprint is None:
            return None
        line, since = _asked_again(entry, fingerprint)
        whole = self.originals.for_fingerprint(fingerprint)
        newest = sorted(whole, key=_last_seen, reverse=True)

        def counts(stored: StoredOriginal) -> bool:
            record = stored.record
            if rank_of_record(record, self.project.settings) < least or record.received_at < since or stored.unusable:
                return False
            return not _is_unseen(entry, line, stored)

        every = chain(newest, mended(self.originals, self.journal, entry, fingerprint, inputs))
        for stored in self._own_first(entry, filter(counts, every)):
            file = stored.published[-1].sha256 if stored.published else None
            return PaidReply(_in_words(stored.record), stored, file=file, mended=stored not in whole)
        return None

    def kept(self, entry: Entry, *, damaged: bool = False) -> PaidReply | None:
        """Find the very picture that an entry's record describes, which is not in the tree any more or is `damaged`."""
        owned, line = self.owned(entry.id), entry.record_line
        if line is None or not (damaged or owned.place in (Place.HISTORY, Place.ORIGINAL)):
            return None
        path = owned.path if owned.place is Place.HISTORY else self.in_history(entry.id, line.file)
        if path:
            return PaidReply(entry.id, path=path, line=line, file=line.file)
        stored = self.original_of(line)
        return None if stored is None else PaidReply(entry.id, stored, file=line.file)

    def original_of(self, line: RecordLine) -> StoredOriginal | None:
        """Find the original of a line's attempt; one taken as current for other inputs is under its own."""
        if not line.attempt:
            return None
        found = self.originals.find(line.attempt, line.fingerprint)
        if found is not None or accepted_for(line) is None:
            return found
        attempt = self.journal.attempt(line.attempt)
        return None if attempt is None else self.originals.find(line.attempt, attempt.fingerprint)

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

    def late(
        self, entry: Entry, fingerprint: Fingerprint | None, line: RecordLine | None, *, least: int
    ) -> PaidReply | None:
        """Find a reply for these inputs that is newer than the file of `line` and was never put at the target.

        That is what a run leaves that died, or could not write, after its reply was stored.
        """
        stored = self._newest(entry, fingerprint, least=least)
        if stored is None or stored.published or _is_unseen(entry, line, stored):
            return None
        if line is not None and line.attempt is not None and stored.record.attempt <= line.attempt:
            return None
        return PaidReply(_in_words(stored.record), stored)

    def in_job(self, entry: Entry, fingerprint: Fingerprint | None) -> WaitingLine | None:
        """Find the request for an entry that is in a job and may still bring a picture."""
        lines = self.job_lines()
        if lines is None:
            return None
        last = last_attempt(entry.record_line)
        is_others = partial(self._replaces_others, entry.id)
        found = lines.of(entry.id, fingerprint, last, is_others, partial(self._takes, entry.id))
        if found is None or self.originals.find(found.line.attempt, found.line.fingerprint) is not None:
            return None
        return found

    @property
    def lost_jobs(self) -> tuple[str, ...]:
        """The folders of jobs of which nothing tells whose requests they hold."""
        lines = self.job_lines()
        return () if lines is None else lines.lost

    def _replaces_others(self, entry_id: EntryId, line: JobLine) -> bool:
        return self.ownership.attempts.get(line.after or "", entry_id) != entry_id

    def _takes(self, entry_id: EntryId, line: JobLine) -> bool:
        """Say whether a request that was sent for another entry is this one's: the first that has need of it."""
        if self._replaces_others(entry_id, line) or self.asks_for(line.entry_id, line.fingerprint):
            return False
        return self.takes(entry_id, line.attempt)

    def answered(self, entry: Entry, fingerprint: Fingerprint | None, *, least: int) -> bool:
        """Say whether the newest original for these inputs was made to answer a rejection and not rejected itself."""
        stored = self._newest(entry, fingerprint, least=least)
        if stored is None or not stored.record.answers_rejection:
            return False
        line = entry.record_line
        return line is None or line.attempt != stored.record.attempt or ANSWERED in line.others

    def _newest(self, entry: Entry, fingerprint: Fingerprint | None, *, least: int) -> StoredOriginal | None:
        if fingerprint is None:
            return None
        _, since = _asked_again(entry, fingerprint)
        for stored in reversed(self.originals.for_fingerprint(fingerprint)):
            record = stored.record
            counts = rank_of_record(record, self.project.settings) >= least and not _is_candidate(stored)
            usable = counts and record.received_at >= since and not stored.unusable
            if usable and self.owner(stored) == entry.id:
                return stored
        return None

    def delivered(self, entry: Entry, fingerprint: Fingerprint | None, *, least: int) -> tuple[StoredOriginal, ...]:
        """Return an entry's replies to these inputs, from a rank up, also those of which no picture can be made."""
        found = () if fingerprint is None else self.originals.for_fingerprint(fingerprint)
        counted = (stored for stored in found if rank_of_record(stored.record, self.project.settings) >= least)
        return tuple(stored for stored in counted if self.owner(stored) == entry.id)

    def unusable(self, entry: Entry, fingerprint: Fingerprint | None) -> StoredOriginal | None:
        """Find the last reply for these inputs of which no picture can be made, where no other came after it."""
        if fingerprint is None:
            return None
        _, since = _asked_again(entry, fingerprint)
        newest = reversed(self.originals.for_fingerprint(fingerprint))
        for stored in self._own_first(entry, (item for item in newest if item.record.received_at >= since)):
            return stored if stored.unusable else None
        return None


_AT_TARGET = Owned(Place.TARGET)


def _in_words(record: Record) -> str:
    """Say which version an original is, so that people find it in the history."""
    return f"made {record.received_at[:16].replace('T', ' ')} by {record.provider}/{record.model}"


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
    asked = any(has(stored.record.why, code) for code in (ReasonCode.REBUILD_ASKED, ReasonCode.DRAFT_APPROVED))
    return not (stored.published or own or asked)


def _is_candidate(stored: StoredOriginal) -> bool:
    """Say whether an original is a variant that was never picked: no late reply, and the last to restore."""
    return not stored.published and has(stored.record.why, ReasonCode.VARIANT)


def _last_seen(stored: StoredOriginal) -> tuple[bool, str]:
    """Return what the newest of several originals has the most of: when it was put in place last, else delivered."""
    at = stored.published[-1].at if stored.published else stored.record.received_at
    return not _is_candidate(stored), at


def _asked_again(entry: Entry, fingerprint: Fingerprint) -> tuple[RecordLine | None, str]:
    """Return the entry's record line, and when the author asked for another image of these inputs (else empty)."""
    line = entry.record_line
    return line, (forgotten_at(line) if line is not None and line.fingerprint == fingerprint else None) or ""
