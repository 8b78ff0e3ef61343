"""`chargen cost`: what was spent on this machine, by day, provider and file."""

from __future__ import annotations

import click

from chargen.cli.options import json_option


@click.command("cost")
@click.option("--since", metavar="DATE", help="Only from this day on: 2026-11-22.")
@click.option("--month", metavar="MONTH", help="Only this month: 2026-11.")
@json_option
def command(since: str | None, month: str | None, *, as_json: bool) -> None:
    """Add up what was spent on this machine, by day, by provider, and by chapter, location or character.

    Failures that reported a cost and requests that may have been billed stand apart; an amount nobody knows is counted,
    never taken for 0. Days are those of UTC.
    """
    from chargen.actions.cost import period_of, spending  # noqa: PLC0415 - slow to import, `--help` needs none of it
    from chargen.cli import cost_report, reading  # noqa: PLC0415 - as above

    period = period_of(since, month)
    with reading.project_here() as session:
        lost = not session.journal.path.is_file() and session.originals.folder.is_dir()
        attempts = session.journal.attempts()
    if lost:  # opened to be written to, it is made again from the originals
        with reading.project_here(read_only=False) as session:
            attempts = session.journal.attempts()
    found = spending(attempts, period)
    if as_json:
        click.echo(reading.as_json(cost_report.as_object(found)))
    else:
        click.echo("\n".join(cost_report.lines(found)))
