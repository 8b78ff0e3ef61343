"""When the next request to a provider may leave: the rule of pacing, as a value that time is handed to.

Laws: with a limit of N a minute, no 60 seconds ever see more than N departures, and departures are spaced evenly, so
that a server which counts in shorter windows sees no burst either; a pause holds everything; without a known limit
nothing is spaced until a server twice refuses for sending too fast, and what was learned from that is forgotten again.
Knows no threads and no clock: times are seconds of any steadily running clock.
"""

from __future__ import annotations

from collections import deque

MINUTE = 60.0
MARGIN = 0.01
"""Part of a limit left unused: 0.6 s a minute for requests that overtake each other on the way to the server."""
LARGEST_SLIP = 0.3
LARGEST_SLIP_PART = 0.04
"""A departure this late (seconds, and part of the spacing) does not delay the next: less than five spacings' margin."""
DECREASE = 0.7
"""What of the observed rate is used after a refusal without a known limit."""
INCREASE = 0.3
LEAST_INCREASE = 20.0
"""How the learned rate grows: by this part of what was observed, or so many a minute, every minute."""
SLOWEST = 1.0
FORGET = 600.0
"""Seconds without a refusal after which a learned rate is forgotten."""


class Departures:
    """The departures of one provider; `per_minute` is its limit, None where unknown."""

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
        slip = min(spacing * LARGEST_SLIP_PART, LARGEST_SLIP)
        self._last = now if self._last is None else max(self._last + spacing, now - slip)
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
