"""Sends for one image at a time and per thread: the same loop of gate, budget, log and retries for every provider.

Laws: nothing leaves before its `sent` entry of the log has been committed and its price set aside; a try is never
repeated once its reply is here; an unexpected exception fails one image, as ours; the provider's other images go on
unless its breaker opens. Knows the provider's protocol and the log's, and nothing of files.
"""

from __future__ import annotations

import random as chance
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal

from msgspec import Struct, field

from chargen.build.attempt import ImageAttempts, told_of
from chargen.build.events import (
    JobAdvanced,
    ProviderPaused,
    ProviderStopped,
    RequestSent,
    ServerLeftOut,
    Sink,
    TryFailed,
)
from chargen.build.pace import InterruptibleWait, Pacer
from chargen.build.retry import BreakerOpenError, Pool, Server, asks_too_long, next_wait, pause_after
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


class _Flight(Struct, frozen=True):
    """One try: where, under which attempt, what was set aside for it, and when it left."""

    server: Server
    attempt_id: str
    most: Decimal | None
    departed: float


class _Call(Struct):
    """One image's way through the loop."""

    request: Request
    estimate: Decimal | None
    most: Decimal | None
    log: ImageAttempts
    failures: list[ProviderError] = field(default_factory=list)
    """Of the tries that count."""
    failed: ProviderError | None = None
    """How the last try ended."""
    last: Server | None = None
    wait: float | None = None
    tries: int = 0
    """All there were, also those that a server left out brought to nothing."""


class Sender:
    """Sends to one provider; any number of threads may call `send`, at most `workers` are in flight.

    `members` are its servers by address: a pool, of one where there is one.
    """

    def __init__(
        self,
        members: Mapping[str, Provider],
        settings: ProviderSettings,
        *,
        ledger: Ledger,
        stop: threading.Event,
        sink: Sink,
        clock: Callable[[], float] = time.monotonic,
        luck: Callable[[], float] = chance.random,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._name = next(iter(members.values())).name
        self._ledger = ledger
        self._sink = sink
        self._luck = luck
        self._waits = InterruptibleWait(stop, clock, wait)
        self._sleep = wait or time.sleep
        servers = []
        for address, member in members.items():
            workers, per_minute = settings.workers or member.default_workers, settings.per_minute
            pacer = Pacer(workers=workers, per_minute=per_minute or member.default_per_minute, waits=self._waits)
            servers.append(Server(address, member, pacer, alone=len(members) == 1))
        self._pool = Pool(servers, clock)
        self.workers = sum(server.pacer.workers for server in servers)
        """How many requests are in flight at most: more threads than this only wait."""

    @property
    def stopped_by(self) -> ProviderError | None:
        """The answer that opened the breaker, None while images can be sent for."""
        return self._pool.cause

    def send(self, request: Request, estimate: Decimal | None, most: Decimal | None, log: ImageAttempts) -> Reply:
        """Send until a reply comes or it is of no use to try again; a try costs `estimate`, and `most` at most.

        Raises ProviderError (BreakerOpenError where nothing was sent because the provider is stopped), StoppedError
        where the run is interrupted, OverBudgetError where nothing was sent for the budget, and what `log` raises.
        Whoever gets the reply stores it before anything else.
        """
        call = _Call(request, estimate, most, log)
        while True:
            waiting = log.in_transit(request, tuple(server.address for server in self._pool.servers))
            with self._pool.least_busy(None if waiting is None else waiting.server, call.last) as server:
                call.last = server
                job = waiting.name if waiting is not None and waiting.server == server.address else None
                try:
                    return self._try(call, server, job)
                except BreakerOpenError:
                    self._pool.check()
                    continue
                except ProviderError as failure:
                    if call.wait is None or failure is not call.failed:
                        raise
            self._waits.seconds(call.wait, self._pool.check)

    def _need_key(self, server: Server) -> None:
        server.breaker.check()
        if missing := server.provider.missing_key():
            failure = ProviderError(FailureClass.PROVIDER_STOP, missing.message, hint=missing.hint)
            self._leave_out(server, failure)
            raise BreakerOpenError(failure)

    def _try(self, call: _Call, server: Server, job: str | None) -> Reply:
        """Send once, or wait for the job that was sent before.

        Raises as `send`; a ProviderError has been logged, accounted for and acted on.
        """
        self._need_key(server)
        server.provider.open()
        most = call.most if job is None else NOTHING
        self._reserve(call, server, most)
        with self._departed(server, most) as departed:
            attempt_id = self._log_sent(call, server) if job is None else job
            flight = _Flight(server, attempt_id, most, departed)
            try:
                ticket = server.provider.submit(call.request, attempt_id) if job is None else Ticket(job)
                reply = self._collected(server.provider, ticket, call.request.asked.entry_id)
            except ProviderError as failure:
                self._failed(call, flight, failure)
                raise
            except Exception as bug:
                wrapped = self._ours(bug)
                self._failed(call, flight, wrapped)
                raise wrapped from bug
            self._pool.served(server)
            free = call.estimate if job is None else NOTHING
            self._settle(call, most, reply.cost_usd if reply.cost_usd is not None else free, reply)
        return reply

    def _settle(
        self, call: _Call, most: Decimal | None, actual: Decimal | None, outcome: Reply | ProviderError
    ) -> None:
        """Account for a try, and tell what is odd about it."""
        self._ledger.settle(most, actual)
        request = call.request
        for event in told_of(str(request.route), request.asked.entry_id, most, outcome):
            self._sink(event)

    def _collected(self, provider: Provider, ticket: Ticket, entry_id: str) -> Reply:
        """Wait for what was handed over, as calls in flight finish: the job is at work, and holds its place."""
        done: float | None = None
        while isinstance(got := provider.collect(ticket), Pending):
            if got.done is not None and got.done != done:
                done = got.done
                self._sink(JobAdvanced(entry_id, done))
            self._sleep(got.seconds)
        return got

    def _reserve(self, call: _Call, server: Server, most: Decimal | None) -> None:
        """Set money aside. Raises OverBudgetError, or the last failure where it was a further try that does not fit."""

        def go_on() -> None:
            self._waits.check()
            server.breaker.check()

        try:
            self._ledger.reserve(call.estimate, most, go_on)
        except OverBudgetError as refusal:
            if call.failed is None:
                raise
            call.wait = None
            call.failed.hint = f"not tried again because of the budget: {refusal.message}"
            raise call.failed from refusal

    @contextmanager
    def _departed(self, server: Server, most: Decimal | None) -> Iterator[float]:
        """Hold a place in flight, or give the money back where the request is not to leave any more."""
        with ExitStack() as stack:
            try:
                departed = stack.enter_context(server.pacer.flight(server.breaker.check))
            except BaseException:
                self._ledger.settle(most, NOTHING)
                raise
            yield departed

    def _log_sent(self, call: _Call, server: Server) -> str:
        try:
            attempt_id = call.log.sent(call.request, call.tries + 1, call.estimate, server.address)
        except BaseException:
            self._ledger.settle(call.most, NOTHING)
            raise
        self._sink(RequestSent(call.request.asked.entry_id))
        return attempt_id

    def _ours(self, bug: Exception) -> ProviderError:
        """Wrap a bug; its own words may hold anything, so only its type is reported."""
        message = f"unexpected `{type(bug).__name__}` while `{self._name}` was asked"
        return ProviderError(
            FailureClass.OURS, message, hint="the log file has the details; please report it", possibly_billed=True
        )

    def _failed(self, call: _Call, flight: _Flight, failure: ProviderError) -> None:
        number = call.tries = call.tries + 1
        if failure.failure is FailureClass.AMBIGUOUS:
            failure.possibly_billed = True
        call.failed = failure
        call.failures.append(failure)
        call.wait = next_wait(call.failures, self._luck())
        unknown = failure.possibly_billed and failure.cost_usd is None
        self._settle(call, flight.most, None if unknown else failure.cost_usd or NOTHING, failure)
        self._react(call, flight, failure)
        call.log.failed(flight.attempt_id, failure)
        entry_id = call.request.asked.entry_id
        self._sink(TryFailed(self._name, entry_id, flight.attempt_id, number, failure, call.wait))

    def _react(self, call: _Call, flight: _Flight, failure: ProviderError) -> None:
        """Do what a failure means for the provider's other images: stop them, hold them back, or nothing."""
        server = flight.server
        if (
            failure.failure is FailureClass.PROVIDER_STOP
            or server.breaker.met(failure, last_try=call.wait is None)
            or _serves_no_one(server, failure)
        ):
            self._elsewhere(call, server, failure)
        elif asks_too_long(failure):
            failure.hint = f"`{self._name}` asks to wait {failure.wait:.0f} s: run again after that"
            self._elsewhere(call, server, failure)
        elif failure.failure is FailureClass.TRANSIENT and (failure.rate_limited or failure.wait is not None):
            seconds = pause_after(call.failures) if call.wait is None else call.wait
            if failure.rate_limited:
                server.pacer.refused(flight.departed, seconds)
            else:
                server.pacer.pause(seconds)
            self._sink(ProviderPaused(self._name, seconds, failure.message))

    def _elsewhere(self, call: _Call, server: Server, failure: ProviderError) -> None:
        """Leave a server out; the image goes to another at once, where there is one, and that try does not count."""
        self._leave_out(server, failure)
        if self._pool.cause is None:
            call.failures.pop()
            call.wait = 0.0
        else:
            call.wait = None
            failure.stops_provider = True

    def _leave_out(self, server: Server, failure: ProviderError) -> None:
        seconds = self._pool.leave_out(server, failure)
        if seconds is not None:
            self._sink(ServerLeftOut(self._name, server.address, seconds, failure.message))
        elif self._pool.cause is failure:
            self._sink(ProviderStopped(self._name, failure.message, failure.hint))


def _serves_no_one(server: Server, failure: ProviderError) -> bool:
    """Say whether a server of several can't be reached at all; one that has a job of ours is given more tries."""
    return not server.alone and failure.alike and not failure.in_transit


class Senders:
    """The senders of one run, one a provider, made when its first image is sent; all share ledger and stop."""

    def __init__(
        self, settings: Settings, adapters: Adapters, ledger: Ledger, stop: threading.Event, sink: Sink
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
                    self._adapters.members(provider),
                    self._settings.provider(provider),
                    ledger=self._ledger,
                    stop=self._stop,
                    sink=self._sink,
                )
            return self._made[provider]
