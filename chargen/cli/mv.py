"""`chargen mv FROM TO`: rename an entry, or move it to another file; its picture comes along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option, named_here
from chargen.cli.output import tell
from chargen.cli.tables import plural
from chargen.errors import ExitCode

if TYPE_CHECKING:
    from chargen.actions.mv import Moved


@click.command("mv")
@click.argument("before", metavar="FROM", shell_complete=image_names)
@click.argument("to", metavar="TO")
@json_option
def command(before: str, to: str, *, as_json: bool) -> ExitCode:
    """Rename an entry, or move it to another file of its kind: picture, approval and history come along.

    FROM is a path or an id. TO is the new id, only its last part for an entry that stays in its file, or an imagery
    file for one that keeps its name. The entry's lines go along as they are, with their comments; nothing is sent.
    Places in other files that name the entry are listed, and left as they are.
    """
    from chargen.actions.mv import move  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.build.entry_moves import finish  # noqa: PLC0415 - as above
    from chargen.cli.project import planning, project_held  # noqa: PLC0415 - as above

    with project_held(wait=False) as session:
        finish(session)
        here = planning(session)
        root = session.project.root
        moved = move(session, here.planner, here.one_image(before).id, named_here(root, (to,))[0][0])
    tell(moved, _lines(moved), as_json=as_json)
    return ExitCode.FAILED if moved.trouble else ExitCode.DONE


def _lines(moved: Moved) -> Iterator[str]:
    """Yield what was done and what is left to do."""
    with_it = ", with its picture" if moved.picture else ""
    yield f"{moved.before} is {moved.after} now{with_it}: {moved.position}"
    if moved.trouble:
        yield from f"its picture is still where it was, and a build tries again: {moved.trouble}".split("\n")
    if moved.mentions:
        yield f"{plural(len(moved.mentions), 'place')} still name{'s' if len(moved.mentions) == 1 else ''} it as before"
        yield from (f"  {item.position}: {item.text}" for item in moved.mentions)
