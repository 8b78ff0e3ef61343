"""Collecting at the start of a run what the last one left at a server, finished or not.

Laws: what is finished is stored like any reply before a plan is made, so that the plan knows it; what the server knows
no more is given up, and what it can't be asked for now stays for later. Nothing is sent.
"""

from __future__ import annotations

import logging

from chargen.build.attempt import received
from chargen.model.request import Pending, Provider, ProviderError, Ticket
from chargen.plan.session import Session
from chargen.store.jobs import Job

_LOG = logging.getLogger("chargen")


def collect_jobs(session: Session) -> int:
    """Ask each server once for each job of before; return how many replies came.

    Raises InputError where the disk does not take a reply.
    """
    collected = 0
    silent: set[Provider] = set()
    for job in session.jobs.all():
        if session.originals.find(job.name, job.record.fingerprint) is not None:
            session.jobs.end(job.name)
            continue
        provider = _provider(session, job)
        if provider is None or provider in silent:
            continue
        provider.open()
        try:
            reply = provider.collect(Ticket(job.name))
        except ProviderError as failure:
            if failure.in_transit:
                silent.add(provider)
                continue
            session.journal.failed(job.name, failure.failure, failure.message)
            session.jobs.end(job.name)
            _LOG.warning("%s, sent by a run that ended: %s", job.record.entry_id, failure.message)
            continue
        if isinstance(reply, Pending):
            continue
        stored = session.originals.put(received(session, job.record, reply), reply.data, reply.others)
        session.journal.stored(stored)
        session.jobs.end(job.name)
        collected += 1
        _LOG.info("%s: collected what a run that ended had asked for", job.record.entry_id)
    return collected


def _provider(session: Session, job: Job) -> Provider | None:
    """Return who can be asked for a job; None where the settings do not name that server any more."""
    name = job.record.provider
    if name not in session.adapters.defaults or not session.adapters.models.facts(name).jobs:
        return None
    return session.adapters.members(name).get(job.server)
