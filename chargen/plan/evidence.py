"""What was paid for, or refused, for one image: originals that fit its inputs, files of the history, requests in jobs.

Laws: where the author asked for another image of the same inputs, only what came after that counts; a variant that was
never picked is no late reply, and the last to be restored. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain

from msgspec import Struct

from chargen import kinds
from chargen.model.entries import Entry
from chargen.model.groups import grouped
from chargen.model.inputs import Inputs
from chargen.model.reason import ReasonCode, has
from chargen.model.record import Record
from chargen.model.record_line import ANSWERED, RecordLine, forgotten_at, last_attempt
from chargen.model.values import EntryId, FileHash, Fingerprint
from chargen.plan.claims import original_of
from chargen.plan.job_lines import JobLines, WaitingLine
from chargen.plan.owned import PicturePlace
from chargen.plan.salvage import may_be_of, mended
from chargen.plan.target_state import TargetStates
from chargen.plan.tier_rank import rank_of_record
from chargen.store.batch_job import JobLine
from chargen.store.journal_rows import Attempt, AttemptStatus
from chargen.store.original_store import DamagedOriginal, StoredOriginal


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


class Evidence(TargetStates, frozen=True, kw_only=True):
    """All there is to know of the images of one plan, besides their entries."""

    in_history: Callable[[EntryId, FileHash], str]
    """Where the history keeps a file of an entry, project-relative; empty where it does not."""
    job_lines: Callable[[], JobLines | None]
    """The requests in jobs, None where there are no jobs."""

    def refused(self, entry_id: EntryId, fingerprint: Fingerprint) -> Attempt | None:
        """Return the attempt with these inputs that was refused and not tried again since: of this entry, or of none.

        It belongs to the entry whose picture was made for its id before; where there was none, to the one of its id.
        """
        for attempt in self.journal.fruitless(fingerprint):
            if not attempt.refused:
                continue
            tries = self.journal.attempts_for(attempt.task_id)
            since = (other for other in tries if other.fingerprint == fingerprint and other.sent_at > attempt.sent_at)
            if any(other.status is not AttemptStatus.NOT_TAKEN for other in since):
                continue
            if self._owner_of_try(attempt, tries) in (None, entry_id):
                return attempt
        return None

    def charged_for_nothing(self, entry_id: EntryId, fingerprint: Fingerprint) -> tuple[Attempt, ...]:
        """Return the attempts with these inputs that were charged and brought no image, since one last brought any.

        Whose they are is decided as of a refusal.
        """
        charged = [attempt for attempt in self.journal.fruitless(fingerprint) if not attempt.refused]
        of_now = self.journal.attempts_for(entry_id) if charged else ()
        found: list[Attempt] = []
        for task_id, those in grouped(charged, lambda attempt: attempt.task_id).items():
            tries = self.journal.attempts_for(task_id)
            brought = (one for one in (*tries, *of_now) if one.fingerprint == fingerprint and one.original)
            came = max((one.sent_at for one in brought), default="")
            since = [attempt for attempt in those if attempt.sent_at > came]
            if since and self._owner_of_try(since[-1], tries) in (None, entry_id):
                found += since
        return tuple(found)

    def _owner_of_try(self, attempt: Attempt, tries: Iterable[Attempt]) -> EntryId | None:
        """Return whose an attempt is that left nothing, by the `tries` under its name; None where it is nobody's."""
        made = [other for other in tries if other.original and other.sent_at < attempt.sent_at]
        if made:
            return self.owner_of_attempt(made[-1].fingerprint, made[-1].attempt_id, attempt.task_id)
        return attempt.task_id if self.planned(attempt.task_id) else None

    def paid(
        self, entry: Entry, fingerprint: Fingerprint | None, inputs: Inputs | None, *, least: int, takes: bool
    ) -> PaidReply | None:
        """Find what was paid for under these inputs by this entry, or by one that is gone, from the rank `least` up.

        Where the author asked for another image of these inputs, only what came after that counts: the reply to a run
        that died before its picture was in place. What is nobody's is the entry's from now on if it `takes` it.
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

        broken = reversed(self.originals.damaged(fingerprint))
        mends = (mended(self.originals, self.journal, found, entry, inputs) for found in broken)
        every = chain(newest, filter(None, mends))
        for stored in self.own_first(entry, filter(counts, every), takes=takes):
            file = stored.published[-1].sha256 if stored.published else None
            return PaidReply(_in_words(stored.record), stored, file=file, mended=stored not in whole)
        return None

    def kept(self, entry: Entry, *, damaged: bool = False) -> PaidReply | None:
        """Find the very picture that an entry's record describes, which is not in the tree any more or is `damaged`."""
        owned, line = self.owned(entry.id), entry.record_line
        if line is None or not (damaged or owned.place in (PicturePlace.HISTORY, PicturePlace.ORIGINAL)):
            return None
        path = owned.path if owned.place is PicturePlace.HISTORY else self.in_history(entry.id, line.file)
        if path:
            return PaidReply(entry.id, path=path, line=line, file=line.file)
        stored = original_of(self.originals, self.journal, line)
        return None if stored is None else PaidReply(entry.id, stored, file=line.file)

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
        is_others = partial(self._is_others, entry.id)
        found = lines.of(entry.id, fingerprint, last, is_others, partial(self._takes, entry.id))
        if found is None or self.originals.find(found.line.attempt, found.line.fingerprint) is not None:
            return None
        return found

    @property
    def lost_jobs(self) -> tuple[str, ...]:
        """The folders of jobs of which nothing tells whose requests they hold."""
        lines = self.job_lines()
        return () if lines is None else lines.lost

    def _is_others(self, entry_id: EntryId, line: JobLine) -> bool:
        """Say whether a request is to replace another entry's picture, or was sent for what had the entry's id then."""
        if line.after is not None:
            return self.ownership.attempts.get(line.after, entry_id) != entry_id
        return line.entry_id == entry_id and not self.goes_by_id(entry_id)

    def _takes(self, entry_id: EntryId, line: JobLine) -> bool:
        """Say whether a request that was sent for another entry is this one's: the first that has need of it."""
        if self._is_others(entry_id, line):
            return False
        if self.goes_by_id(line.entry_id) and self.asks_for(line.entry_id, line.fingerprint):
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

    def unusable(self, entry: Entry, fingerprint: Fingerprint | None, *, takes: bool) -> StoredOriginal | None:
        """Find the last reply for these inputs of which no picture can be made, where no other came after it."""
        if fingerprint is None:
            return None
        _, since = _asked_again(entry, fingerprint)
        newest = reversed(self.originals.for_fingerprint(fingerprint))
        since_then = (item for item in newest if item.record.received_at >= since)
        last = next(self.own_first(entry, since_then, takes=False), None)
        if last is None or not last.unusable:
            return None
        return next(self.own_first(entry, (last,), takes=takes), None)


def _in_words(record: Record) -> str:
    """Say which version an original is, so that people find it in the history."""
    return f"made {record.received_at[:16].replace('T', ' ')} by {record.route}"


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
