"""Whom to ask for a job: the server that it was handed over at, while the settings name that and there is a key."""

from __future__ import annotations

from chargen.errors import Problem, error
from chargen.model.batches import BatchProvider
from chargen.model.request import Provider
from chargen.plan.session import Session
from chargen.store.batch_job import BatchJob


def batches_of(session: Session, job: BatchJob) -> BatchProvider | None:
    """Return who can be asked for a job; None where the settings name that server no more, or there is no key."""
    provider = _provider(session, job)
    return None if provider is None or provider.missing_key() else provider.batches


def why_unasked(session: Session, job: BatchJob) -> Problem:
    """Say why nobody can be asked for a job, where `batches_of` names none, and what helps."""
    provider = _provider(session, job)
    missing = None if provider is None else provider.missing_key()
    if missing is not None:
        return error(f"`{job.provider}` can't be asked: {missing.message}", None, missing.hint)
    message = f"`{job.provider}` can't be asked: it was handed over at {job.server}, and another address is set now"
    return error(message, None, "set the address it was handed over at (`base_url`, or the environment)")


def _provider(session: Session, job: BatchJob) -> Provider | None:
    if job.provider not in session.adapters.defaults:
        return None
    members = session.adapters.members(job.provider)
    return next(iter(members.values())) if job.mended else members.get(job.server)
