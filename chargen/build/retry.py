"""Whether a failed request is sent again, after how long, and when a provider is given up for the rest of a run.

Laws: only a transient failure is tried up to five times; what may have cost money (no answer, or a reply without an
image) is tried again once at most, whatever else failed in between; a server's own wish to wait comes before ours, and
one that is too long ends the matter. Of the requests that would leave after a breaker opened there are none; only those
in flight still answer. Of several servers of one provider the least busy one is asked first; one that can't serve is
left out and tried again after a rest, longer each time; where none is left the provider is stopped. What is asked is
the same whichever server answers. Randomness is handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chargen.model.request import FailureClass, Provider, ProviderError

if TYPE_CHECKING:  # a gate raises what is made here
    from chargen.build.pace import Pacer

MAX_TRIES = 5
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds after the first, second, ... failure."""
JITTER = 0.25
"""Part of a wait that is added at most, so that those who failed together do not come back together."""
LONGEST_WAIT = 300.0
"""Seconds; a server that asks for more is not waited for in this run."""
MAX_AMBIGUOUS = 2
"""Tries that may end without an answer: each may have been billed."""


class StoppedError(Exception):
    """The run is being interrupted: nothing more is sent; calls in flight finish."""


class BreakerOpenError(ProviderError):
    """The provider was stopped by the answer to another image; nothing was sent for this one."""

    def __init__(self, cause: ProviderError) -> None:
        super().__init__(FailureClass.PROVIDER_STOP, cause.message, hint=cause.hint, code=cause.code)
        self.cause = cause


def next_wait(failures: Sequence[ProviderError], luck: float) -> float | None:
    """Return the seconds to wait before the next try, None where there is to be none.

    `failures` are those of one image in order, at least one; `luck` is a random number from 0 to 1.
    """
    last = failures[-1]
    if last.failure not in (FailureClass.TRANSIENT, FailureClass.AMBIGUOUS):
        return None
    caps = [cap for failure in failures if (cap := _cap(failure)) is not None]
    used_up = len(failures) >= MAX_TRIES or (caps and len(caps) >= min(caps))
    if used_up or asks_too_long(last):
        return None
    jitter = JITTER * luck
    return pause_after(failures) + jitter if last.wait is not None else pause_after(failures) * (1 + jitter)


def pause_after(failures: Sequence[ProviderError]) -> float:
    """Return the seconds that the last failure asks for: the server's own wish, else ours for that many failures."""
    wish = failures[-1].wait
    return max(wish, 0.0) if wish is not None else WAITS[min(len(failures), len(WAITS)) - 1]


def asks_too_long(failure: ProviderError) -> bool:
    """Say whether the server asks to wait longer than a run waits."""
    return failure.failure is FailureClass.TRANSIENT and failure.wait is not None and failure.wait > LONGEST_WAIT


def _cap(failure: ProviderError) -> int | None:
    """Return how many failures that may have cost money an image may have, None for one that cost none."""
    return MAX_AMBIGUOUS if failure.failure is FailureClass.AMBIGUOUS and failure.tries is None else failure.tries


ENOUGH = 3
"""Tries in a row that fail as every other would: one may be an accident, two may have left together."""


class Breaker:
    """One server's breaker, closed at first; safe to use from threads.

    A `patient` one is of a server that no other stands in for.
    """

    def __init__(self, *, patient: bool = True) -> None:
        self._patient = patient
        self._lock = threading.Lock()
        self.cause: ProviderError | None = None
        """The answer that opened it, None while it is closed."""
        self._alike = 0
        self._reached = False

    def open(self, cause: ProviderError) -> bool:
        """Open it; True for the one call that did."""
        with self._lock:
            if self.cause is not None:
                return False
            self.cause = cause
            return True

    def met(self, failure: ProviderError | None, *, last_try: bool = False) -> bool:
        """Note how a try ended, None for a reply; True where it shows that no other request can succeed.

        That is a failure which every request would meet, three times in a row with nothing else in between; where the
        server answered before in this run, a patient one waits until an image has used up its tries: networks do come
        back.
        """
        with self._lock:
            if failure is None or not failure.alike:
                self._alike = 0
                self._reached = True
                return False
            self._alike += 1
            return last_try if self._reached and self._patient else self._alike >= ENOUGH

    def check(self) -> None:
        """Raise BreakerOpenError where it is open."""
        if self.cause is not None:
            raise BreakerOpenError(self.cause)


REST = 30.0
"""Seconds for which a server that can't serve is left out the first time; twice as many each further time."""
LONGEST_REST = 480.0


class Server:
    """One address of a provider, with all that is counted for it alone."""

    def __init__(self, address: str, provider: Provider, pacer: Pacer, *, alone: bool) -> None:
        self.address = address
        self.provider = provider
        self.pacer = pacer
        self.alone = alone
        self.breaker = Breaker(patient=alone)
        self.busy = 0
        self.rests = 0
        self.back_at = 0.0


class Pool:
    """The servers of one provider; safe to use from threads."""

    def __init__(self, servers: Sequence[Server], clock: Callable[[], float]) -> None:
        self.servers = servers
        self._clock = clock
        self._lock = threading.Lock()
        self.cause: ProviderError | None = None
        """The answer that stopped the provider, None while images can be sent for."""

    def check(self) -> None:
        """Raise BreakerOpenError where the provider is stopped."""
        if self.cause is not None:
            raise BreakerOpenError(self.cause)

    @contextmanager
    def least_busy(self, wanted: str | None = None, but: Server | None = None) -> Iterator[Server]:
        """Give the server for the next request: that at the address `wanted`, where it serves, else the least busy.

        `but` is one that just failed: another goes before it. Raises BreakerOpenError where none serves.
        """
        with self._lock:
            self.check()
            now = self._clock()
            for server in self.servers:
                if not server.alone and server.breaker.cause is not None and now >= server.back_at:
                    server.breaker = Breaker(patient=False)
            serving = [server for server in self.servers if server.breaker.cause is None]
            named = [server for server in serving if server.address == wanted]
            chosen = min(named or serving, key=lambda server: (server is but, server.busy))
            chosen.busy += 1
        try:
            yield chosen
        finally:
            with self._lock:
                chosen.busy -= 1

    def leave_out(self, server: Server, failure: ProviderError) -> float | None:
        """Leave a server out; return for how many seconds, None where the provider is stopped or was already."""
        with self._lock:
            if not server.breaker.open(failure):
                return None
            if all(other.breaker.cause is not None for other in self.servers):
                self.cause = failure
                return None
            seconds: float = min(REST * 2**server.rests, LONGEST_REST)
            server.rests += 1
            server.back_at = self._clock() + seconds
            return seconds

    def served(self, server: Server) -> None:
        """Note that a server answered."""
        server.breaker.met(None)
        server.rests = 0
