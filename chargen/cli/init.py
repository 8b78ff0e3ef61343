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
@click.option("--provider", metavar="NAME", help="Let NAME make the images from the first build on, not sketch.")
def command(folder: Path, provider: str | None) -> None:
    """Make a small working project in DIR (by default here): it builds with `doit` at once, offline.

    Files that exist are kept as they are. The sample chapter, location and character are left out where there are
    imagery files already.
    """
    from chargen.actions.init import start_project  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    say(_lines(start_project(folder, provider)))


def _lines(started: Started) -> Iterator[str]:
    elsewhere = started.folder.resolve() != Path.cwd()
    yield f"wrote {len(started.written)} files" + (f" in {started.folder}" if elsewhere else "")
    yield from (f"  {name}" for name in started.written)
    if started.kept:
        yield f"kept {', '.join(started.kept)}"
    yield from started.advice
    target = "generated/chapters/ch01/img-01.png"
    by = "as sketches" if started.route is None else f"by {started.route.provider}"
    steps = [("doit", f"build everything that is missing or out of date, {by}")]
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
