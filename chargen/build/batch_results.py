"""Collecting jobs at the start of a run: what is finished becomes originals before a plan is made.

Laws: a reply is stored like any other, and the job stays on record until all of its lines are settled, so that whatever
dies it is asked for again; one line is in memory at a time; nothing is sent. What each line cost belongs to the run and
the month in which it was handed over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from msgspec import Struct, field

from chargen.build.attempt import note_failed, received, told_of
from chargen.build.batches import sendings_of
from chargen.build.events import AnsweredByAnother, ChargedMore
from chargen.build.job_vendors import batches_of, why_unasked
from chargen.config.layout import JOBS
from chargen.model.batches import BatchProvider, BatchState, BatchStatus, Upload
from chargen.model.record import Record
from chargen.model.request import Asked, FailureClass, ProviderError, Reply, Request, SentReference
from chargen.model.values import EntryId
from chargen.plan.session import Session
from chargen.store.batch_job import BatchJob, JobLine, LastState
from chargen.store.batch_jobs import JOB_FILE
from chargen.store.batch_spool import RECORDS_FILE
from chargen.store.clock import stamp
from chargen.store.original_store import StoredOriginal

_LOG = logging.getLogger("chargen")

LIST_LAG = timedelta(minutes=2)
"""For so long after its creation began a job that a vendor's list does not name may still come to stand there."""


GIVE_UP = "put the folder back from a backup, or move it away to give the job up"


class LineFailure(Struct, frozen=True):
    """A line that brought no picture, and why; `again` says that its image was not at fault, and may be sent again."""

    entry_id: EntryId
    message: str
    again: bool
    possibly_billed: bool = False
    cost_usd: Decimal | None = None
    """What it was charged all the same."""


class Collected(Struct):
    """What a look at the jobs brought: so many `replies`, the lines that failed, and what there is to tell."""

    replies: int = 0
    failures: list[LineFailure] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    events: list[ChargedMore | AnsweredByAnother] = field(default_factory=list)
    """What is to be told of replies, as of live ones."""
    settled: set[str] = field(default_factory=set)
    """Attempts of which it became known what they came to."""
    runs: set[str] = field(default_factory=set)
    """The runs that had sent them."""
    named: dict[EntryId, JobLine] = field(default_factory=dict)
    """Replies to what was asked for by name, by the entries that they are for."""
    kept: list[BatchJob] = field(default_factory=list)
    """Jobs that stay on record until such replies are in their places."""

    def came_to_an_end(self, job: BatchJob, attempts: Iterable[str]) -> None:
        """Note of which requests of a job it became known what they came to."""
        self.settled.update(attempts)
        self.runs.add(job.run)

    @property
    def faults(self) -> dict[EntryId, str]:
        """The images that failed by themselves, and why: the run that learns it sends no more for them."""
        return {failure.entry_id: failure.message for failure in self.failures if not failure.again}

    @property
    def changed(self) -> bool:
        """True where something came, so that files are looked at anew."""
        return bool(self.replies or self.failures or self.named)


class JobReplies:
    """What becomes of the replies of jobs; so it is without a shared store, where nobody else collects any."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def bring(self, job: BatchJob) -> int:
        """Fetch what others collected already of a job that is over; return how many replies came."""
        del job
        return 0

    def keep(self, record: Record, reply: Reply) -> StoredOriginal:
        """Store a reply; `record` is what was known of it when it left. Raises InputError."""
        return self._session.originals.put(received(self._session, record, reply), reply.data, reply.others)


def collect_batches(session: Session, replies: JobReplies) -> Collected:
    """Ask for each job once, and take what is finished. Raises InputError where the disk does not take a reply."""
    found = Collected()
    silent: set[str] = set()
    unasked: dict[tuple[str, str], list[BatchJob]] = {}
    every, lost = session.batch_jobs.look()
    found.told += [
        f"`{folder_of(name)}` can't be read: no vendor that takes jobs is sent anything, but for `--rebuild NAME`"
        for name in lost
    ]
    for job in every:
        if job.mended:
            told = f"`{JOBS}/{job.name}/{JOB_FILE}` can't be read: what it asked for is known by its records"
            found.told.append(told)
    for job in map(partial(_looked_at, session, found), every):
        batches = batches_of(session, job)
        if batches is None:
            why = why_unasked(session, job)
            unasked.setdefault((why.message, why.hint), []).append(job)
            continue
        if job.provider in silent:
            continue
        try:
            if job.waiting:
                _collect(session, job, batches, found, replies)
            else:
                _tidy(session, job, batches, found)
        except ProviderError as failure:
            silent.add(job.provider)
            told = f"`{job.name}` could not be asked for: {session.project.scrub(failure.message)}"
            found.told.append(f"{told}; {failure.hint}" if failure.hint else told)
    for (message, hint), those in unasked.items():
        names = f"`{those[0].name}`" if len(those) == 1 else f"{len(those):,} jobs"
        found.told.append(f"{names} could not be asked for: {message}; {hint}")
    return found


def folder_of(name: str) -> str:
    """Return the folder of a job, for people; `.` stands for that of all."""
    return JOBS if name == "." else f"{JOBS}/{name}"


def _looked_at(session: Session, found: Collected, job: BatchJob) -> BatchJob:
    """Put a job's requests into a journal that lost them, and settle what a run stored that died."""
    session.journal.sent_all(sendings_of(job), job.begun_at)
    came = [line.attempt for line in job.waiting if _has_come(session, line)]
    found.came_to_an_end(job, came)
    return session.batch_jobs.settle(job, came) if came else job


def _has_come(session: Session, line: JobLine) -> bool:
    return session.originals.find(line.attempt, line.fingerprint) is not None


def _collect(session: Session, job: BatchJob, batches: BatchProvider, found: Collected, replies: JobReplies) -> None:
    if not job.id:
        known = _found_again(session, job, batches, found)
        if known is None:
            return
        job = known
    try:
        status = batches.status(job.id)
    except ProviderError as failure:
        if failure.failure is not FailureClass.INVALID:
            raise
        if (job_id := batches.find(job.name, job.creating_at)) not in (None, job.id):  # the number was damaged
            _collect(session, session.batch_jobs.created(job, job_id), batches, found, replies)
            return
        if job.mended:
            raise  # it may be at another server
        found.replies += replies.bring(job)
        job = _looked_at(session, found, job)
        message = f"the vendor does not know its job any more: {failure.message}"
        _give_up(session, job, ProviderError(FailureClass.AMBIGUOUS, message, possibly_billed=True), found)
        _tidy(session, job, batches, found)
        return
    at = stamp(session.clock.now())
    job = session.batch_jobs.saw(
        job, LastState(status.state, at, status.total, status.done, status.failed, status.expires_at)
    )
    if not status.state.is_over:
        return
    if came := replies.bring(job):
        found.replies += came
        job = _looked_at(session, found, job)
    if not job.waiting or _take(session, job, batches, status, found, replies=replies):
        _tidy(session, job, batches, found)


def _found_again(session: Session, job: BatchJob, batches: BatchProvider, found: Collected) -> BatchJob | None:
    """Look for a job whose id is not known; one that was never made is given up."""
    if not job.creating_at:
        failure = ProviderError(FailureClass.TRANSIENT, "the run ended before its job was made")
        _give_up(session, job, failure, found, taken=False)
    elif (job_id := batches.find(job.name, job.creating_at)) is not None:
        return session.batch_jobs.created(job, job_id)
    elif session.clock.now() - datetime.fromisoformat(job.creating_at) < LIST_LAG:
        found.told.append(f"`{job.name}`: whether it was made is not known yet")
        return None
    elif job.mended:
        found.told.append(f"`{job.name}`: the vendor lists none of that name; {GIVE_UP}")
        return None
    else:
        failure = ProviderError(
            FailureClass.TRANSIENT, "whether its job was made is not known, and the vendor lists none"
        )
        _give_up(session, job, failure, found, possibly_billed=True)
    _tidy(session, job, batches, found)
    return None


def _take(
    session: Session,
    job: BatchJob,
    batches: BatchProvider,
    status: BatchStatus,
    found: Collected,
    *,
    replies: JobReplies,
) -> bool:
    """Store and settle every line of a job that is over; False where lines are left, whose records can't be read."""
    lines = {line.attempt: line for line in job.waiting}
    settled: list[str] = []
    if status.state is BatchState.FAILED:
        failure = status.failure or ProviderError(FailureClass.INVALID, "the vendor refused the whole job")
        begun = bool(status.done)  # what it had made by then may be charged, and can't be fetched
        _give_up(session, job, failure, found, taken=begun, possibly_billed=begun or None)
        if failure.rate_limited:  # the next jobs are smaller
            session.batch_jobs.note_room(job.route, max(len(job.lines) // 2, 1))
        return True
    session.batch_jobs.note_room(job.route, None)
    with session.batch_jobs.records(job) as records:

        def request_of(attempt: str) -> Request | None:
            record = records.get(attempt) if attempt in lines else None
            return None if record is None else request_told(record)

        lost = {attempt for attempt in lines if records.get(attempt) is None}
        try:
            for attempt, outcome in batches.results(job.id, request_of):
                record = records.get(attempt)
                if attempt not in lines or record is None:
                    continue
                found.events += told_of(str(record.route), record.entry_id, lines[attempt].most_usd, outcome)
                if isinstance(outcome, Reply):
                    session.journal.stored(replies.keep(record, outcome), soon=True)
                    found.replies += 1
                else:
                    _failed(session, lines[attempt], outcome, found)
                del lines[attempt]
                settled.append(attempt)
        finally:
            session.batch_jobs.settle(job, settled)
            found.came_to_an_end(job, settled)
    silent = tuple(line for attempt, line in lines.items() if attempt not in lost)
    _give_up(session, job, untold(status.state), found, lines=silent)
    if lost:
        session.batch_jobs.settle(job, [line.attempt for line in silent])
        number = f"{len(lost):,} of its records"
        found.told.append(f"`{JOBS}/{job.name}/{RECORDS_FILE}`: {number} can't be read, so they wait; {GIVE_UP}")
    return not lost


def _failed(session: Session, line: JobLine, failure: ProviderError, found: Collected) -> None:
    note_failed(session, line.attempt, failure)
    again = failure.failure is FailureClass.TRANSIENT
    message = session.project.scrub(failure.message)
    found.failures.append(LineFailure(line.entry_id, message, again, failure.possibly_billed, failure.cost_usd))


def _give_up(
    session: Session,
    job: BatchJob,
    failure: ProviderError,
    found: Collected,
    *,
    lines: tuple[JobLine, ...] | None = None,
    possibly_billed: bool | None = None,
    taken: bool = True,
) -> None:
    """Settle lines of which nothing comes any more, for one reason."""
    lines = job.waiting if lines is None else lines
    billed = failure.possibly_billed if possibly_billed is None else possibly_billed
    session.journal.failed_all(
        [line.attempt for line in lines], failure.failure, failure.message, possibly_billed=billed, taken=taken
    )
    found.came_to_an_end(job, (line.attempt for line in lines))
    again = failure.failure is FailureClass.TRANSIENT
    message = session.project.scrub(failure.message)
    found.failures.extend(LineFailure(line.entry_id, message, again, billed) for line in lines)


def untold(state: BatchState) -> ProviderError:
    """Return what became of a line that a job that is over has no result of."""
    if state in (BatchState.EXPIRED, BatchState.CANCELLED):
        return ProviderError(FailureClass.TRANSIENT, f"its job was {state.value} before its turn came")
    message = "its job is over, and the vendor has no result for it"
    return ProviderError(FailureClass.AMBIGUOUS, message, possibly_billed=True)


def _tidy(session: Session, job: BatchJob, batches: BatchProvider, found: Collected) -> None:
    """Delete what is at the vendor of a job, but for references that other jobs name, and take it off the record.

    One with replies to what was asked for by name stays until these are in their places.
    """
    others = {
        upload.id
        for other in session.batch_jobs.all()
        if other.name != job.name and (other.provider, other.server) == (job.provider, job.server)
        for upload in other.uploads
    }
    own: tuple[Upload, ...] = tuple(upload for upload in job.uploads if upload.id not in others)
    try:
        batches.discard(job.name, job.id or None, own)
    except ProviderError as failure:
        _LOG.warning("%s: what was uploaded for it is still there: %s", job.name, failure.message)
    named = {line.entry_id: line for line in job.lines if line.named and _has_come(session, line)}
    if named:
        found.named |= named
        found.kept.append(job)
    else:
        session.batch_jobs.end(job)


def request_told(record: Record) -> Request:
    """Return a request as far as its record tells: the references that were resolved, without their bytes."""
    references = tuple(
        SentReference(item.character, item.path, b"", "", sha256=item.sha256, unread=True) for item in record.references
    )
    asked = Asked(record.prompt, record.negative_prompt, references, record.asked_size, entry_id=record.entry_id)
    return Request(
        provider=record.provider,
        model=record.model,
        prompt=record.sent_prompt or record.prompt,
        references=references,
        requested_size=record.requested_size,
        quality=record.quality,
        parameters=record.parameters,
        asked=asked,
        notes=record.notes,
        model_sha256=record.model_sha256,
    )
