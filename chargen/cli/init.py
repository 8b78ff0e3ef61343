"""`chargen init`: a small working project in a folder; nothing that exists is changed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chargen.cli.output import say
from chargen.cli.tables import columns

if TYPE_CHECKING:
    from chargen.actions.init import Started


@click.command("init")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Make a small working project in DIR (by default here): it builds with `doit` at once, offline.

    Files that exist are kept as they are. The sample chapter, location and character are left out where there are
    imagery files already.
    """
    from chargen.actions.init import start_project  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    say(_lines(start_project(folder)))


def _lines(started: Started) -> Iterator[str]:
    elsewhere = started.folder.resolve() != Path.cwd()
    yield f"wrote {len(started.written)} files" + (f" in {started.folder}" if elsewhere else "")
    yield from (f"  {name}" for name in started.written)
    if started.kept:
        yield f"kept {', '.join(started.kept)}"
    yield from started.advice
    target = "generated/chapters/ch01/img-01.png"
    steps = [("doit", "build everything that is missing or out of date, as sketches")]
    if started.sample:
        steps.append((f"doit {target}", "build one image and the portrait it needs"))
    steps += [
        ("chargen plan", "see what a build would do, why, and at what price"),
        ("chargen check", "see errors and warnings in your files"),
    ]
    if elsewhere:
        steps.insert(0, (f"cd {shlex.quote(str(started.folder))}", ""))
    yield ""
    yield "next"
    yield from (f"  {line}" for line in columns(steps))
