"""`chargen restore TARGET VERSION`: bring back a version of an image, file and slots, without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import tell
from chargen.cli.tables import listed, moment, plural

if TYPE_CHECKING:
    from chargen.actions.restore import Restored
    from chargen.model.values import EntryId


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
    from chargen.actions.restore import restore  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    done, stale = bring_back(target, version, restore)
    tell(done, _lines(done, stale), as_json=as_json)


def bring_back(target: str, version: str, action: Callable[..., Restored]) -> tuple[Restored, tuple[EntryId, ...]]:
    """Let an action make a version of an image its picture; return also the images that this makes out of date."""
    from chargen.actions.history import named  # noqa: PLC0415 - as above
    from chargen.actions.restore import users  # noqa: PLC0415 - as above
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here(read_only=False) as here:
        before, image = here.planner.plan(), here.one_image(target)
        session, evidence = here.session, here.planner.evidence
        return action(session, evidence, image, named(session, evidence, image, version)), users(before, image)


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
