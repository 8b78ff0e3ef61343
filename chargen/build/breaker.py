"""Stops a provider for the rest of the run once an answer shows that no other request can succeed.

Law: of the requests that leave after it opened there are none; only those already in flight still answer.
"""

from __future__ import annotations

import threading

from chargen.build.errors import BreakerOpenError
from chargen.model.request import ProviderError


class Breaker:
    """One provider's breaker, closed at first; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cause: ProviderError | None = None

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

    def check(self) -> None:
        """Raise BreakerOpenError where it is open."""
        if self._cause is not None:
            raise BreakerOpenError(self._cause)
