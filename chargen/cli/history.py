"""`chargen history TARGET`: every version of an image there ever was. Writes nothing."""

from __future__ import annotations

import click

from chargen.cli import completing
from chargen.cli.options import json_option


@click.command("history")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=completing.images)
@json_option
def command(targets: tuple[str, ...], *, as_json: bool) -> None:
    """List every version of an image there ever was: when and why it was made, by what, its prompt, cost and file.

    TARGET is a path, an id or a glob on the id. `chargen restore TARGET VERSION` brings one back.
    """
    from chargen.actions.versions import versions  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli import history_report, reading  # noqa: PLC0415 - as above

    with reading.planned_here() as here:
        found = [(image, versions(here.session, image)) for image in here.images(targets)]
    if as_json:
        click.echo(reading.as_json({"images": [history_report.as_object(*item) for item in found]}))
    else:
        click.echo("\n\n".join("\n".join(history_report.lines(*item)) for item in found))
