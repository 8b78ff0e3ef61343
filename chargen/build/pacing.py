"""The gate in front of a provider: how many requests are in flight, and when the next one leaves.

Laws: never more than `workers` in flight; departures as `departures` rules; whoever waits sees an interruption or an
opened breaker within `SLICE` seconds. Any number of threads may stand at the gate; each provider has its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chargen.build.departures import Departures
from chargen.build.errors import StoppedError

SLICE = 0.2
"""Longest single wait in seconds: one wait can't watch the interruption and the breaker both."""
TICK = 1e-6
"""Seconds that are not worth waiting, and may be too few for a clock to show."""


class Waits:
    """Waiting that ends early: `wait` sleeps up to so many seconds and returns at once when `stop` is set."""

    def __init__(
        self, stop: threading.Event, clock: Callable[[], float], wait: Callable[[float], object] | None = None
    ) -> None:
        self.stop = stop
        self.clock = clock
        self._wait = wait or stop.wait

    def check(self) -> None:
        """Raise StoppedError where the run is being interrupted."""
        if self.stop.is_set():
            raise StoppedError

    def until(self, left: Callable[[], float], check: Callable[[], None]) -> None:
        """Wait until `left` gives no more seconds to wait. Raises StoppedError, and whatever `check` raises."""
        while True:
            self.check()
            check()
            seconds = left()
            if seconds < TICK:
                return
            self._wait(min(seconds, SLICE))

    def seconds(self, seconds: float, check: Callable[[], None]) -> None:
        """Wait so many seconds. Raises as `until`."""
        end = self.clock() + seconds
        self.until(lambda: end - self.clock(), check)


class Pacer:
    """One provider's gate; `per_minute` is None where its limit is unknown."""

    def __init__(self, *, workers: int, per_minute: float | None, waits: Waits) -> None:
        self.workers = workers
        self._waits = waits
        self._slots = threading.BoundedSemaphore(workers)
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._departures = Departures(per_minute)

    @contextmanager
    def flight(self, check: Callable[[], None]) -> Iterator[float]:
        """Hold a place in flight, from the departure, whose time is given, until the end of the `with`.

        Raises StoppedError, or what `check` raises, instead of letting the request leave.
        """
        with self._turn:
            self._take_slot(check)
            try:
                self._waits.until(self._delay, check)
                with self._lock:
                    departed = self._waits.clock()
                    self._departures.depart(departed)
            except BaseException:
                self._slots.release()
                raise
        try:
            yield departed
        finally:
            self._slots.release()

    def pause(self, seconds: float) -> None:
        """Let nothing leave for so many seconds."""
        with self._lock:
            self._departures.pause(self._waits.clock() + seconds)

    def refused(self, departed: float, seconds: float) -> None:
        """Pause so many seconds because what left at `departed` came too fast, and learn from it."""
        with self._lock:
            self._departures.refused(departed, self._waits.clock(), seconds)

    def _take_slot(self, check: Callable[[], None]) -> None:
        self._waits.check()
        check()
        while not self._slots.acquire(timeout=SLICE):
            self._waits.check()
            check()

    def _delay(self) -> float:
        with self._lock:
            return self._departures.delay(self._waits.clock())
