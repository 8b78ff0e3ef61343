"""Departures: no server sees more than it allows, and nearly all of that is used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.build.pace import Departures


class Server:
    """Allows `limit` requests in any `window` seconds; `ask` says how long to wait, 0 where it takes the request."""

    def __init__(self, limit: int, window: float = 60.0) -> None:
        self.limit = limit
        self.window = window
        self.taken: list[float] = []
        self.refusals: list[float] = []

    def ask(self, now: float) -> float:
        """Take a request made at `now`, or say how many seconds to wait."""
        recent = [at for at in self.taken[-self.limit :] if at > now - self.window]
        if len(recent) < self.limit:
            self.taken.append(now)
            return 0.0
        self.refusals.append(now)
        return recent[0] + self.window - now


def run(departures: Departures, server: Server, seconds: float, slips: list[float] | None = None) -> None:
    """Send as fast as the departures allow; `slips` are delays of the sender itself, over and over."""
    now = 1000.0
    end = now + seconds
    count = 0
    while True:
        now += departures.delay(now)
        now += slips[count % len(slips)] if slips else 0.001
        if now >= end:
            return
        count += 1
        departures.depart(now)
        if wait := server.ask(now):
            departures.refused(now, now, wait)


@given(st.integers(1, 120), st.lists(st.floats(0, 90), min_size=1, max_size=40))
def test_no_sixty_seconds_see_more_than_the_limit(limit: int, slips: list[float]) -> None:
    """However unevenly the sender itself runs, a server that counts sixty seconds back never refuses."""
    server = Server(limit)
    run(Departures(float(limit)), server, 400, slips)
    assert not server.refusals


@pytest.mark.parametrize("limit", [1, 5, 10, 60, 600])
def test_nearly_all_of_the_limit_is_used(limit: int) -> None:
    """Late by two percent of the spacing each time, the pace still is 0.97 of the limit or more."""
    server = Server(limit)
    minutes = 10 if limit > 5 else 100
    run(Departures(float(limit)), server, minutes * 60, [0.02 * 60 / limit])
    assert 0.97 <= len(server.taken) / (limit * minutes) <= 1


@given(st.floats(0, 0.3))
def test_shorter_windows_see_no_burst(slip: float) -> None:
    """A server that allows 60 a minute as 5 in 5 seconds never refuses either."""
    server = Server(5, 5.0)
    run(Departures(60.0), server, 120, [slip, 0.0, 0.0])
    assert not server.refusals


def test_a_pause_holds_everything_and_a_shorter_one_does_not_end_it() -> None:
    """The longest wish counts; afterwards the pace is the allowed one at once, without a burst."""
    departures = Departures(60.0)
    departures.depart(0.0)
    departures.pause(30.0)
    departures.pause(10.0)
    assert departures.delay(1.0) == pytest.approx(29.0)
    assert departures.delay(30.0) == 0
    departures.depart(30.0)
    assert departures.delay(30.0) == pytest.approx(1.01, abs=0.06)


def test_after_a_storm_of_refusals_the_pace_is_the_allowed_one() -> None:
    """A configured limit is trusted: refusals only pause."""
    departures = Departures(60.0)
    for number in range(20):
        departures.depart(float(number))
        departures.refused(float(number), float(number), 2.0)
    server = Server(60)
    run(departures, server, 600)
    assert len(server.taken) >= 0.97 * 600
    assert not server.refusals


def test_an_unknown_limit_is_not_paced_until_refusals_come_back() -> None:
    """One refusal is only waited out; nothing is slowed down for good by it."""
    departures = Departures(None)
    for _ in range(50):
        assert departures.delay(10.0) == 0
        departures.depart(10.0)
    departures.refused(10.0, 10.5, 5.0)
    departures.refused(10.0, 10.6, 5.0)
    assert departures.delay(10.6) == pytest.approx(5.0)
    departures.depart(15.6)
    assert departures.delay(15.6) == 0


@pytest.mark.parametrize("limit", [5, 30, 120])
def test_an_unknown_limit_is_learned_from_refusals(limit: int) -> None:
    """After five minutes, about one request a minute is refused, and nine tenths of what is allowed are used."""
    server = Server(limit)
    run(Departures(None), server, 1800)
    settled = [at for at in server.taken if at > 1300]
    refused = [at for at in server.refusals if at > 1300]
    assert len(settled) >= 0.9 * limit * 25
    assert len(refused) <= 1.5 * 25


def test_a_refusal_that_took_minutes_to_come_only_pauses() -> None:
    """What left that long ago says nothing of today's pace."""
    departures = Departures(None)
    departures.depart(0.0)
    departures.depart(100.0)
    departures.refused(0.0, 100.0, 1.0)
    assert departures.delay(100.0) == pytest.approx(1.0)
    departures.depart(101.0)
    assert departures.delay(101.0) == 0


def test_what_was_learned_is_forgotten_again() -> None:
    """Ten minutes without a refusal, and nothing is spaced any more."""
    departures = Departures(None)
    for at in (0.0, 2.0):
        departures.depart(at)
        departures.refused(at, at, 1.0)
    departures.depart(3.0)
    assert departures.delay(3.0) > 0
    departures.depart(700.0)
    assert departures.delay(700.0) == 0
