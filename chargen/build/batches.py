"""Handing images over as jobs: each joins the job of its model while a run goes on, and the jobs are made at its end.

Laws: nothing is at the vendor that is not on the disk first (`chargen.store.batch_jobs`), references aside, which cost
nothing; a job is made once, and where it is not known whether it was, it stays on record and is looked for by its name;
what it may cost at most is set aside for as long as the run lasts. Nothing is sent by a run that is interrupted.
"""

from __future__ import annotations

import logging
import random as chance
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.build.attempt import ImageAttempts
from chargen.build.retry import next_wait
from chargen.errors import InputError
from chargen.model.batches import BatchProvider, Upload
from chargen.model.reason import ReasonCode, has
from chargen.model.request import FailureClass, ProviderError, Request, SentReference
from chargen.model.values import EntryId, FileHash
from chargen.plan.budget import NOTHING, Ledger
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.providers.catalogue.models import BatchFacts
from chargen.store.batch_job import BatchJob, JobLine
from chargen.store.batch_jobs import new_job_name
from chargen.store.batch_spool import Spool
from chargen.store.clock import stamp
from chargen.store.files import hash_bytes
from chargen.store.journal_rows import Sending

_LOG = logging.getLogger("chargen")
_Value = TypeVar("_Value")

JOB_TIME = timedelta(hours=24)
"""How long a vendor takes at most, as both promise: a reference that a job names has to live for that long."""


_BY_NAME = (
    ReasonCode.REBUILD_ASKED,
    ReasonCode.AGAIN_ASKED,
    ReasonCode.DRAFT_STANDS_IN,
    ReasonCode.DRAFT_APPROVED,
)
"""Reasons of an image that was asked for by name: a plain run would leave what stands at its target."""


class _Open(Struct):
    """A job that images join: its lines so far, what they need at the vendor, and how many tokens they come to."""

    job: BatchJob
    spool: Spool
    batches: BatchProvider
    uploads: dict[FileHash, Upload] = field(default_factory=dict)
    tokens: int = 0


class Submitted(Struct, frozen=True):
    """What became of a job at the end of a run; `is_there` says whether its images wait.

    `failure` is why it could not be made, or why nobody knows; None also where the run was interrupted, or where
    `left_out` says why these images may not be bought now.
    """

    job: BatchJob
    is_there: bool = True
    failure: ProviderError | None = None
    left_out: str = ""


class JobClaims:
    """The right to buy what is in a job; so it is without a shared store, where nobody else is asked."""

    def handing_over(self, job_name: str, lines: Iterable[JobLine]) -> Mapping[str, str]:
        """Called when a job is about to be made; returns the attempts that may not be in it, and why."""
        del job_name, lines
        return {}

    def handed_over(self, job: BatchJob, batches: BatchProvider) -> None:
        """Called once a job is made; never raises."""


class Batches:
    """The jobs of one run that are being put together; safe to use from threads."""

    def __init__(
        self,
        session: Session,
        ledger: Ledger,
        stop: threading.Event,
        claims: JobClaims,
        luck: Callable[[], float] = chance.random,
    ) -> None:
        self._session = session
        self._claims = claims
        self._ledger = ledger
        self._stop = stop
        self._luck = luck
        self._lock = threading.Lock()
        self._uploading = threading.Lock()
        self._open: dict[tuple[str, str], _Open] = {}
        self._full: list[_Open] = []
        self._uploads: dict[tuple[str, FileHash], Upload] = {}
        self.joined: set[EntryId] = set()
        """The images that joined one in this run."""

    def join(self, image: Planned, request: Request, attempt: ImageAttempts, before: FileHash | None) -> None:
        """Let an image join the job of its model; `before` is the file at its target.

        Raises ProviderError, OverBudgetError, what the attempt raises.
        """
        provider = self._session.adapters.get(request.provider)
        batches = provider.batches
        assert batches is not None, f"{request.provider} makes no jobs"
        if missing := provider.missing_key():
            raise ProviderError(FailureClass.PROVIDER_STOP, missing.message, hint=missing.hint)
        self._ledger.reserve(image.cost_usd, image.most_usd)
        try:
            uploads = self._uploaded(request, batches)
            record = attempt.asked(request, 1, image.cost_usd)
            line = batches.line(record.attempt, request, uploads)
            self._refuse_too_large(request, batches, len(line) + 1)
            attempt.joining(record)
            with self._lock:
                job = self._room(request, batches, len(line) + 1)
                job.spool.add(
                    JobLine(
                        record.attempt,
                        record.entry_id,
                        record.fingerprint,
                        record.after,
                        image.cost_usd,
                        image.most_usd,
                        named := any(has(record.why, code) for code in _BY_NAME),
                        before if named else None,
                        image.entry.status.value if named and image.entry.status is not None else None,
                    ),
                    record,
                    line,
                )
                job.uploads |= uploads
                job.tokens += batches.tokens(request)
                self.joined.add(image.id)
        except BaseException:
            self._ledger.settle(image.most_usd, NOTHING)
            raise
        self._ledger.settle(image.most_usd, image.most_usd)  # for as long as the run lasts

    def submit(self) -> Iterator[Submitted]:
        """Make the jobs, one after the other; of a run that was interrupted none."""
        every = [*self._full, *self._open.values()]
        self._full, self._open = [], {}
        stopped: dict[str, ProviderError] = {}
        for one in every:
            if self._stop.is_set():
                one.spool.drop()
                yield self._left(replace(one.job, lines=tuple(one.spool.lines)))
                continue
            if (failure := stopped.get(one.job.provider)) is not None:
                one.spool.drop()
                yield self._left(replace(one.job, lines=tuple(one.spool.lines)), failure)
                continue
            try:
                yield from self._kept_out(one)
                done = self._made(one) if one.spool.lines else None
            except InputError as unwritten:  # nothing has left
                job = replace(one.job, lines=tuple(one.spool.lines))
                self._session.batch_jobs.end(job)
                done = self._left(job, _of_the_disk(unwritten))
            if done is None or not done.is_there:
                one.spool.drop()
            if done is None:
                continue
            if done.failure is not None and not done.is_there and _stops(done.failure):
                stopped[one.job.provider] = done.failure
            yield done

    def _kept_out(self, one: _Open) -> Iterator[Submitted]:
        """Take out of a job what may not be bought now."""
        refused = self._claims.handing_over(one.job.name, one.spool.lines)
        if not refused:
            return
        out = one.spool.take_out(refused.keys())
        for message in dict.fromkeys(refused.values()):
            lines = tuple(line for line in out if refused[line.attempt] == message)
            yield self._left(replace(one.job, lines=lines), left_out=message)

    def _made(self, one: _Open) -> Submitted:
        session = self._session
        job = session.batch_jobs.begin(
            one.spool, replace(one.job, begun_at=self._now(), uploads=tuple(one.uploads.values()))
        )
        session.journal.sent_all(sendings_of(job), job.begun_at)

        def create() -> str:
            nonlocal job
            job = session.batch_jobs.creating(job, self._now())  # of the last try: the vendor's list may be late
            try:
                with session.batch_jobs.requests(job) as lines:
                    return one.batches.create(job.name, job.group, lines)
            except ProviderError as failure:
                if failure.in_transit and (found := self._listed(one, job)) is not None:
                    return found
                if failure.failure is FailureClass.TRANSIENT and not failure.in_transit:
                    with suppress(ProviderError):  # what was uploaded: the next try brings it again
                        one.batches.discard(job.name, None, ())
                raise

        try:
            job_id = self._tried(create)
        except InputError as unwritten:
            return self._not_made(one, job, _of_the_disk(unwritten))
        except ProviderError as failure:
            if not failure.in_transit:
                return self._not_made(one, job, failure)
            _LOG.warning("%s: nobody knows whether it was made: %s", job.name, failure.message)
            return Submitted(job, failure=failure)
        job = replace(job, id=job_id)
        try:
            session.batch_jobs.created(job, job_id)
        except InputError as unwritten:
            _LOG.warning("%s: the next run looks for it by its name: %s", job.name, unwritten)
        self._claims.handed_over(job, one.batches)
        return Submitted(job)

    def _listed(self, one: _Open, job: BatchJob) -> str | None:
        """Look for a job of which nobody knows whether it was made; a list that names none may be late."""
        try:
            return one.batches.find(job.name, job.creating_at)
        except ProviderError:
            return None

    def _tried(self, step: Callable[[], _Value]) -> _Value:
        """Carry out a step towards a job, again where the vendor failed for a moment, as a live request is sent again.

        Raises ProviderError. A limit that names no time to wait is no matter of a moment, nor is what every step meets.
        """
        failures: list[ProviderError] = []
        while True:
            try:
                return step()
            except ProviderError as failure:
                failures.append(failure)
                wait = next_wait(failures, self._luck())
                lasting = failure.in_transit or failure.alike or (failure.rate_limited and failure.wait is None)
                if wait is None or lasting or self._stop.wait(wait):
                    raise

    def _not_made(self, one: _Open, job: BatchJob, failure: ProviderError) -> Submitted:
        """Give up a job that the vendor refused as a whole: nothing was charged."""
        session = self._session
        session.journal.failed_all([line.attempt for line in job.lines], failure.failure, failure.message, taken=False)
        try:
            one.batches.discard(job.name, None, ())
        except ProviderError as left:
            _LOG.warning("%s: what was uploaded for it is still there: %s", job.name, left.message)
        session.batch_jobs.end(job)
        if failure.rate_limited and not any(other.route == job.route for other in session.batch_jobs.all()):
            session.batch_jobs.note_room(job.route, max(len(job.lines) // 2, 1))
        return self._left(job, failure)

    def _left(self, job: BatchJob, failure: ProviderError | None = None, *, left_out: str = "") -> Submitted:
        self.joined.difference_update(line.entry_id for line in job.lines)
        return Submitted(job, is_there=False, failure=failure, left_out=left_out)

    def _limits(self, request: Request) -> tuple[BatchFacts, int | None]:
        """Return what a job of a request's model may hold, and how many tokens, where that is limited."""
        models = self._session.adapters.models
        facts, model = models.facts(request.provider).batch, models.find(request.provider, request.model)
        assert facts is not None
        return facts, None if model is None else model.batch_tokens

    def _refuse_too_large(self, request: Request, batches: BatchProvider, size: int) -> None:
        """Raise ProviderError for a request that no job has room for: a vendor would refuse the whole job for it."""
        (facts, most), tokens = self._limits(request), batches.tokens(request)
        what = f"{size:,} bytes, and a job holds {facts.bytes:,}" if size > facts.bytes else ""
        if most is not None and tokens > most:
            what = f"{tokens:,} tokens by estimate, and a job holds {most:,}"
        if what:
            raise ProviderError(
                FailureClass.INVALID, f"its request has {what}", hint="send it live, with `--mode live`"
            )

    def _room(self, request: Request, batches: BatchProvider, size: int) -> _Open:
        """Return the job that a request joins: one more where the one before is full."""
        facts, most = self._limits(request)
        key = request.provider, batches.group(request)
        one = self._open.get(key)
        if one is not None:
            room = self._session.batch_jobs.room(request.route) or facts.lines
            full = (
                len(one.spool.lines) >= min(room, facts.lines)
                or one.spool.bytes + size > facts.bytes
                or (most is not None and one.tokens + batches.tokens(request) > most)
            )
            if not full:
                return one
            self._full.append(one)
        job = BatchJob(
            new_job_name(), request.provider, request.model, self._server(request.provider), key[1],
            self._session.run_id, begun_at="", lines=(),
        )  # fmt: skip
        self._open[key] = one = _Open(job, self._session.batch_jobs.spool(), batches)
        return one

    def _uploaded(self, request: Request, batches: BatchProvider) -> Mapping[FileHash, Upload]:
        """Bring the references to the vendor that it does not have yet."""
        return {
            digest: self._upload(request.provider, digest, reference, batches)
            for reference in request.references
            for digest in (hash_bytes(reference.data),)
        }

    def _upload(self, provider: str, digest: FileHash, reference: SentReference, batches: BatchProvider) -> Upload:
        with self._uploading:  # two images with the same reference join at the same time
            known = self._uploads.get((provider, digest)) or self._of_earlier_jobs.get((provider, digest))
            self._uploads[provider, digest] = known or self._tried(lambda: batches.upload(reference))
            return self._uploads[provider, digest]

    @cached_property
    def _of_earlier_jobs(self) -> Mapping[tuple[str, FileHash], Upload]:
        """What jobs that still wait brought to the vendors, as far as it lives for as long as one more may take."""
        until = self._session.clock.now() + JOB_TIME
        return {
            (job.provider, upload.sha256): upload
            for job in self._session.batch_jobs.all()
            if job.server == self._server(job.provider)
            for upload in job.uploads
            if not upload.expires_at or datetime.fromisoformat(upload.expires_at) > until
        }

    def _server(self, provider: str) -> str:
        return next(iter(self._session.adapters.members(provider)), "")

    def _now(self) -> str:
        return stamp(self._session.clock.now(), microseconds=True)


def sendings_of(job: BatchJob) -> Iterator[Sending]:
    """Return a job's requests as the journal has them."""
    for line in job.lines:
        yield Sending(
            line.attempt,
            line.entry_id,
            job.run,
            1,
            job.provider,
            job.model,
            line.fingerprint,
            line.estimate_usd,
        )


def _stops(failure: ProviderError) -> bool:
    """Say whether the provider would refuse every other job now too."""
    return failure.failure is FailureClass.PROVIDER_STOP or failure.rate_limited


def _of_the_disk(failure: InputError) -> ProviderError:
    """Say of a job that the disk does not take why its images were not sent for."""
    (problem, *_) = failure.problems
    return ProviderError(FailureClass.OURS, f"its job could not be made: {problem.message}", hint=problem.hint)
