"""`chargen accept`: take the pictures at their targets as current for today's inputs, without a call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from chargen.cli import completing
from chargen.cli.options import json_option

if TYPE_CHECKING:
    from chargen.actions.accept import Accepted

FAILED = 1


@click.command("accept")
@click.argument("selection", nargs=-1, required=True, metavar="SELECTION...", shell_complete=completing.images)
@json_option
def command(selection: tuple[str, ...], *, as_json: bool) -> int:
    """Take the present pictures as current for today's inputs, without a call.

    SELECTION is a path, an id or a glob on the id. Pictures that were painted over, that are out of date, or that
    nothing is known of become fresh; a later edit of their prompt makes them stale again.
    """
    from chargen.actions.accept import accept  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.reading import planned, project_here  # noqa: PLC0415 - as above

    with project_here(read_only=False) as session:
        opened = planned(session)
        accepted = accept(session, opened.plan, [image.id for image in opened.images(selection)])
    if as_json:
        click.echo(json.dumps({"images": [_object(item) for item in accepted]}, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(line for item in accepted for line in _lines(item)))
    return FAILED if any(item.refused for item in accepted) else 0


def _object(item: Accepted) -> dict[str, Any]:
    """One element of `images[]`: id, path of the picture, verdict before, changed, refused (null, or why not)."""
    return {
        "id": item.image.id,
        "path": item.path or item.image.target,
        "verdict": item.image.verdict.value,
        "changed": item.changed,
        "refused": item.refused or None,
    }


def _lines(item: Accepted) -> Iterator[str]:
    from chargen.store.files import printable  # noqa: PLC0415 - as above

    name = printable(item.image.id)
    if item.refused:
        first, *more = item.refused.split("\n")
        yield f"not accepted: {name}"
        yield from (f"  {printable(line.strip())}" for line in (first, *more))
    elif item.changed:
        yield f"accepted: {name} (was {item.image.verdict.value})"
    else:
        yield f"fresh already: {name}"
