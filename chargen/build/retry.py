"""Whether a failed request is sent again, after how long, and when a provider is given up for the rest of a run.

Laws: only a transient failure is tried up to five times; what may have cost money (no answer, or a reply without an
image) is tried again once at most, whatever else failed in between; a server's own wish to wait comes before ours, and
one that is too long ends the matter. Of the requests that would leave after a breaker opened there are none; only those
in flight still answer. Randomness is handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from chargen.model.request import FailureClass, ProviderError

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
    """One provider's breaker, closed at first; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cause: ProviderError | None = None
        self._alike = 0
        self._reached = False

    @property
    def cause(self) -> ProviderError | None:
        """The answer that opened it, None while it is closed."""
        return self._cause

    def open(self, cause: ProviderError) -> bool:
        """Open it; True for the one call that did."""
        with self._lock:
            if self._cause is not None:
                return False
            self._cause = cause
            return True

    def met(self, failure: ProviderError | None, *, last_try: bool = False) -> bool:
        """Note how a try ended, None for a reply; True where it shows that no other request can succeed.

        That is a failure which every request would meet, three times in a row with nothing else in between; where the
        server answered before in this run, only when an image has used up its tries: networks do come back.
        """
        with self._lock:
            if failure is None or not failure.alike:
                self._alike = 0
                self._reached = True
                return False
            self._alike += 1
            return last_try if self._reached else self._alike >= ENOUGH

    def check(self) -> None:
        """Raise BreakerOpenError where it is open."""
        if self._cause is not None:
            raise BreakerOpenError(self._cause)
