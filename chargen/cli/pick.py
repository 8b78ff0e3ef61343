"""`chargen pick TARGET VERSION`: of several versions of the same inputs make another one current, without a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import say, say_json
from chargen.cli.restore import bring_back, stale_lines

if TYPE_CHECKING:
    from chargen.actions.restore import Restored


@click.command("pick")
@click.argument("target", shell_complete=image_names)
@click.argument("version")
@json_option
def command(target: str, version: str, *, as_json: bool) -> None:
    """Make one of the variants of an image the current one: the file and what the YAML says of it, without a call.

    VERSION is a number of `chargen history TARGET` or the beginning of the file's hash. It must have been made from
    today's words and references (`chargen restore` brings back any other). The present picture stays a version.
    """
    from chargen.actions.pick import pick  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    done, stale = bring_back(target, version, pick)
    if as_json:
        say_json({**done.to_json(), "stale": list(stale)})
    else:
        say(_lines(done, stale))


def _lines(done: Restored, stale: Sequence[str]) -> Iterator[str]:
    yield f"version {done.version.number} of {done.image.id} is the current one now"
    if done.image.entry.status is not None:
        yield f"the entry's status stays {done.image.entry.status.value}"
    yield from stale_lines(stale)
