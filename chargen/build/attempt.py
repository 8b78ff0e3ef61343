"""The attempts at one image: a durable row before each request leaves, and the reply stored before anything else.

From the moment `store` returns the money is safe; what fails later is repaired by a later run without a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chargen import __version__
from chargen.build.disk_guard import DiskGuard
from chargen.errors import ChargenError, InputError, Problem
from chargen.model.inputs import record_parts
from chargen.model.record import Record
from chargen.model.request import ProviderError, Reply, Request
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.store.clock import stamp
from chargen.store.journal_rows import Sending
from chargen.store.original_store import StoredOriginal
from chargen.store.originals import new_attempt_id
from chargen.text.bounded import bounded
from chargen.text.secrets import scrub_json


class Attempt:
    """What is noted of one image on its way; `confirm` is asked when a request is about to leave."""

    def __init__(self, session: Session, guard: DiskGuard, image: Planned, confirm: Callable[[], None]) -> None:
        assert image.inputs is not None
        assert image.fingerprint is not None
        self._session = session
        self._guard = guard
        self._image = image
        self._inputs = image.inputs
        self._fingerprint = image.fingerprint
        self._confirm = confirm
        self._request: Request | None = None
        self._attempt_id = ""
        self._sent_at = ""
        self._number = 0
        self._estimate: Decimal | None = None

    def sent(self, request: Request, number: int, estimate: Decimal | None) -> str:
        """Ask once more, then commit that a try is about to leave."""
        self._guard.check()
        self._confirm()
        self._request, self._number, self._estimate = request, number, estimate
        self._attempt_id = new_attempt_id(self._session.clock.now())
        self._sent_at = self._session.journal.sent(
            Sending(
                self._attempt_id,
                self._image.id,
                self._session.run_id,
                number,
                request.provider,
                request.model,
                self._fingerprint,
                estimate,
            )
        )
        return self._attempt_id

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Note that a try brought no image."""
        self._session.journal.failed(
            attempt_id,
            failure.failure,
            failure.message,
            http_status=failure.status,
            request_id=self._clean(failure.request_id),
            cost_usd=failure.cost_usd,
            usage=self._clean(failure.usage),
            possibly_billed=failure.possibly_billed,
        )

    def store(self, reply: Reply) -> StoredOriginal:
        """Keep what arrived for the last try, before anything else happens to it. Raises InputError."""
        request = self._request
        assert request is not None
        image, inputs = self._image, self._inputs
        record = Record(
            entry_id=image.id,
            kind=image.entry.kind,
            file=image.entry.file,
            attempt=self._attempt_id,
            fingerprint=self._fingerprint,
            prompt=inputs.prompt,
            negative_prompt=inputs.negative_prompt,
            asked_size=inputs.size,
            provider=request.provider,
            model=request.model,
            sent_at=self._sent_at,
            received_at=stamp(self._session.clock.now(), microseconds=True),
            chargen_version=__version__,
            parts=record_parts(inputs),
            references=inputs.references,
            requested_size=request.requested_size,
            quality=request.quality,
            parameters=request.parameters,
            sent_prompt=request.prompt if request.prompt != inputs.prompt else None,
            notes=request.notes,
            request_id=self._clean(reply.request_id),
            seed=reply.seed,
            revised_prompt=self._clean(reply.revised_prompt),
            usage=self._clean(reply.usage),
            cost_usd=reply.cost_usd,
            cost_estimate_usd=self._estimate,
            model_version=self._clean(reply.model_version),
            details=self._clean({**reply.details, "others": len(reply.others)} if reply.others else reply.details),
            run=self._session.run_id,
            number=self._number,
            why=image.judgement.reasons,
            after=image.replaces.attempt if image.replaces is not None else None,
        )
        try:
            stored = self._session.originals.put(record, reply.data, reply.others)
        except ChargenError as failure:
            self._guard.failed(failure)
            raise InputError([_lost(problem) for problem in failure.problems]) from failure
        self._session.journal.stored(stored, soon=True)
        return stored

    def _clean(self, value: Any) -> Any:
        """Return what a server said, free of keys and of what can't be kept: good replies hold both, too."""
        return scrub_json(bounded(value), self._session.project.secrets)


def _lost(problem: Problem) -> Problem:
    """Say of what went wrong with a reply's place that it lost the reply."""
    message = f"the reply could not be stored and is lost; it may be billed: {problem.message}"
    return replace(problem, message=message)
