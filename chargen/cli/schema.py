"""`chargen schema`: JSON Schemas of the author's files, for editors; or their keys as a page."""

from __future__ import annotations

from pathlib import Path

import click

from chargen.cli.output import say, say_json


@click.command("schema")
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a file for each kind into DIR.",
)
@click.option("--reference", is_flag=True, help="Print every key, its value and what editing it rebuilds, as Markdown.")
def command(*, folder: Path | None, reference: bool) -> None:
    """Print the JSON Schemas of chapters, locations, characters and scenes, as one object by kind.

    A file names its schema in its first line, for editors that use yaml-language-server, as the files of `chargen init`
    and `chargen new` do.
    """
    from chargen.actions import schema  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.kinds import all_kinds  # noqa: PLC0415 - as above

    if reference:
        say(schema.reference().rstrip("\n").split("\n"))
    elif folder is not None:
        written = schema.write_schemas(folder)
        say(f"wrote {', '.join(written)}" if written else f"the schemas in {folder} are up to date")
    else:
        say_json({kind.name: schema.schema_of(kind) for kind in all_kinds()})
