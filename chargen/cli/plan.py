"""`chargen plan`: what a build would do, why, in what order and at what price. Writes nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chargen.cli.options import Asked, json_option, order_of, selection_options

if TYPE_CHECKING:
    from chargen.plan.findings import Finding
    from chargen.plan.memo.index import Standing
    from chargen.plan.memo.standing import Look
    from chargen.plan.plan import Planned
    from chargen.plan.request import Chosen, Order


@click.command("plan")
@selection_options
@click.option("--all", "everything", is_flag=True, help="List also the images that need nothing.")
@json_option
def command(*, everything: bool, as_json: bool, **asked: Any) -> None:
    """Show what a build would do, why, in what order and at what price.

    SELECTION is a path, an id or a glob on the id; without one all images are meant. References that have to be built
    too are listed with the image that needs them.
    """
    from chargen.plan.memo.standing import look_at  # noqa: PLC0415 - `--help` needs none of it

    wanted = Asked(**asked)
    look = look_at(Path.cwd(), os.environ)
    text = None if look is None or everything or wanted != Asked() else _remembered(look, as_json=as_json)
    if text is None:
        chosen, order = _chosen(wanted, look)
        whole = not order.selection and not order.rebuild
        if as_json:
            text = _as_json(as_object(chosen, _images(chosen), whole=whole))
        else:
            text = "\n".join(_text(chosen, everything=everything, whole=whole))
    click.echo(text)


def _remembered(look: Look, *, as_json: bool) -> str | None:
    """Return the whole plan of a project of which nothing changed, as far as that can be told without making it."""
    if as_json:
        from chargen.plan.memo.whole import shown_plan  # noqa: PLC0415 - as above

        found = shown_plan(look)
        return None if found is None else _as_json(found)
    standing = look.standing() if look.index.clean else None
    return None if standing is None else "\n".join(_quiet_text(standing))


def _quiet_text(standing: Standing) -> Iterator[str]:
    """Yield the text of a plan in which nothing is to be done, and of which there is nothing else to tell."""
    from chargen.cli.quiet_report import standing_lines  # noqa: PLC0415 - as above
    from chargen.cli.tables import counts, plural  # noqa: PLC0415 - as above
    from chargen.model.values import Verdict  # noqa: PLC0415 - as above

    found = Counter(verdict for _, verdict, _ in standing.others)
    found[Verdict.FRESH.value] = standing.fresh
    numbers = counts({verdict.value: found[verdict.value] for verdict in Verdict})
    yield f"{plural(found.total(), 'image')}: {numbers}" if numbers else "no images are planned"
    yield "nothing to send"
    yield from standing_lines(standing.others)


def _as_json(found: dict[str, Any]) -> str:
    from chargen.cli.plan_json import plan_text  # noqa: PLC0415 - as above

    return plan_text(found)


def _chosen(asked: Asked, look: Look | None) -> tuple[Chosen, Order]:
    """Plan and choose; where nothing changed since the last plan, without opening the project."""
    from chargen.plan.request import prepare, remembered_choice  # noqa: PLC0415 - as above

    here = Path.cwd()
    if look is not None:
        order = order_of(asked, here)
        if (found := remembered_choice(look, order)) is not None:
            return found, order
    from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and seldom needed

    with open_session(here, os.environ, read_only=True) as session:
        order = order_of(asked, session.project.root)
        return prepare(session, order, look), order


def as_object(prepared: Chosen, images: Iterable[Planned], *, whole: bool) -> dict[str, Any]:
    """Return the object of `plan --json` for some images of a plan."""
    from chargen.plan.plan import plan_json  # noqa: PLC0415 - as above

    shown = tuple(images)
    return plan_json(shown, (finding.problem for finding in concerning(prepared, shown, whole=whole)))


def concerning(prepared: Chosen, images: Iterable[Planned], *, whole: bool) -> tuple[Finding, ...]:
    """Return the problems that concern `images`: their own, and all of their files; without a selection all there are.

    What concerns no imagery file (a template, a setting) always counts; so does a file that can't be read.
    """
    from chargen.plan.findings import findings  # noqa: PLC0415 - as above

    found = findings(prepared.plan)
    if whole:
        return found
    planned_in = {image.entry.file for image in prepared.plan.images}
    others = planned_in - {image.entry.file for image in images}
    return tuple(item for item in found if (place := item.problem.position) is None or place.file not in others)


def _images(prepared: Chosen) -> tuple[Planned, ...]:
    """Return the images of the order in build order: what it means and what that needs, whatever is left out."""
    left = {item.image.id for item in prepared.choice.left_out}
    meant = {*prepared.selected, *(image.id for image in prepared.choice.images), *left}
    return tuple(image for image in prepared.plan.images if image.id in meant)


def _text(prepared: Chosen, *, everything: bool, whole: bool) -> Iterable[str]:
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
