"""`chargen impact WHAT`: every image that something feeds, and what rebuilding them costs. Writes nothing."""

from __future__ import annotations

import click

from chargen.cli import completing
from chargen.cli.options import json_option, within_project


@click.command("impact")
@click.argument("what", shell_complete=completing.images)
@json_option
def command(what: str, *, as_json: bool) -> None:
    """List every image that WHAT feeds, how many of them are approved or locked, and what rebuilding costs.

    WHAT is a character's, location's or chapter's slug, an imagery file, a template, a picture, or an image. Images
    that show a portrait which is built itself are reached through it.
    """
    from chargen.actions.impact import impact  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli import impact_report, reading  # noqa: PLC0415 - as above

    with reading.planned_here() as here:
        found = impact(here.session, here.planner, here.plan, what, within_project(here.session.project.root))
    if as_json:
        click.echo(reading.as_json(impact_report.as_object(found)))
    else:
        click.echo("\n".join(impact_report.lines(found)))
