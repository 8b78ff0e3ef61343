"""The text form of moments."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chargen.store.clock import SystemClock, compact_stamp, stamp

MOMENT = datetime(2026, 11, 22, 15, 8, 7, 123, tzinfo=timezone(timedelta(hours=1)))


def test_stamps_are_utc_in_one_form() -> None:
    """Another zone is converted; microseconds are shown only when asked for."""
    assert stamp(MOMENT) == "2026-11-22T14:08:07Z"
    assert stamp(MOMENT, microseconds=True) == "2026-11-22T14:08:07.000123Z"
    assert compact_stamp(MOMENT) == "20261122T140807000123Z"


def test_a_moment_without_a_zone_is_refused() -> None:
    """A naive moment could be anything."""
    with pytest.raises(ValueError, match="time zone"):
        stamp(datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_system_clock_is_aware_and_does_not_go_back() -> None:
    """Now is UTC; the monotonic reading never falls."""
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
