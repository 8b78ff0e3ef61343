"""Reads how long a server asks to wait: from headers, or from the sentence in its error message.

Laws: the clearest source wins (`retry-after-ms`, `retry-after`, words); a date is counted from the reply's own `date`
header, so no clock is needed and a wrong one here does no harm; nonsense and the past count as no wish. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_MESSAGE = 2_000
"""Characters of a message that are searched for a wish."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = r"\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)"
_WORDS = re.compile(rf"(?i)(?:try again|retry|retry after|wait)\s+(?:in|after|for)?\s*((?:{_PART}\s*)+)(?![a-z0-9])")
_SPLIT = re.compile(r"(?i)(\d+(?:\.\d+)?)\s*(ms|milli|s|m|h)")
_PROTOBUF = re.compile(r"(\d+(?:\.\d+)?)s")


def server_wait(headers: Mapping[str, str], message: str = "") -> float | None:
    """Return the seconds a server asks to wait, or None. Header names in lower case."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    after = headers.get("retry-after", "").strip()
    seconds = _number(after)
    if seconds is None and after:
        seconds = _until(after, headers.get("date", ""))
    return seconds if seconds is not None else _said(message)


def protobuf_seconds(text: object) -> float | None:
    """Read a duration as Google's JSON writes it: `3.29s`."""
    found = _PROTOBUF.fullmatch(text.strip()) if isinstance(text, str) else None
    return float(found[1]) if found else None


def _number(text: str) -> float | None:
    stripped = text.strip()
    return float(stripped) if re.fullmatch(r"\d+(?:\.\d+)?", stripped, re.ASCII) else None


def _until(http_date: str, sent: str) -> float | None:
    then, now = _moment(http_date), _moment(sent)
    if then is None or now is None or then < now:
        return None
    return (then - now).total_seconds()


def _moment(http_date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _said(message: str) -> float | None:
    found = _WORDS.search(message[:_LONGEST_MESSAGE])
    if not found:
        return None
    parts = _SPLIT.findall(found[1])
    return sum(float(number) * _UNITS["ms" if unit.lower() == "milli" else unit.lower()] for number, unit in parts)
