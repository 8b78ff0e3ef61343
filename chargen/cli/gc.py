"""`chargen gc`: propose what nothing needs any more, and move it to the trash. Deletes nothing."""

from __future__ import annotations

import sys

import click
from msgspec.structs import replace

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json


@click.command("gc")
@click.option("--yes", is_flag=True, help="Move without asking.")
@json_option
def command(*, yes: bool, as_json: bool) -> None:
    """Propose what nothing needs any more, and move it to the trash once you agree.

    That is pictures and prompt files no entry plans, and temporary files of a process that died. What a file may plan
    again, in which something is wrong now, is left alone. Nothing is deleted: `chargen trash` lists it, brings it back,
    or frees the space. Without a terminal and without `--yes` it only tells.
    """
    from chargen.actions.orphans import throw_away, unneeded  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.orphans import unplanned_lines  # noqa: PLC0415 - as above
    from chargen.cli.project import project_held, project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        found = replace(unneeded(session), moved=0)
    if not as_json:
        say(unplanned_lines(found, "nothing to move to the trash"))
    if found.files and (yes or (not as_json and sys.stdin.isatty() and click.confirm("move these to the trash?"))):
        with project_held() as session:
            shown = {orphan.path for orphan in found.files}
            still = tuple(orphan for orphan in unneeded(session).files if orphan.path in shown)
            found = replace(found, moved=throw_away(session, still))
    if as_json:
        say_json(found.to_json())
    elif found.moved:
        say(f"moved {found.moved:,} to the trash; `chargen trash` lists it, `chargen trash empty` frees the space")
    elif found.files:
        say("nothing was moved: `chargen gc --yes` moves them to the trash")
