"""`chargen plan`: what a build would do, why, in what order and at what price. Writes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chargen.cli.options import Asked, json_option, order_of, selection_options

if TYPE_CHECKING:
    from chargen.app.checking import Finding
    from chargen.app.ordering import Prepared
    from chargen.core.plan import Planned


@click.command("plan")
@selection_options
@click.option("--all", "everything", is_flag=True, help="List also the images that need nothing.")
@json_option
def command(*, everything: bool, as_json: bool, **asked: Any) -> None:
    """Show what a build would do, why, in what order and at what price.

    SELECTION is a path, an id or a glob on the id; without one all images are meant. References that have to be built
    too are listed with the image that needs them.
    """
    from chargen.app.ordering import prepare  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.app.session import open_session  # noqa: PLC0415 - as above

    with open_session(Path.cwd(), os.environ, read_only=True) as session:
        order = order_of(Asked(**asked), session.project.root)
        prepared = prepare(session, order)
    whole = not order.selection and not order.rebuild
    if as_json:
        click.echo(json.dumps(as_object(prepared, _images(prepared), whole=whole), indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(_text(prepared, everything=everything, whole=whole)))


def as_object(prepared: Prepared, images: Iterable[Planned], *, whole: bool) -> dict[str, Any]:
    """Return the object of `plan --json` for some images of a plan."""
    from chargen.core.plan import plan_json  # noqa: PLC0415 - as above

    shown = tuple(images)
    return plan_json(shown, (finding.problem for finding in concerning(prepared, shown, whole=whole)))


def concerning(prepared: Prepared, images: Iterable[Planned], *, whole: bool) -> tuple[Finding, ...]:
    """Return the problems that concern `images`: their own, and all of their files; without a selection all there are.

    What concerns no imagery file (a template, a setting) always counts; so does a file that can't be read.
    """
    from chargen.app.checking import findings  # noqa: PLC0415 - as above

    found = findings(prepared.plan)
    if whole:
        return found
    planned_in = {image.entry.file for image in prepared.plan.images}
    others = planned_in - {image.entry.file for image in images}
    return tuple(item for item in found if (place := item.problem.position) is None or place.file not in others)


def _images(prepared: Prepared) -> tuple[Planned, ...]:
    """Return the images of the order in build order: what it means and what that needs, whatever is left out."""
    left = {item.image.id for item in prepared.choice.left_out}
    meant = {*prepared.selected, *(image.id for image in prepared.choice.images), *left}
    return tuple(image for image in prepared.plan.images if image.id in meant)


def _text(prepared: Prepared, *, everything: bool, whole: bool) -> Iterable[str]:
    from chargen.cli import plan_report, problems  # noqa: PLC0415 - as above

    choice, images = prepared.choice, _images(prepared)
    listed = images if everything else choice.images
    if listed:
        yield from plan_report.listing(listed, choice.needed_by)
        yield ""
    yield from plan_report.summary(images, choice.images)
    yield from plan_report.left_out_lines(choice.left_out)
    if not everything:
        yield from plan_report.standing(choice.quiet)
    if found := concerning(prepared, images, whole=whole):
        yield ""
        yield from problems.lines(found)
