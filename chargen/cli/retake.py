"""`chargen retake TARGET TEXT`: ask for the next version of a picture in words, from one that is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import tell
from chargen.errors import StartError
from chargen.text.money import by_estimate, estimate_text

if TYPE_CHECKING:
    from chargen.actions.retake import Retaken


@click.command("retake")
@click.argument("target", shell_complete=image_names)
@click.argument("text")
@click.option("--of", "version", default="", metavar="VERSION", help="The version to change; else the present one.")
@click.option("--mask", type=click.Path(path_type=Path), metavar="FILE", help="A PNG, transparent where it may change.")
@json_option
def command(target: str, text: str, version: str, mask: Path | None, *, as_json: bool) -> None:
    """Ask for the next version of a picture in words: TEXT says what is to be different.

    It is written into the entry as `retake`, and the next build makes it: of the version, the mask and the references,
    without the prompt. VERSION is a number of `chargen history TARGET` or the beginning of the file's hash. The mask
    has the picture's size. `chargen undo` takes it back.
    """
    from chargen.actions.history import history  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.actions.retake import plan_retake, retake  # noqa: PLC0415 - as above
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here(read_only=False) as here:
        found = history(here.session, here.planner.evidence, here.one_image(target))
        inside = "" if mask is None else _in_project(mask, here.session.project.root)
        done = retake(here.session, plan_retake(here.planner, found, text, version, inside))
    tell(done, _lines(done), as_json=as_json)


def _in_project(file: Path, root: Path) -> str:
    """Return a file's path as imagery files have it. Raises StartError for one outside the project."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as the author names them
    if not path.is_relative_to(root):
        raise StartError(f"the mask `{file}` is not in the project", hint=f"copy it to `{root}`")
    return path.relative_to(root).as_posix()


def _lines(done: Retaken) -> Iterator[str]:
    """Yield what was written and what follows from it."""
    yield f"asked anew: {done.image.id}, from version {done.version.number}: {done.instruction}"
    if done.note:
        yield done.note
    else:
        yield f"the next build makes it, {by_estimate(estimate_text(done.image.cost_usd))}"
