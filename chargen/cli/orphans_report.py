"""Files that nothing plans, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chargen.actions.orphans import PICTURE, Orphan, by_kind
from chargen.cli.reading import moment, number, size_text
from chargen.cli.tables import columns, cost_text, dim, plural
from chargen.store.files import printable

_NOUNS = {PICTURE: "picture", "prompt": "prompt file", "temporary": "abandoned temporary file"}


def lines(found: tuple[Orphan, ...], nothing: str) -> Iterator[str]:
    """Yield a line for each file, then how many there are and their size."""
    if not found:
        yield nothing
        return
    yield from columns([_row(orphan) for orphan in found], right=frozenset({1}))
    yield ""
    yield total(found)


def total(found: tuple[Orphan, ...]) -> str:
    """Count files by what they are, with their size."""
    counted = ", ".join(plural(len(orphans), _NOUNS[kind]) for kind, orphans in by_kind(found).items())
    return f"{counted}: {size_text(sum(orphan.size for orphan in found))}"


def as_object(found: tuple[Orphan, ...]) -> dict[str, Any]:
    """Return the object of `orphans --json`."""
    return {"files": [_object(orphan) for orphan in found], "bytes": sum(orphan.size for orphan in found)}


def _row(orphan: Orphan) -> tuple[str, ...]:
    return printable(orphan.path), size_text(orphan.size), dim(_what(orphan))


def _what(orphan: Orphan) -> str:
    record = orphan.record
    if record is None:
        return "" if orphan.kind == PICTURE else _NOUNS[orphan.kind]
    cost = record.cost_usd if record.cost_usd is not None else record.cost_estimate_usd
    by = printable(f"{record.provider}/{record.model}")
    return f"{printable(record.entry_id)}, made {moment(record.received_at)} by {by}, {cost_text(cost)}"


def _object(orphan: Orphan) -> dict[str, Any]:
    record = orphan.record
    return {
        "path": orphan.path,
        "kind": orphan.kind,
        "bytes": orphan.size,
        "id": record.entry_id if record else None,
        "at": record.received_at if record else None,
        "by": f"{record.provider}/{record.model}" if record else None,
        "cost_usd": number(record.cost_usd) if record else None,
    }
