"""`chargen cost`: what was spent, by day, provider and file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import tell
from chargen.cli.spending import images_text, spending_lines, spent_text
from chargen.cli.tables import bold, columns, dim, plural
from chargen.text.money import at_least, cost_text, estimate_text

if TYPE_CHECKING:
    from chargen.actions.cost import Spending
    from chargen.store.spending import Sum


@click.command("cost")
@click.option("--since", metavar="DATE", help="Only from this day on: 2026-11-22.")
@click.option("--month", metavar="MONTH", help="Only this month: 2026-11.")
@json_option
def command(since: str | None, month: str | None, *, as_json: bool) -> None:
    """Add up what was spent, by day, by provider, and by chapter, location or character.

    This machine's journal knows its own requests; of others, the entries of the book tell what their pictures cost.
    Failures that reported a cost and requests that may have been billed stand apart; an amount nobody knows is counted,
    never taken for 0. Days are those of UTC.
    """
    from chargen.actions.cost import period_of, spending, tiers_of  # noqa: PLC0415 - slow to import, `--help` needs none of it
    from chargen.cli.project import session_here  # noqa: PLC0415 - as above
    from chargen.plan.month import recorded_attempts  # noqa: PLC0415 - as above

    period = period_of(since, month)
    with session_here() as session:
        attempts = session.journal.attempts()
        found = spending(attempts, period, recorded_attempts(session.planner().book, attempts), tiers_of(session))
    tell(found, _lines(found), as_json=as_json)


def _lines(found: Spending) -> Iterator[str]:
    """Yield a table by day, one by provider and one by file, then the total."""
    total = found.total
    if not total.sent:
        yield "nothing was sent"
        return
    groups = (("day", found.by_day), ("provider", found.by_provider), ("file", found.by_file), ("tier", found.by_tier))
    for title, rows in groups:
        if not rows:
            continue
        yield from _table(title, rows)
        yield ""
    yield _whole(total)
    if found.records.images:
        images = images_text(found.records)
        why = "that this machine's journal does not know, by the records of their entries"
        yield f"of it {spent_text(found.records)} for {images} {why}"
    yield from spending_lines(total)


def _whole(total: Sum) -> str:
    """Say what images cost, and apart from it what failures did."""
    if not total.failed_usd:
        return f"{spent_text(total)} for {images_text(total)}"
    images = f"{at_least(total.usd, total.unknown_images)} for {images_text(total)}"
    failures = f"{cost_text(total.failed_usd)} for {plural(total.charged, 'request')} that failed and charged"
    return f"{spent_text(total)}: {images}, {failures}"


def _table(title: str, rows: Sequence[Sum]) -> Iterator[str]:
    shown = [(bold(title), "images", "cost", "")]
    shown += [(row.name, f"{row.images:,}", spent_text(row), dim(_apart(row))) for row in rows]
    yield from columns(shown, right=frozenset({1, 2}))


def _apart(row: Sum) -> str:
    """Say what of a row is no picture, or not known."""
    parts = []
    if row.failures:
        parts.append(f"{row.failures:,} failed" + (f" {cost_text(row.failed_usd)}" if row.failed_usd else ""))
    if row.possibly:
        parts.append(f"{row.possibly:,} possibly billed {estimate_text(row.possibly_usd)}")
    if row.waiting:
        parts.append(f"{row.waiting:,} in jobs {estimate_text(row.waiting_usd)}")
    if row.unknown:
        parts.append(f"{row.unknown:,} of unknown cost")
    if row.estimated:
        parts.append(f"{cost_text(row.estimated_usd)} of it estimated")
    return ", ".join(parts)
