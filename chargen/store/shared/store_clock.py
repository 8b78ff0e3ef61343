"""The store's own time, which all machines of a team have in common: by it claims run out.

A machine whose clock is behind would else make claims that ran out before they were made, and what it is just buying
would be bought again; one whose clock is ahead would hold what it died over for as long.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from chargen.store.clock import Clock
from chargen.store.shared.objects import Objects


class StoreClock:
    """The store's time, asked for once and kept by this machine's clock; safe to use from threads."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._lock = threading.Lock()
        self._ahead: timedelta | None = None

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC. Raises StoreError."""
        with self._lock:
            if self._ahead is None:
                self._ahead = self._objects.time() - self._clock.now()
        return self._clock.now() + self._ahead
