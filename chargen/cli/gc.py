"""`chargen gc`: propose what nothing needs any more, and move it to the trash. Deletes nothing."""

from __future__ import annotations

import sys

import click

from chargen.cli.options import json_option


@click.command("gc")
@click.option("--yes", is_flag=True, help="Move without asking.")
@json_option
def command(*, yes: bool, as_json: bool) -> None:
    """Propose what nothing needs any more, and move it to the trash once you agree.

    That is pictures and prompt files no entry plans, and temporary files of a process that died. Nothing is deleted:
    `chargen trash` lists it, brings it back, or frees the space. Without a terminal and without `--yes` it only tells.
    """
    from chargen.actions.orphans import throw_away, unneeded  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli import orphans_report, reading  # noqa: PLC0415 - as above
    from chargen.store.locks import project_lock  # noqa: PLC0415 - as above

    with reading.project_here() as session:
        found = unneeded(session)
    if not as_json:
        click.echo("\n".join(orphans_report.lines(found, "nothing to move to the trash")))
    agreed = bool(found) and (yes or (not as_json and sys.stdin.isatty() and click.confirm("move these to the trash?")))
    moved = 0
    if agreed:
        with (
            reading.project_here(read_only=False) as session,
            project_lock(session.project.root, on_wait=reading.tell_waiting),
        ):
            shown = {orphan.path for orphan in found}
            moved = throw_away(session, tuple(orphan for orphan in unneeded(session) if orphan.path in shown))
    if as_json:
        click.echo(reading.as_json({**orphans_report.as_object(found), "moved": moved}))
    elif moved:
        click.echo(f"moved {moved:,} to the trash; `chargen trash` lists it, `chargen trash empty` frees the space")
    elif found:
        click.echo("nothing was moved: `chargen gc --yes` moves them to the trash")
