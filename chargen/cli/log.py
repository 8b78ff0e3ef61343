"""`chargen log`: the runs of this machine, the newest first. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import tell
from chargen.cli.spending import spending_lines, spent_text
from chargen.cli.tables import bold, counts, dim, listed, moment, plural
from chargen.model.groups import grouped

if TYPE_CHECKING:
    from chargen.actions.run_log import Failed, LoggedRun, RunLog


@click.command("log")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="The last N runs."
)
@json_option
def command(limit: int, *, as_json: bool) -> None:
    """List what was run on this machine: when, what was built, what failed and why, and what it cost.

    Requests that may have been billed and brought no image are named. `chargen cost` adds up the amounts.
    """
    from chargen.actions.run_log import run_log  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import session_here  # noqa: PLC0415 - as above

    with session_here() as session:
        found = run_log(session.journal, limit)
    tell(found, _lines(found), as_json=as_json)


def _lines(found: RunLog) -> Iterator[str]:
    if not found.runs:
        yield "nothing was run yet"
    for run in found.runs:
        yield from _run_lines(run)
    if found.more:
        yield dim(f"{plural(found.more, 'run')} before these: `--limit` shows more")


def _run_lines(run: LoggedRun) -> Iterator[str]:
    numbers = counts({"built": len(run.built), "failed": len(run.failed), "possibly billed": len(run.open)})
    spent = run.spent
    cost = f", {spent_text(spent)}" if spent.total_usd or run.built else ""
    end = "" if run.ended else "; it was killed" if run.died else "; still running"
    yield f"{bold(moment(run.at))}  {run.command}: {numbers or 'nothing sent'}{cost}{end}"
    yield from (f"  {line}" for line in spending_lines(spent))
    for (error, status), names in grouped(run.failed, lambda name: _told(run.failed[name])).items():
        yield f"  failed: {listed(names)}{f' (HTTP {status})' if status else ''}"
        yield from (f"    {line}" for line in error.split("\n"))
    if run.open:
        yield f"  possibly billed, with no image: {listed(run.open)}"


def _told(failure: Failed) -> tuple[str, int | None]:
    return failure.error, failure.http_status
