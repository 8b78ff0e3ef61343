"""Sends for one image at a time and per thread: the same loop of gate, budget, log and retries for every provider.

Laws: nothing leaves before its `sent` entry of the log has been committed and its price set aside; a try is never
repeated once its reply is here; an unexpected exception fails one image, as ours; the provider's other images go on
unless its breaker opens. Knows the provider's protocol and the log's, and nothing of files.
"""

from __future__ import annotations

import random as chance
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from chargen.build.events import (
    ChargedMore,
    ProviderPaused,
    ProviderStopped,
    RequestSent,
    Sink,
    TryFailed,
    nobody,
)
from chargen.build.pace import InterruptibleWait, Pacer
from chargen.build.retry import Breaker, BreakerOpenError, asks_too_long, next_wait, pause_after
from chargen.config.settings import Settings
from chargen.model.request import (
    FailureClass,
    Pending,
    Provider,
    ProviderError,
    ProviderSettings,
    Reply,
    Request,
    Ticket,
)
from chargen.plan.budget import NOTHING, Ledger, OverBudgetError
from chargen.providers.registry import Adapters


class AttemptLog(Protocol):
    """Where the attempts for one image are written; it knows which image that is."""

    def sent(self, request: Request, number: int, estimate: Decimal | None) -> str:
        """Commit that try `number` (from 1) is about to leave, and return its attempt id; raising keeps it here."""

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Note that the attempt brought no image."""


@dataclass(slots=True)
class _Call:
    """One image's way through the loop."""

    request: Request
    estimate: Decimal | None
    most: Decimal | None
    log: AttemptLog
    failures: list[ProviderError] = field(default_factory=list)
    wait: float | None = None

    @property
    def number(self) -> int:
        return len(self.failures) + 1


class Sender:
    """Sends to one provider; any number of threads may call `send`, at most `workers` are in flight."""

    def __init__(
        self,
        provider: Provider,
        settings: ProviderSettings,
        *,
        ledger: Ledger,
        stop: threading.Event,
        sink: Sink = nobody,
        clock: Callable[[], float] = time.monotonic,
        luck: Callable[[], float] = chance.random,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._provider = provider
        self._ledger = ledger
        self._sink = sink
        self._luck = luck
        self._breaker = Breaker()
        self._waits = InterruptibleWait(stop, clock, wait)
        self._sleep = wait or time.sleep
        self._pacer = Pacer(
            workers=settings.workers or provider.default_workers,
            per_minute=settings.per_minute or provider.default_per_minute,
            waits=self._waits,
        )

    @property
    def workers(self) -> int:
        """How many requests are in flight at most: more threads than this only wait."""
        return self._pacer.workers

    @property
    def stopped_by(self) -> ProviderError | None:
        """The answer that opened the breaker, None while images can be sent for."""
        return self._breaker.cause

    def send(self, request: Request, estimate: Decimal | None, most: Decimal | None, log: AttemptLog) -> Reply:
        """Send until a reply comes or it is of no use to try again; a try costs `estimate`, and `most` at most.

        Raises ProviderError (BreakerOpenError where nothing was sent because the provider is stopped), StoppedError
        where the run is interrupted, OverBudgetError where nothing was sent for the budget, and what `log` raises.
        Whoever gets the reply stores it before anything else.
        """
        self._need_key()
        self._provider.open()
        call = _Call(request, estimate, most, log)
        while True:
            try:
                return self._try(call)
            except ProviderError as failure:
                if call.wait is None or not call.failures or failure is not call.failures[-1]:
                    raise
            self._waits.seconds(call.wait, self._breaker.check)

    def _need_key(self) -> None:
        self._breaker.check()
        if missing := self._provider.missing_key():
            failure = ProviderError(FailureClass.PROVIDER_STOP, missing.message, hint=missing.hint)
            self._open(failure)
            raise BreakerOpenError(failure)

    def _try(self, call: _Call) -> Reply:
        """Send once. Raises as `send`; a ProviderError has been logged, accounted for and acted on."""
        self._reserve(call)
        with self._departed(call) as departed:
            attempt_id = self._log_sent(call)
            try:
                reply = self._collected(self._provider.submit(call.request, attempt_id))
            except ProviderError as failure:
                self._failed(call, attempt_id, failure, departed)
                raise
            except Exception as bug:
                wrapped = self._ours(bug)
                self._failed(call, attempt_id, wrapped, departed)
                raise wrapped from bug
            self._breaker.met(None)
            self._settle(call, reply.cost_usd if reply.cost_usd is not None else call.estimate)
        return reply

    def _settle(self, call: _Call, actual: Decimal | None) -> None:
        """Account for a try; tell where a vendor charged more than it was known to."""
        if self._ledger.settle(call.most, actual):
            assert call.most is not None
            assert actual is not None
            request = call.request
            self._sink(ChargedMore(str(request.route), request.asked.entry_id, call.most, actual))

    def _collected(self, ticket: Ticket) -> Reply:
        """Wait for what was handed over, as calls in flight finish: the job is at work, and holds its place."""
        while isinstance(got := self._provider.collect(ticket), Pending):
            self._sleep(got.seconds)
        return got

    def _reserve(self, call: _Call) -> None:
        """Set money aside. Raises OverBudgetError, or the last failure where it was a further try that does not fit."""
        try:
            self._ledger.reserve(call.estimate, call.most, self._go_on)
        except OverBudgetError as refusal:
            if not call.failures:
                raise
            call.wait = None
            failure = call.failures[-1]
            failure.hint = f"not tried again for the budget: {refusal.message}"
            raise failure from refusal

    @contextmanager
    def _departed(self, call: _Call) -> Iterator[float]:
        """Hold a place in flight, or give the money back where the request is not to leave any more."""
        with ExitStack() as stack:
            try:
                departed = stack.enter_context(self._pacer.flight(self._breaker.check))
            except BaseException:
                self._ledger.settle(call.most, NOTHING)
                raise
            yield departed

    def _go_on(self) -> None:
        """Raise where a request that waits for its turn is not to leave any more."""
        self._waits.check()
        self._breaker.check()

    def _log_sent(self, call: _Call) -> str:
        try:
            attempt_id = call.log.sent(call.request, call.number, call.estimate)
        except BaseException:
            self._ledger.settle(call.most, NOTHING)
            raise
        self._sink(RequestSent(self._provider.name, call.request.asked.entry_id, attempt_id, call.number))
        return attempt_id

    def _ours(self, bug: Exception) -> ProviderError:
        """Wrap a bug; its own words may hold anything, so only its type is reported."""
        message = f"unexpected `{type(bug).__name__}` while `{self._provider.name}` was asked"
        return ProviderError(
            FailureClass.OURS, message, hint="the log file has the details; please report it", possibly_billed=True
        )

    def _failed(self, call: _Call, attempt_id: str, failure: ProviderError, departed: float) -> None:
        name = self._provider.name
        number = call.number
        if failure.failure is FailureClass.AMBIGUOUS:
            failure.possibly_billed = True
        call.failures.append(failure)
        call.wait = next_wait(call.failures, self._luck())
        unknown = failure.possibly_billed and failure.cost_usd is None
        self._settle(call, None if unknown else failure.cost_usd or NOTHING)
        self._react(call, failure, departed)
        call.log.failed(attempt_id, failure)
        entry_id = call.request.asked.entry_id
        self._sink(TryFailed(name, entry_id, attempt_id, number, failure, call.wait))

    def _react(self, call: _Call, failure: ProviderError, departed: float) -> None:
        """Do what a failure means for the provider's other images: stop them, hold them back, or nothing."""
        if failure.failure is FailureClass.PROVIDER_STOP:
            self._open(failure)
        elif self._breaker.met(failure, last_try=call.wait is None):
            call.wait = None
            self._open(failure)
        elif asks_too_long(failure):
            failure.hint = f"`{self._provider.name}` asks to wait {failure.wait:.0f} s: run again after that"
            self._open(failure)
        elif failure.failure is FailureClass.TRANSIENT and (failure.rate_limited or failure.wait is not None):
            seconds = pause_after(call.failures) if call.wait is None else call.wait
            if failure.rate_limited:
                self._pacer.refused(departed, seconds)
            else:
                self._pacer.pause(seconds)
            self._sink(ProviderPaused(self._provider.name, seconds, failure.message))

    def _open(self, failure: ProviderError) -> None:
        failure.stops_provider = True
        if self._breaker.open(failure):
            self._sink(ProviderStopped(self._provider.name, failure.message, failure.hint))


class Senders:
    """The senders of one run, one a provider, made when its first image is sent; all share ledger and stop."""

    def __init__(
        self, settings: Settings, adapters: Adapters, ledger: Ledger, stop: threading.Event, sink: Sink = nobody
    ) -> None:
        self._settings = settings
        self._adapters = adapters
        self._ledger = ledger
        self._stop = stop
        self._sink = sink
        self._lock = threading.Lock()
        self._made: dict[str, Sender] = {}

    def get(self, provider: str) -> Sender:
        """Return the sender of a provider."""
        with self._lock:
            if provider not in self._made:
                self._made[provider] = Sender(
                    self._adapters.get(provider),
                    self._settings.provider(provider),
                    ledger=self._ledger,
                    stop=self._stop,
                    sink=self._sink,
                )
            return self._made[provider]
