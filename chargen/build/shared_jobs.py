"""Jobs beside a shared store: whose requests are in which, and what those of other builds brought.

Laws: a job is made of requests whose claims are still this run's, and their claims name it before the vendor hears of
it: whoever has the vendor's key can ask for it, also where the machine that made it died. What is in another build's
job is bought again only once the vendor says that nothing comes of it, or, when the claim's time is over, where the
vendor knows no such job or the store can't tell what was asked for. Nothing of it is deleted at the vendor: whoever
made it comes back for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from chargen.build.attempt import note_failed, received
from chargen.build.batch_results import Collected, JobReplies, request_told, untold
from chargen.build.batches import JobClaims
from chargen.model.batches import BatchProvider, BatchState, BatchStatus
from chargen.model.record import Record, RecordError, from_json
from chargen.model.request import FailureClass, ProviderError, Reply, Request
from chargen.model.values import Fingerprint, is_attempt_id
from chargen.plan.budget import NOTHING
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.store.batch_job import BatchJob, JobLine
from chargen.store.journal_rows import Sending
from chargen.store.original_store import StoredOriginal
from chargen.store.pictures import described
from chargen.store.shared.claims import Claim, Held
from chargen.store.shared.objects import StoreError, at_once

if TYPE_CHECKING:
    from chargen.build.sharing import Sharing

LONGEST_BATCH = 48 * 3600.0
"""Seconds a job takes at most where its vendor does not say: both promise a day, and give one up after two."""


class SharedJobs(JobClaims, JobReplies):
    """The jobs of one run beside its store. `joined` is told from threads; the rest is asked by one."""

    def __init__(self, session: Session, sharing: Sharing) -> None:
        super().__init__(session)
        self._sharing = sharing
        self._held: dict[str, Held] = {}
        """Claims of what joined a job in this run, by attempt."""
        self._asked: set[str] = set()
        """Jobs of other builds that were asked for in this run."""
        self._said: dict[str, str] = {}
        """What is to be told of such a job, by name."""

    # making jobs

    def joined(self, held: Held) -> None:
        """Note the claim of a request that joined a job."""
        self._held[held.claim.attempt] = held

    def handing_over(self, job_name: str, lines: Iterable[JobLine]) -> Mapping[str, str]:
        """Let the claims of a job's lines name it; return the attempts that may not be in it, and why."""
        named = at_once(partial(self._name, job_name), list(lines))
        return {attempt: message for attempt, message in named if message}

    def _name(self, job_name: str, line: JobLine) -> tuple[str, str]:
        held = self._held.get(line.attempt)
        if held is None:  # bought without a claim
            return line.attempt, ""
        try:
            still = self._sharing.ask(self._sharing.store.claims.handing_over, held, job_name)
        except StoreError as failure:
            return line.attempt, self._sharing.why_not_without(line.entry_id, failure)
        if still is None:
            return line.attempt, "its claim ran out, and another build took it over"
        self._held[line.attempt] = still
        return line.attempt, ""

    def handed_over(self, job: BatchJob, batches: BatchProvider) -> None:
        """Let the claims tell the id of a job that was made, and hold them for as long as its vendor may take."""
        held = [one for line in job.lines if (one := self._held.pop(line.attempt, None)) is not None]
        if not held:
            return
        now = self._session.clock.now()
        try:
            ends = batches.status(job.id).expires_at
            seconds = (datetime.fromisoformat(ends) - now).total_seconds()
        except (ProviderError, ValueError):
            seconds = LONGEST_BATCH

        def tell(one: Held) -> None:
            try:
                self._sharing.ask(self._sharing.store.claims.handed_over, one, job.id, seconds)
            except StoreError:
                return  # the vendor is asked by the job's name instead

        at_once(tell, held)

    # a job of this clone that another may have collected

    def bring(self, job: BatchJob) -> int:
        """Fetch what others collected of a job of this clone; return how many replies came."""

        def bring(line: JobLine) -> bool:
            replies = self._sharing.under(line.fingerprint)
            reply = next((reply for reply in replies if reply.record.attempt == line.attempt), None)
            stored = None if reply is None else self._sharing.bring(reply)
            if stored is not None:
                self._session.journal.stored(stored, soon=True)
            return stored is not None

        return sum(at_once(bring, list(job.waiting)))

    def keep(self, record: Record, reply: Reply) -> StoredOriginal:
        """Store a reply as the first who collected it put it into the store.

        Its record is written into pictures: with another one they would be other references, of other scenes.
        """
        if not self._sharing.store.writes:
            return super().keep(record, reply)
        record = replace(received(self._session, record, reply), original=described(reply.data))
        with suppress(StoreError):  # it is put there later
            record = self._sharing.ask(self._first, record, reply)
        return self._session.originals.put(record, reply.data, reply.others)

    def _first(self, record: Record, reply: Reply) -> Record:
        replies = self._sharing.store.replies
        if replies.put(record, reply.data, reply.others):
            return record
        there = (found.record for found in replies.under(record.fingerprint))
        return next((found for found in there if found.attempt == record.attempt), record)

    # jobs of others

    def said(self, claim: Claim) -> str:
        """Return who holds an image that is in a job, and what the vendor said of it."""
        more = self._said.get(claim.job_name)
        return f"{claim}{f'; {more}' if more else ''}"

    def collect(self, images: Iterable[Planned], found: Collected) -> bool:
        """Ask for the jobs of others that images to be bought are in; say whether anything is to be judged anew."""
        prints = dict.fromkeys(image.fingerprint for image in images if image.verdict.spends)
        jobs: dict[str, list[Held]] = {}
        own = {job.name for job in self._session.batch_jobs.all()}
        for held in at_once(self._at_vendors, [one for one in prints if one is not None]):
            for one in held:
                if one.claim.job_name not in own and one.claim.job_name not in self._asked:
                    jobs.setdefault(one.claim.job_name, []).append(one)
        came = [self._collect(name, lines, found) for name, lines in jobs.items()]
        return any(came)

    def _at_vendors(self, fingerprint: Fingerprint) -> list[Held]:
        store, sharing = self._sharing.store, self._sharing
        try:
            held = sharing.ask(store.claims.at_vendors, fingerprint)
        except StoreError:
            return []
        came = {reply.record.attempt for reply in sharing.under(fingerprint)} if held else set()
        return [one for one in held if one.claim.attempt not in came]

    def _collect(self, name: str, lines: list[Held], found: Collected) -> bool:
        """Ask for one job; say whether anything came of it, or came to nothing."""
        self._asked.add(name)
        claim = lines[0].claim
        records = records_of(lines)
        batches = self._batches(claim.provider)
        if batches is None:
            self._said[name] = f"it can't be asked for here, without a key of {claim.provider}"
            return False
        waiting = {one.claim.attempt: one for one in lines if one.claim.attempt in records}
        unreadable = [one for one in lines if one.claim.attempt not in records]
        given_up, paid = False, 0
        try:
            job_id = next((one.claim.job_id for one in lines if one.claim.job_id), "")
            job_id = (
                job_id or batches.find(name, min((record.sent_at for record in records.values()), default="")) or ""
            )
            status = _status(batches, job_id) if job_id else None
            if status is None:
                self._said[name] = "its vendor lists no such job for the key that is used here"
                return self._given_up(lines, "whose vendor knows no such job")
            if not status.state.is_over:
                self._said[name] = f"{claim.provider} says that it is {status.state.value}"
                return False
            if unreadable:
                self._said[name] = "it is over, and what the store has of its request can't be read"
                given_up = self._given_up(unreadable, "and what the store has of its request can't be read")
            paid = self._take(job_id, status, batches, waiting, records)
        except ProviderError as failure:
            self._said[name] = (
                f"{claim.provider} could not be asked for it: {self._session.project.scrub(failure.message)}"
            )
        came = len(records) - len(waiting)
        if came:
            nothing = f"; {came - paid} brought nothing, and cost nothing" if came > paid else ""
            told = f"{paid} of its requests collected here, paid for there{nothing}"
            found.told.append(f"`{name}`, a job of {claim.who}: {told}")
        return given_up or bool(came)

    def _batches(self, name: str) -> BatchProvider | None:
        """Return who can be asked for a job of a vendor; None where there is no key."""
        adapters = self._session.adapters
        if name not in adapters.defaults:
            return None
        provider = next(iter(adapters.members(name).values()))
        return None if provider.missing_key() else provider.batches

    def _given_up(self, lines: Iterable[Held], why: str) -> bool:
        """Give up what nobody can collect here, once its time is over: till then whoever has it may bring it.

        Returns whether there was any.
        """
        sharing = self._sharing
        try:
            late = [one for one in lines if sharing.ask(sharing.store.claims.is_late, one.claim)]
        except StoreError:
            return False
        freed = [one for one in late if sharing.give_back(one)]
        for one in freed:
            sharing.tell_billed(one.claim, why)
        return bool(freed)

    def _take(
        self,
        job_id: str,
        status: BatchStatus,
        batches: BatchProvider,
        waiting: dict[str, Held],
        records: Mapping[str, Record],
    ) -> int:
        """Take what became of the lines that wait, each out of `waiting`; return for how many was or may be paid."""

        def request_of(attempt: str) -> Request | None:
            record = records.get(attempt)
            return None if record is None else request_told(record)

        failed, paid = status.state is BatchState.FAILED, 0
        for attempt, outcome in () if failed else batches.results(job_id, request_of):
            held = waiting.pop(attempt, None)
            if held is None:
                continue
            if isinstance(outcome, Reply):
                self._store(held, records[attempt], outcome)
            else:
                self._came_to_nothing(held, records[attempt], outcome)
            paid += isinstance(outcome, Reply) or outcome.possibly_billed or bool(outcome.cost_usd)
        begun = bool(status.done)  # what it had made by then may be charged, and can't be fetched
        whole = ProviderError(FailureClass.TRANSIENT, "its vendor refused the whole job", possibly_billed=begun)
        for attempt in tuple(waiting):
            failure = whole if failed else untold(status.state)
            self._came_to_nothing(waiting.pop(attempt), records[attempt], failure)
            paid += failure.possibly_billed
        return paid

    def _store(self, held: Held, record: Record, reply: Reply) -> None:
        """Keep a reply that another build paid for, and put it into the store."""
        session = self._session
        self._sharing.store.machine.will_put(record.attempt, record.fingerprint)
        stored = self.keep(record, reply)
        session.journal.known(stored)
        session.journal.stored(stored, soon=True)  # of a job of this clone that is not on record here any more
        self._sharing.put(stored, held)

    def _came_to_nothing(self, held: Held, record: Record, failure: ProviderError) -> None:
        """Take a line over that brought no picture: what was refused is on record here too, and not sent again."""
        self._session.journal.sent_all([Sending.of(record)], record.sent_at)
        note_failed(self._session, record.attempt, failure)
        if self._sharing.give_back(held) and failure.possibly_billed:
            self._sharing.tell_billed(
                held.claim, f"of which nothing came: {self._session.project.scrub(failure.message)}"
            )
        if not failure.possibly_billed:
            self._sharing.month.account(record.attempt, failure.cost_usd or NOTHING)


def records_of(lines: Iterable[Held]) -> dict[str, Record]:
    """Return the records of lines by attempt, as their claims have them; one that is not its claim's is left out."""
    found: dict[str, Record] = {}
    for held in lines:
        claim = held.claim
        try:
            record = from_json(claim.record)
        except RecordError:
            continue
        if is_attempt_id(record.attempt) and (record.attempt, record.fingerprint) == (claim.attempt, held.fingerprint):
            found[claim.attempt] = record
    return found


def _status(batches: BatchProvider, job_id: str) -> BatchStatus | None:
    """Ask how far a job is; None where its vendor does not know it."""
    try:
        return batches.status(job_id)
    except ProviderError as failure:
        if failure.failure is FailureClass.INVALID:
            return None
        raise
