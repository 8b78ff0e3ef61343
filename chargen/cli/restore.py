"""`chargen restore TARGET VERSION`: bring back a version of an image, file and slots, without a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import tell
from chargen.cli.tables import listed, moment, plural

if TYPE_CHECKING:
    from chargen.actions.restore import Restored


@click.command("restore")
@click.argument("target", shell_complete=image_names)
@click.argument("version")
@json_option
def command(target: str, version: str, *, as_json: bool) -> None:
    """Bring back a version of an image: the file and what the YAML says of it, without a call.

    VERSION is a number of `chargen history TARGET` or the beginning of the file's hash, also one that `chargen history
    --gone` lists. The present picture goes into
    the history first. What is brought back counts as current for today's inputs, so a build leaves it alone until they
    change.
    """
    from chargen.actions.history import named  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.actions.restore import restore, users  # noqa: PLC0415 - as above
    from chargen.cli.project import planning, project_here  # noqa: PLC0415 - as above

    with project_here(read_only=False) as session:
        here = planning(session)
        before = here.planner.plan()
        image = here.one_image(target)
        done = restore(session, here.planner.evidence, image, named(session, here.planner.evidence, image, version))
    tell(done, _lines(done, users(before, image)), as_json=as_json)


def _lines(done: Restored, stale: Sequence[str]) -> Iterator[str]:
    """Yield what was done and what follows from it."""
    image, version = done.image, done.version
    made = f"made {moment(version.at)} by {version.by}" if version.by else f"of {moment(version.at)}"
    yield f"restored version {version.number} of {image.id}, {made}"
    if done.other_inputs:
        yield "made from an older prompt or other references; kept as current until you edit its inputs again"
    if image.entry.status is not None:
        yield f"the entry's status stays {image.entry.status.value}"
    yield from stale_lines(stale)


def stale_lines(stale: Sequence[str]) -> Iterator[str]:
    """Yield which images a new picture of this one makes out of date."""
    if stale:
        is_now = "is" if len(stale) == 1 else "are"
        yield f"{plural(len(stale), 'image')} with this reference {is_now} out of date now: {listed(stale)}"
