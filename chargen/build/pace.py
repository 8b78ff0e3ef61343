"""When the next request to a provider may leave, and the gate that keeps to it.

Laws: with a limit of N a minute, no 60 seconds ever see more than N departures, and departures are spaced evenly, so
that a server which counts in shorter windows sees no burst either; a pause holds everything; without a known limit
nothing is spaced until a server twice refuses for sending too fast, and what was learned from that is forgotten again.
Never more than `workers` are in flight; whoever waits sees an interruption or an opened breaker within `SLICE` seconds.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chargen.build.retry import StoppedError

MINUTE = 60.0
MARGIN = 0.01
"""Part of a limit left unused: 0.6 s a minute for requests that overtake each other on the way to the server."""
LARGEST_LAG = 0.3
LARGEST_LAG_PART = 0.04
"""A departure this late (seconds, and part of the spacing) does not delay the next: less than five spacings' margin."""
DECREASE = 0.7
"""What of the observed rate is used after a refusal without a known limit."""
INCREASE = 0.3
LEAST_INCREASE = 20.0
"""How the learned rate grows: by this part of what was observed, or so many a minute, every minute."""
SLOWEST = 1.0
FORGET = 600.0
"""Seconds without a refusal after which a learned rate is forgotten."""
SLICE = 0.2
"""Longest single wait in seconds: one wait can't watch the interruption and the breaker both."""
TICK = 1e-6
"""Seconds that are not worth waiting, and may be too few for a clock to show."""


class Departures:
    """The departures of one provider; `per_minute` is its limit, None where unknown.

    Knows no threads and no clock: times are seconds of any steadily running clock.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._limit = per_minute
        self._last: float | None = None
        self._paused_until: float | None = None
        self._recent: deque[float] = deque()
        self._refused_at: float | None = None
        self._learned: tuple[float, float, float] | None = None

    def delay(self, now: float) -> float:
        """Return the seconds until the next departure is allowed, 0 where it is now."""
        waits = [0.0]
        if self._paused_until is not None:
            waits.append(self._paused_until - now)
        if self._last is not None:
            waits.append(self._last + self._spacing(now) - now)
        return max(waits)

    def depart(self, now: float) -> None:
        """Note a departure."""
        spacing = self._spacing(now)
        lag = min(spacing * LARGEST_LAG_PART, LARGEST_LAG)
        self._last = now if self._last is None else max(self._last + spacing, now - lag)
        if self._limit is None:
            self._recent.append(now)
            while self._recent[0] <= now - MINUTE:
                self._recent.popleft()

    def pause(self, until: float) -> None:
        """Let nothing leave before `until`."""
        self._paused_until = until if self._paused_until is None else max(self._paused_until, until)

    def refused(self, departed: float, now: float, wait: float) -> None:
        """Note that what left at `departed` was refused for coming too fast; nothing leaves for `wait` seconds.

        Refusals of what left before the last one are the same one. The first pause may be all that is needed; the
        next refusal within a minute of it shows that a limit is there.
        """
        before = self._refused_at, self._paused_until
        self.pause(now + wait)
        if self._limit is not None:
            return
        if departed in self._recent:
            self._recent.remove(departed)
        refused_at, paused_until = before
        if refused_at is not None and departed <= refused_at:
            return
        self._refused_at = now
        if paused_until is not None and now < paused_until + MINUTE:
            self._learn(now, wait)

    def _learn(self, now: float, wait: float) -> None:
        known = self._rate(now)
        period = max(1.0, min(MINUTE, now - self._recent[0] + wait)) if self._recent else MINUTE
        observed = max(len(self._recent) * MINUTE / period, SLOWEST)
        rate = observed if known is None else min(known, observed)
        growth = max(INCREASE * observed, LEAST_INCREASE)
        self._learned = (max(DECREASE * rate, SLOWEST), growth, now + wait)

    def _rate(self, now: float) -> float | None:
        """Return what may leave a minute, None for no limit."""
        if self._limit is not None or self._learned is None:
            return self._limit
        rate, growth, since = self._learned
        if now > since + FORGET:
            return None
        return rate + growth * max(0.0, now - since) / MINUTE

    def _spacing(self, now: float) -> float:
        rate = self._rate(now)
        return 0.0 if rate is None else MINUTE * (1 + MARGIN) / rate


class InterruptibleWait:
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

    def __init__(self, *, workers: int, per_minute: float | None, waits: InterruptibleWait) -> None:
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
