"""The time, as the program reads and writes it: UTC, and one text form.

Everything that needs the time gets a `Clock`, so that a test can hand in its own.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""
        return time.monotonic()


def stamp(moment: datetime, *, microseconds: bool = False) -> str:
    """Write a moment as ISO 8601 in UTC: `2026-11-22T14:08:07Z`, or `2026-11-22T14:08:07.000123Z`.

    Texts of one form sort like the moments. Raises ValueError for a moment without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    text = moment.astimezone(UTC).isoformat(timespec="microseconds" if microseconds else "seconds")
    return text.removesuffix("+00:00") + "Z"


_COMPACT = "%Y%m%dT%H%M%S%fZ"


def compact_stamp(moment: datetime) -> str:
    """Write a moment for use in a file name: `20261122T140807000123Z`; texts sort like the moments."""
    return moment.astimezone(UTC).strftime(_COMPACT)


def moment_of(compact: str) -> datetime:
    """Read what `compact_stamp` wrote. Raises ValueError."""
    return datetime.strptime(compact, _COMPACT).replace(tzinfo=UTC)


def new_attempt_id(moment: datetime) -> str:
    """Make the id of an attempt, which sorts by time: `20261122T140807000123Z-1f2e3d4c`."""
    return f"{compact_stamp(moment)}-{os.urandom(4).hex()}"
