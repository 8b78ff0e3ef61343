"""`chargen accept`: mark pictures as up to date without making new ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import say, say_json
from chargen.errors import ExitCode

if TYPE_CHECKING:
    from chargen.actions.accept import Accepted


@click.command("accept")
@click.argument("selection", nargs=-1, required=True, metavar="SELECTION...", shell_complete=image_names)
@json_option
def command(selection: tuple[str, ...], *, as_json: bool) -> int:
    """Mark pictures as up to date without making new ones.

    SELECTION is a path, an id or a glob on the id. Pictures that were painted over, that are out of date, or that
    nothing is known of become fresh; a later edit of their prompt makes them stale again.
    """
    from chargen.actions.accept import accept  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here(read_only=False) as here:
        accepted = accept(here.session, here.planner, here.images(selection))
    if as_json:
        say_json({"images": [item.to_json() for item in accepted]})
    else:
        say(line for item in accepted for line in accepted_lines(item))
    return ExitCode.FAILED if any(item.refused for item in accepted) else ExitCode.DONE


def accepted_lines(item: Accepted) -> Iterator[str]:
    """Yield what came of one image."""
    if item.refused:
        yield f"not accepted: {item.image.id}"
        yield from (f"  {line.strip()}" for line in item.refused.split("\n"))
    elif item.changed:
        yield f"accepted: {item.image.id} (was {item.image.verdict.value})"
    else:
        yield f"fresh already: {item.image.id}"
