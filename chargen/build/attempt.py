"""The attempts at one image: a durable row before each request leaves, and the reply stored before anything else.

Laws: nothing leaves while the place of the originals can't be written to, or has no room for what the images being made
may take: what no disk takes must not be bought; nothing more leaves in a run once a reply could not be stored; replies
already on their way are still taken. From the moment `store` returns the money is safe; what fails later is repaired by
a later run without a call.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from chargen import __version__
from chargen.build.events import AnsweredByAnother, ChargedMore
from chargen.config.tiers import FINAL
from chargen.errors import ChargenError, InputError, Position, Problem, error
from chargen.model.inputs import record_parts
from chargen.model.record import Record
from chargen.model.record_line import last_attempt
from chargen.model.request import ProviderError, Reply, Request
from chargen.model.values import EntryId
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.clock import new_attempt_id, stamp
from chargen.store.jobs import Job
from chargen.store.journal_rows import Sending
from chargen.store.original_store import StoredOriginal


class Purchase:
    """The right to buy one image; so it is without a shared store, where nobody else is asked."""

    def sent(self, record: Record) -> None:
        """Called when a request is about to leave; raising keeps it here."""

    def joined(self, record: Record) -> None:
        """Called when a request is about to join a job; raising keeps it out."""

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Called when the request brought nothing; never raises."""

    def stored(self, stored: StoredOriginal) -> None:
        """Called once its reply is safe here; never raises."""

    def close(self) -> None:
        """Called when it is over, whatever came of it; never raises."""


class NotClaimedError(Exception):
    """An image may not be bought, because its claim can't be had; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class HeldElsewhereError(Exception):
    """Another build is buying an image: the text says who, for people; nothing was sent."""


BYTES_A_PIXEL = 2 * 4
"""What an image takes at most: four bytes a pixel, as noise with transparency does, as delivered and as published. What
comes larger than it was asked for comes as JPEG, with a byte a pixel and less."""
REST = 2 << 20
"""Bytes for an image's record, its slots and what is written of its run."""


class DiskGuard(Struct):
    """Whether replies can be kept, for one run of the project at `root`. Safe to use from threads."""

    root: Path
    folder: Path
    failure: str = ""
    _held: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def room(self, pixels: int) -> Iterator[None]:
        """Count on an image of so many pixels being written in the block."""
        need = BYTES_A_PIXEL * pixels + REST
        with self._lock:
            self._held += need
        try:
            yield
        finally:
            with self._lock:
                self._held -= need

    def check(self) -> None:
        """Raise InputError where a reply could not be kept."""
        place = self.folder
        while not place.exists():
            place = place.parent
        shown = place.relative_to(self.root).as_posix() if place.is_relative_to(self.root) else str(place)
        if self.failure:
            hint = "fix that, then run again: the images not sent for cost nothing"
            message = f"not sent: the reply for another image could not be stored: {self.failure}"
            raise InputError(error(message, hint=hint))
        if not os.access(place, os.W_OK | os.X_OK):
            hint = "check who owns this path, its permissions, and that its file system is writable"
            raise InputError(error("not sent: a reply could not be stored here", Position(shown), hint))
        free = shutil.disk_usage(place).free
        if free < self._held:
            need = f"{-(-self._held >> 20)} MiB that the images being made may take"
            message = f"not sent: {free >> 20} MiB are free on this disk, less than the {need}"
            raise InputError(error(message, Position(shown), "free some space, then run again"))

    def failed(self, failure: ChargenError) -> None:
        """Note that a reply could not be stored."""
        self.failure = self.failure or failure.problems[0].message


class ImageAttempts:
    """What is noted of one image on its way; `confirm` is asked when a request is about to leave."""

    def __init__(
        self,
        session: Session,
        guard: DiskGuard,
        image: Planned,
        confirm: Callable[[], None],
        is_planned: Callable[[EntryId], bool],
        *,
        purchase: Purchase,
    ) -> None:
        assert image.inputs is not None
        assert image.fingerprint is not None
        self._session = session
        self._guard = guard
        self._image = image
        self._inputs = image.inputs
        self._fingerprint = image.fingerprint
        self._confirm = confirm
        self._is_planned = is_planned
        self._purchase = purchase
        self._record: Record | None = None
        assert image.route is not None
        tier = session.project.settings.tier
        of_tier = tier is not None and tier.name != FINAL and not is_proof(image.route.provider)
        self._tier = tier.name if tier is not None and of_tier else None
        self._keeps_jobs = session.adapters.models.facts(image.route.provider).jobs

    def in_transit(self, request: Request, servers: Sequence[str]) -> Job | None:
        """Return the job for this image that may still be at one of its servers; it is waited for, not sent again."""
        if not self._keeps_jobs:
            return None
        job = self._session.jobs.take(lambda job: job.server in servers and self._is_for(job, request))
        if job is not None:
            self._record = job.record
        return job

    def joining(self, record: Record) -> None:
        """Ask once more whether it should."""
        self._guard.check()
        self._confirm()
        self._purchase.joined(record)

    def sent(self, request: Request, number: int, estimate: Decimal | None, server: str) -> str:
        """Ask once more, then commit that try `number` (from 1) is about to leave; raising keeps it here."""
        self._guard.check()
        self._confirm()
        session, record = self._session, self.asked(request, number, estimate)
        self._purchase.sent(record)
        if self._keeps_jobs:
            session.jobs.begin(Job(record, server))
        self._record = replace(record, sent_at=session.journal.sent(Sending.of(record)))
        return record.attempt

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Note that a try brought no image; one that may still bring one stays a job."""
        self._purchase.failed(attempt_id, failure)
        note_failed(self._session, attempt_id, failure)
        if self._keeps_jobs:
            self._session.jobs.let_go(attempt_id)
            if not failure.in_transit:
                self._session.jobs.end(attempt_id)

    def store(self, reply: Reply) -> StoredOriginal:
        """Keep what arrived for the last try, before anything else happens to it. Raises InputError."""
        assert self._record is not None
        record = received(self._session, self._record, reply)
        try:
            stored = self._session.originals.put(record, reply.data, reply.others)
        except ChargenError as failure:
            self._guard.failed(failure)
            raise InputError([_lost(problem) for problem in failure.problems]) from failure
        self._session.journal.stored(stored, soon=True)
        if self._keeps_jobs:
            self._session.jobs.end(record.attempt)
        self._purchase.stored(stored)
        return stored

    def asked(self, request: Request, number: int, estimate: Decimal | None) -> Record:
        """Return the record of a try as far as it is known before it leaves."""
        image, inputs, now = self._image, self._inputs, self._session.clock.now()
        return Record(
            entry_id=image.id,
            kind=image.entry.kind,
            file=image.entry.file,
            attempt=new_attempt_id(now),
            fingerprint=self._fingerprint,
            prompt=inputs.prompt,
            negative_prompt=inputs.negative_prompt,
            asked_size=inputs.size,
            provider=request.provider,
            model=request.model,
            model_sha256=request.model_sha256,
            sent_at=stamp(now, microseconds=True),
            received_at="",
            chargen_version=__version__,
            parts=record_parts(inputs),
            references=inputs.references,
            requested_size=request.requested_size,
            quality=request.quality,
            tier=self._tier,
            parameters=request.parameters,
            sent_prompt=request.prompt if request.prompt != inputs.prompt else None,
            notes=request.notes,
            cost_estimate_usd=estimate,
            run=self._session.run_id,
            number=number,
            why=image.judgement.reasons,
            after=last_attempt(image.replaces),
        )

    def _is_for(self, job: Job, request: Request) -> bool:
        """Say whether a job is for this image: of its inputs, by its model, for its entry or one that is gone."""
        record = job.record
        wanted = self._fingerprint, request.route, request.model_sha256
        same = (record.fingerprint, record.route, record.model_sha256) == wanted
        return same and (record.entry_id == self._image.id or not self._is_planned(record.entry_id))


def received(session: Session, record: Record, reply: Reply) -> Record:
    """Complete the record of a try with its reply, free of keys and of what can't be kept: good replies hold both."""
    clean = session.project.clean
    another = clean(reply.answered_by)
    return replace(
        record,
        received_at=stamp(session.clock.now(), microseconds=True),
        request_id=clean(reply.request_id),
        seed=reply.seed,
        revised_prompt=clean(reply.revised_prompt),
        usage=clean(reply.usage),
        cost_usd=reply.cost_usd,
        model_version=clean(reply.model_version),
        notes=record.notes if another is None else (*record.notes, f"`{record.route}` was asked, `{another}` answered"),
        details=clean({**reply.details, "others": len(reply.others)} if reply.others else reply.details),
    )


def note_failed(session: Session, attempt_id: str, failure: ProviderError) -> None:
    """Note in the journal that a try brought no image, free of keys and of what can't be kept."""
    session.journal.failed(
        attempt_id,
        failure.failure,
        failure.message,
        http_status=failure.status,
        request_id=session.project.clean(failure.request_id),
        cost_usd=failure.cost_usd,
        usage=session.project.clean(failure.usage),
        possibly_billed=failure.possibly_billed,
    )


def told_of(
    route: str, entry_id: str, most: Decimal | None, outcome: Reply | ProviderError
) -> Iterator[ChargedMore | AnsweredByAnother]:
    """Yield that a request cost more than the `most` it was known to, and that another model answered it."""
    cost = outcome.cost_usd
    if most and cost is not None and cost > most:
        yield ChargedMore(route, entry_id, most, cost)
    if isinstance(outcome, Reply) and outcome.answered_by is not None:
        yield AnsweredByAnother(route, entry_id, outcome.answered_by)


def _lost(problem: Problem) -> Problem:
    """Say of what went wrong with a reply's place that it lost the reply."""
    message = f"the reply could not be stored and is lost; it may be billed: {problem.message}"
    return problem.told(message)
