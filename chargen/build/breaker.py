"""Stops a provider for the rest of the run once an answer shows that no other request can succeed.

Law: of the requests that leave after it opened there are none; only those already in flight still answer.
"""

from __future__ import annotations

import threading

from chargen.build.errors import BreakerOpenError
from chargen.model.request import ProviderError

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
