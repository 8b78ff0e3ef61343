"""`chargen new`: a commented file of a kind, to fill in; nothing that exists is changed."""

from __future__ import annotations

import click

from chargen.cli.options import json_option
from chargen.cli.output import tell


@click.command("new")
@click.argument("kind", metavar="chapter|location|character|scenes")
@click.argument("slug")
@json_option
def command(*, kind: str, slug: str, as_json: bool) -> None:
    """Write a new file of a kind, with a word on each key, where files of its kind lie.

    Nothing is built of it before you have written a prompt.
    """
    from chargen.actions.new import write_new  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        made = write_new(session, kind, slug)
    tell(made, [f"wrote {made.file}", "fill it in; `chargen check` tells what it still needs"], as_json=as_json)
