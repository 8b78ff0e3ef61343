"""`chargen why TARGET`: a verdict explained as a diff an author can read. Writes nothing."""

from __future__ import annotations

import click

from chargen.cli import completing
from chargen.cli.options import json_option


@click.command("why")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=completing.images)
@json_option
def command(targets: tuple[str, ...], *, as_json: bool) -> None:
    """Explain why an image has its verdict: what changed since it was made, word by word.

    TARGET is a path, an id or a glob on the id.
    """
    from chargen.actions.why import why  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli import reading, why_report  # noqa: PLC0415 - as above

    with reading.planned_here() as here:
        found = [why(here.session, here.planner, image) for image in here.images(targets)]
    if as_json:
        click.echo(reading.as_json({"images": [why_report.as_object(item) for item in found]}))
    else:
        click.echo("\n\n".join("\n".join(why_report.lines(item)) for item in found))
