"""What was spent, added up by day, by provider and model, and by the file an image belongs to.

Laws: an amount nobody knows is counted, never taken for 0; failures that cost money, and requests that may have been
billed, stand apart from pictures; every attempt is in exactly one row of each table. Reads only. Amounts are USD, days
are those of UTC, like the months of a budget.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from msgspec import Struct

from chargen.config.tiers import FINAL
from chargen.errors import StartError
from chargen.model.groups import grouped
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.journal_rows import Attempt
from chargen.store.spending import Sum, sum_of

NO_TIER = "(not known)"
"""Where no picture came, or it is not here."""

_MONTH = re.compile(r"(\d{4})-(\d{2})")


class Period(Struct, frozen=True):
    """From a moment on, up to but not including another; None is no limit."""

    since: datetime | None = None
    until: datetime | None = None


ALWAYS = Period()


class Spending(Struct, frozen=True):
    """The same attempts three times, and all in one row; `records` are those of them that only entries tell of.

    `by_tier` has them once more where there are tiers.
    """

    by_day: tuple[Sum, ...]
    by_provider: tuple[Sum, ...]
    by_file: tuple[Sum, ...]
    total: Sum
    records: Sum
    by_tier: tuple[Sum, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object of `cost --json`."""
        return {
            "by_day": [row.to_json() for row in self.by_day],
            "by_provider": [row.to_json() for row in self.by_provider],
            "by_file": [row.to_json() for row in self.by_file],
            "by_tier": [row.to_json() for row in self.by_tier],
            "total": self.total.to_json(),
            "records": self.records.to_json(),
        }


def spending(
    attempts: Iterable[Attempt],
    period: Period = ALWAYS,
    recorded: Iterable[Attempt] = (),
    tiers: Mapping[str, str] | None = None,
) -> Spending:
    """Add up the attempts whose requests left within a period; `recorded` are those that the journal does not know.

    `tiers` are those that asked for the pictures of attempts, None where there are none.
    """
    of_records = [attempt for attempt in recorded if _within(attempt, period)]
    chosen = [*(attempt for attempt in attempts if _within(attempt, period)), *of_records]
    return Spending(
        _grouped(chosen, lambda attempt: attempt.sent_at[:10]),
        _grouped(chosen, lambda attempt: str(attempt.route)),
        _grouped(chosen, lambda attempt: attempt.task_id.rpartition("/")[0]),
        sum_of("total", chosen, is_proof),
        sum_of("records", of_records, is_proof),
        () if tiers is None else _grouped(chosen, lambda attempt: tiers.get(attempt.attempt_id, NO_TIER)),
    )


def tiers_of(session: Session) -> dict[str, str] | None:
    """Return the tier of each attempt that brought a picture which is here; None in a project without tiers."""
    if not session.project.settings.tiers:
        return None
    records = (stored.record for stored in session.originals.all_records())
    return {record.attempt: record.tier or FINAL for record in records}


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
    return tuple(sum_of(name, group, is_proof) for name, group in sorted(grouped(attempts, key).items()))
