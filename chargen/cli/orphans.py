"""`chargen orphans`: pictures and prompt files that no entry plans any more. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json
from chargen.cli.tables import columns, dim, moment, plural, size_text
from chargen.model.groups import grouped
from chargen.text.money import cost_text
from chargen.text.names import few

if TYPE_CHECKING:
    from chargen.actions.orphans import Orphan, Unplanned

_NOUNS = {"picture": "picture", "prompt": "prompt file", "temporary": "abandoned temporary file"}


@click.command("orphans")
@json_option
def command(*, as_json: bool) -> None:
    """List pictures and prompt files that no entry plans any more, with their size and what they were.

    What an entry or a reference still names is no orphan. What a file may plan again, in which something is wrong now,
    is left alone, with the reason.
    `chargen gc` moves orphans to the trash.
    """
    from chargen.actions.orphans import orphans  # noqa: PLC0415 - slow to import, `--help` needs none of it
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here() as here:
        found = orphans(here.session, here.planner)
    if as_json:
        say_json(found.to_json())
        return
    say(unplanned_lines(found, "no orphans"))
    if found.files:
        say("`chargen gc` moves them to the trash")


def unplanned_lines(found: Unplanned, nothing: str) -> Iterator[str]:
    """Yield a line for each file, then how many there are of each kind and their size, then what is left alone."""
    if found.files:
        yield from columns([_row(orphan) for orphan in found.files], right=frozenset({1}))
        yield ""
        counted = ", ".join(plural(len(orphans), _NOUNS[kind]) for kind, orphans in found.by_kind.items())
        yield f"{counted}: {size_text(found.size)}"
    else:
        yield nothing
    for why, items in grouped(found.left, lambda item: item.why).items():
        yield f"left alone: {few(item.path for item in items)}: {why}"


def _row(orphan: Orphan) -> tuple[str, ...]:
    return orphan.path, size_text(orphan.size), dim(_what(orphan))


def _what(orphan: Orphan) -> str:
    record = orphan.record
    if record is None:
        return "" if orphan.kind == "picture" else _NOUNS[orphan.kind]
    cost = record.cost_or_estimate_usd
    by = str(record.route)
    return f"{record.entry_id}, made {moment(record.received_at)} by {by}, {cost_text(cost)}"
