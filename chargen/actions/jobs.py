"""The jobs at vendors: what each is of, how far it is, what it costs; and ending one. Sends no request for an image."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.build.batch_results import GIVE_UP, folder_of
from chargen.build.job_vendors import batches_of, why_unasked
from chargen.errors import StartError
from chargen.model.amounts import number
from chargen.model.batches import BatchState, BatchStatus
from chargen.model.request import FailureClass, ProviderError
from chargen.model.values import Route
from chargen.plan.session import Session
from chargen.store.batch_job import BatchJob, LastState
from chargen.text.names import did_you_mean


class ShownJob(Struct, frozen=True):
    """A job as it is shown. `state` is the vendor's, by what it says now or said last; None where it never said.

    `age` is in seconds; `trouble` says why the vendor could not be asked now, `hint` what helps; where that is needed
    first (a key, an address), nothing comes of asking again.
    """

    job: BatchJob
    state: BatchState | None
    age: float
    total: int
    done: int | None = None
    failed: int | None = None
    expires_at: str = ""
    trouble: str = ""
    hint: str = ""
    waits_for_settings: bool = False
    damaged: bool = False
    """Its folder does not tell what it is of, nor at which vendor it is."""

    @property
    def route(self) -> Route:
        """Who was asked."""
        return self.job.route

    @property
    def is_over(self) -> bool:
        """True where there is something to collect, or to give up."""
        return self.state is not None and self.state.is_over

    def to_json(self) -> dict[str, Any]:
        """One element of `jobs[]` in `jobs --json`."""
        return {
            "name": self.job.name,
            "id": self.job.id or None,
            "provider": self.job.provider or None,
            "model": self.job.model or None,
            "state": None if self.state is None else self.state.value,
            "begun_at": self.job.begun_at,
            "age_s": round(self.age),
            "expires_at": self.expires_at or None,
            "images": [line.entry_id for line in self.job.lines],
            "total": None if self.damaged else self.total,
            "done": self.done,
            "failed": self.failed,
            "cost_usd": None if self.damaged else number(self.job.estimate_usd),
            "trouble": self.trouble or None,
        }


def jobs(session: Session) -> tuple[ShownJob, ...]:
    """Return every job, oldest first, with what its vendor says of it now; those that can't be read come last."""
    every, lost = session.batch_jobs.look()
    return (*(_shown(session, job) for job in every), *(_damaged(session, name) for name in lost))


class Cancelled(Struct, frozen=True):
    """A job that was asked to end: so many of its lines are made and will be billed; None where nobody says."""

    job: BatchJob
    made: int | None
    was_over: bool = False

    @property
    def billed_usd(self) -> Decimal | None:
        """What the lines that are made come to by estimate; None where it is not known."""
        whole = self.job.estimate_usd
        return None if self.made is None or whole is None else whole * self.made / len(self.job.lines)

    def to_json(self) -> dict[str, Any]:
        """The object of `jobs cancel --json`."""
        return {"name": self.job.name, "made": self.made, "billed_usd": number(self.billed_usd), "over": self.was_over}


def cancel(session: Session, name: str) -> Cancelled:
    """Ask a vendor to end a job; its images wait until that is collected. Raises StartError where it can't be asked."""
    every = session.batch_jobs.all()
    job = next((job for job in every if name in (job.name, job.id)), None)
    if job is None and name in session.batch_jobs.look()[1]:
        raise StartError(f"`{folder_of(name)}` can't be read: whom to ask is not known", hint=GIVE_UP)
    if job is None:
        names = [job.name for job in every]
        hint = did_you_mean(name, names) or "`chargen jobs` lists them"
        raise StartError(f"there is no job `{name}`", hint=hint)
    batches = batches_of(session, job)
    if batches is None:
        why = why_unasked(session, job)
        raise StartError(f"`{job.name}` could not be asked for: {why.message}", hint=why.hint)
    try:
        job_id = job.id or batches.find(job.name, job.creating_at or job.begun_at)
        if job_id is None:
            hint = "the next build looks for it and gives it up"
            raise StartError(f"the vendor does not know `{job.name}` (yet)", hint=hint)
        status = batches.status(job_id)
        if not status.state.is_over:
            batches.cancel(job_id)
    except ProviderError as failure:
        raise StartError(session.project.scrub(failure.message), hint=failure.hint) from None
    return Cancelled(job, status.done, was_over=status.state.is_over)


def _damaged(session: Session, name: str) -> ShownJob:
    job = session.batch_jobs.remains(name)
    age = (session.clock.now() - datetime.fromisoformat(job.begun_at)).total_seconds()
    known = f" (`{job.id}` at its vendor)" if job.id else ""
    trouble = f"`{folder_of(name)}` can't be read: the job{known} may be running, and be billed"
    state = None if job.last is None else job.last.state
    return ShownJob(job, state, age, 0, trouble=trouble, hint=GIVE_UP, waits_for_settings=True, damaged=True)


def _shown(session: Session, job: BatchJob) -> ShownJob:
    age = (session.clock.now() - datetime.fromisoformat(job.begun_at)).total_seconds()
    told: BatchStatus | LastState | None = job.last
    trouble = "" if job.id else "whether it was made is not known; the next build looks for it"
    hint, stops = "", False
    batches = batches_of(session, job)
    if batches is None:
        why = why_unasked(session, job)
        trouble, hint, stops = why.message, why.hint, True
    elif job.id:
        try:
            told = batches.status(job.id)
        except ProviderError as failure:
            trouble, hint = session.project.scrub(failure.message), failure.hint
            stops = failure.failure is FailureClass.PROVIDER_STOP
    total = 0 if told is None else told.total  # while it is looked at, a vendor counts none
    shown = ShownJob(job, None, age, total or len(job.lines), trouble=trouble, hint=hint, waits_for_settings=stops)
    if told is None:
        return shown
    return replace(shown, state=told.state, done=told.done, failed=told.failed, expires_at=told.expires_at)
