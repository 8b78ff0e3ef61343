"""What was spent, added up from the journal by day, by provider and model, and by the file an image belongs to.

Laws: an amount nobody knows is counted, never taken for 0; failures that cost money, and requests that may have been
billed, stand apart from pictures; every attempt is in exactly one row of each table. Reads only. Amounts are USD, days
are those of UTC, like the months of a budget.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from chargen.errors import StartError
from chargen.store.journal_rows import Attempt, AttemptStatus

_MONTH = re.compile(r"(\d{4})-(\d{2})")

_DELIVERED = frozenset({AttemptStatus.STORED, AttemptStatus.DONE})
_IN_DOUBT = frozenset({AttemptStatus.SENT, AttemptStatus.POSSIBLY_BILLED})


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, up to but not including another; None is no limit."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """One row: what some attempts came to.

    `images` came and cost `usd`, of which `estimated_usd` by estimate; `failures` cost `failed_usd` as they reported
    it; `possibly` requests may have been billed `possibly_usd`; of `unknown` of all these nobody knows the amount.
    """

    name: str
    images: int = 0
    usd: Decimal = Decimal(0)
    estimated_usd: Decimal = Decimal(0)
    failures: int = 0
    failed_usd: Decimal = Decimal(0)
    possibly: int = 0
    possibly_usd: Decimal = Decimal(0)
    unknown: int = 0

    @property
    def total_usd(self) -> Decimal:
        """All that was or may have been billed, as far as it is known: what a budget counts."""
        return self.usd + self.failed_usd + self.possibly_usd


@dataclass(frozen=True, slots=True)
class Spending:
    """The same attempts three times, and all in one row."""

    by_day: tuple[Sum, ...]
    by_provider: tuple[Sum, ...]
    by_file: tuple[Sum, ...]
    total: Sum


def spending(attempts: Iterable[Attempt], period: Period = Period()) -> Spending:
    """Add up the attempts whose requests left within a period."""
    chosen = [attempt for attempt in attempts if _within(attempt, period)]
    return Spending(
        _grouped(chosen, lambda attempt: attempt.sent_at[:10]),
        _grouped(chosen, lambda attempt: f"{attempt.provider}/{attempt.model}"),
        _grouped(chosen, lambda attempt: attempt.task_id.rpartition("/")[0]),
        _added("total", chosen),
    )


def period_of(since: str | None, month: str | None) -> Period:
    """Read `--since YYYY-MM-DD` or `--month YYYY-MM`. Raises StartError for what is no date, and for both at once."""
    if since and month:
        raise StartError("`--since` and `--month` exclude each other", hint="give one of them")
    if month:
        match = _MONTH.fullmatch(month)
        if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
            raise StartError(f"`--month` takes a month, not `{month}`", hint="write it like `--month 2026-11`")
        year, number = int(match[1]), int(match[2])
        following = (year + 1, 1) if number == 12 else (year, number + 1)
        return Period(datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC))
    if since:
        try:
            day = date.fromisoformat(since)
        except ValueError:
            raise StartError(
                f"`--since` takes a day, not `{since}`", hint="write it like `--since 2026-11-22`"
            ) from None
        return Period(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return Period()


def _within(attempt: Attempt, period: Period) -> bool:
    at = datetime.fromisoformat(attempt.sent_at)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (period.since is None or at >= period.since) and (period.until is None or at < period.until)


def _grouped(attempts: list[Attempt], key: Callable[[Attempt], str]) -> tuple[Sum, ...]:
    groups: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(key(attempt), []).append(attempt)
    return tuple(_added(name, groups[name]) for name in sorted(groups))


def _added(name: str, attempts: list[Attempt]) -> Sum:
    images = failures = possibly = unknown = 0
    usd = estimated = failed = doubtful = Decimal(0)
    for attempt in attempts:
        amount = attempt.cost_usd if attempt.cost_usd is not None else attempt.cost_estimate_usd
        if attempt.status in _DELIVERED:
            images += 1
            usd += amount or 0
            estimated += (amount or 0) if attempt.cost_usd is None else 0
        elif attempt.cost_usd is None and (attempt.possibly_billed or attempt.status in _IN_DOUBT):
            possibly += 1
            doubtful += amount or 0
        else:
            failures += 1
            failed += attempt.cost_usd or 0
            continue  # a failure that reports no cost has none
        unknown += amount is None
    return Sum(name, images, usd, estimated, failures, failed, possibly, doubtful, unknown)
