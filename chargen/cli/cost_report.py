"""What was spent, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from chargen.actions.cost import Spending, Sum
from chargen.cli.reading import number
from chargen.cli.tables import columns, cost_text, dim, plural
from chargen.store.files import printable


def lines(found: Spending) -> Iterator[str]:
    """Yield a table by day, one by provider and one by file, then the total."""
    total = found.total
    if not (total.images or total.failures or total.possibly):
        yield "nothing was sent"
        return
    groups = (("day", found.by_day), ("provider", found.by_provider), ("file", found.by_file))
    for title, rows in groups:
        yield from _table(title, rows)
        yield ""
    yield f"{cost_text(total.total_usd)} for {plural(total.images, 'image')}" + _unknown(total)
    if total.estimated_usd:
        yield f"  {cost_text(total.estimated_usd)} of it by estimate: the provider told no usage"
    if total.failures:
        yield f"  {plural(total.failures, 'failure')}, {cost_text(total.failed_usd)} as reported"
    if total.possibly:
        yield f"  {plural(total.possibly, 'request')} possibly billed, {cost_text(total.possibly_usd)} by estimate"


def as_object(found: Spending) -> dict[str, Any]:
    """Return the object of `cost --json`."""
    return {
        "by_day": [_object(row) for row in found.by_day],
        "by_provider": [_object(row) for row in found.by_provider],
        "by_file": [_object(row) for row in found.by_file],
        "total": _object(found.total),
    }


def _table(title: str, rows: Sequence[Sum]) -> Iterator[str]:
    shown = [(click.style(title, bold=True), "images", "cost", "")]
    shown += [(printable(row.name), f"{row.images:,}", cost_text(row.total_usd), dim(_apart(row))) for row in rows]
    yield from columns(shown, right=frozenset({1, 2}))


def _apart(row: Sum) -> str:
    """Say what of a row is no picture, or not known."""
    parts = []
    if row.failures:
        parts.append(f"{row.failures:,} failed" + (f" {cost_text(row.failed_usd)}" if row.failed_usd else ""))
    if row.possibly:
        parts.append(f"{row.possibly:,} possibly billed {cost_text(row.possibly_usd)}")
    if row.unknown:
        parts.append(f"{row.unknown:,} of unknown cost")
    return ", ".join(parts)


def _unknown(row: Sum) -> str:
    return f", and {row.unknown:,} of unknown cost" if row.unknown else ""


def _object(row: Sum) -> dict[str, Any]:
    return {
        "name": row.name,
        "images": row.images,
        "cost_usd": number(row.usd),
        "estimated_usd": number(row.estimated_usd),
        "failures": row.failures,
        "failures_usd": number(row.failed_usd),
        "possibly_billed": row.possibly,
        "possibly_billed_usd": number(row.possibly_usd),
        "unknown_cost": row.unknown,
        "total_usd": number(row.total_usd),
    }
