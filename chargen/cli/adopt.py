"""`chargen adopt`: take pictures the author has already for their images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import tell, to_stderr
from chargen.cli.tables import columns, dim, plural

if TYPE_CHECKING:
    from chargen.actions.adopt import Adopted, Adoption


@click.command("adopt")
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--dry-run", is_flag=True, help="Only show what would be taken.")
@click.option("--copy", is_flag=True, help="Put a copy of each PNG at its target, where later edits rebuild it.")
@json_option
def command(files: tuple[str, ...], *, dry_run: bool, copy: bool, as_json: bool) -> int:
    """Take pictures that you have already, so that nothing is bought for their images.

    FILES are imagery files, or ids or globs of images; without any all are meant. A picture is found where the entry's
    `file_path` says, in run logs beside the file, or by the entry's name in `images/` or `generated_images/`. It is
    named in the entry's slots and stays where it lies; of a planned portrait it is copied to the target.
    `chargen undo` takes it back.
    """
    from chargen.actions.adopt import adopt, look  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import planning, project_held, project_here  # noqa: PLC0415 - as above

    with project_here() if dry_run else project_held() as session:
        opened = planning(session)
        named = opened.images(files) if files else opened.planner.images(opened.planner.plan().by_id)
        adoption = (look if dry_run else adopt)(session, opened.planner, named, copy=copy)
    tell(adoption, _lines(adoption), as_json=as_json)
    for problem in adoption.problems:
        to_stderr(str(problem))
    return adoption.exit_code


def _lines(adoption: Adoption) -> Iterator[str]:
    for file, group in groupby(adoption.images, key=lambda item: item.image.file):
        items = list(group)
        yield file
        yield from (f"  {line}" for line in columns([_row(item) for item in items if not item.refused]))
        yield from (f"  not taken: {item.image.id}: {item.refused}" for item in items if item.refused)
    if adoption.images:
        yield ""
    count = plural(len(adoption.taken), "picture")
    if adoption.dry_run:
        yield f"{count} would be taken; nothing was written"
    elif adoption.taken:
        undo = " (`chargen undo` takes it back)" if adoption.decision else ""
        yield f"{count} taken as {'it is' if len(adoption.taken) == 1 else 'they are'}; nothing was sent{undo}"
    else:
        yield "nothing was taken" if adoption.images else "no pictures were found for images without one"
    for path in adoption.ambiguous:
        yield f"left: {path}: its name means several images; name it in the `file_path` of one"


def _row(item: Adopted) -> tuple[str, ...]:
    place = item.found.place
    told = f"{item.found.told_by} {place}" if place else item.found.told_by
    at = item.found.path if item.path == item.found.path else f"{item.found.path}, copied to {item.path}"
    return item.image.id, at, dim(told)
