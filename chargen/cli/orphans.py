"""`chargen orphans`: pictures and prompt files that no entry plans any more. Writes nothing."""

from __future__ import annotations

import click

from chargen.cli.options import json_option


@click.command("orphans")
@json_option
def command(*, as_json: bool) -> None:
    """List pictures and prompt files that no entry plans any more, with their size and what they were.

    What an entry or a reference still names is no orphan, nor is what a file may plan that can't be read now.
    `chargen gc` moves orphans to the trash.
    """
    from chargen.actions.orphans import orphans  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli import orphans_report, reading  # noqa: PLC0415 - as above

    with reading.planned_here() as here:
        found = orphans(here.session, here.planner, here.plan)
    if as_json:
        click.echo(reading.as_json(orphans_report.as_object(found)))
    else:
        click.echo("\n".join(orphans_report.lines(found, "no orphans")))
        if found:
            click.echo("`chargen gc` moves them to the trash")
