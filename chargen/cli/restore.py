"""`chargen restore TARGET VERSION`: bring back a version of an image, file and slots, without a call."""

from __future__ import annotations

import click

from chargen.cli import completing
from chargen.cli.options import json_option


@click.command("restore")
@click.argument("target", shell_complete=completing.images)
@click.argument("version")
@json_option
def command(target: str, version: str, *, as_json: bool) -> None:
    """Bring back a version of an image: the file and what the YAML says of it, without a call.

    VERSION is a number of `chargen history TARGET` or the beginning of the file's hash. The present picture goes into
    the history first. What is brought back counts as current for today's inputs, so a build leaves it alone until they
    change.
    """
    from chargen.actions.restore import restore  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.actions.versions import version_named, versions  # noqa: PLC0415 - as above
    from chargen.cli import reading, restore_report  # noqa: PLC0415 - as above
    from chargen.store.locks import project_lock  # noqa: PLC0415 - as above

    with (
        reading.project_here(read_only=False) as session,
        project_lock(session.project.root, on_wait=reading.tell_waiting),
    ):
        here = reading.planned(session)
        image = here.one_image(target)
        wanted = version_named(versions(session, image), version)
        done = restore(session, image, wanted)
    if as_json:
        click.echo(reading.as_json(restore_report.as_object(image, done)))
    else:
        click.echo("\n".join(restore_report.lines(image, done, restore_report.users(here.plan, image))))
