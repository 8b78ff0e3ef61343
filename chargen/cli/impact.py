"""`chargen impact WHAT`: every image that something feeds, and what rebuilding them costs. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option, named_here
from chargen.cli.output import tell
from chargen.cli.spending import price_text
from chargen.cli.tables import coloured, columns, counts, dim, plural
from chargen.model.values import Verdict
from chargen.text.money import by_estimate, estimate_text

if TYPE_CHECKING:
    from chargen.actions.impact import FedImage, Impact
    from chargen.model.amounts import Total


@click.command("impact")
@click.argument("what", shell_complete=image_names)
@json_option
def command(what: str, *, as_json: bool) -> None:
    """List every image that WHAT feeds, how many of them are approved or locked, and what rebuilding costs.

    WHAT is a character's, location's or chapter's slug, an imagery file, a template, a picture, or an image. Images
    that show a portrait which is built itself are reached through it.
    """
    from chargen.actions.impact import impact  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here() as here:
        (name,), within = named_here(here.session.project.root, (what,))
        found = impact(here.session, here.planner, name, within)
    tell(found, _lines(found), as_json=as_json)


def _lines(found: Impact) -> Iterator[str]:
    """Yield a line for each image, then what a change comes to."""
    if not found.reached:
        yield f"{found.what} feeds no image"
        return
    yield from columns([_row(item) for item in found.reached], right=frozenset({2}))
    yield ""
    verdicts = Counter(item.image.verdict for item in found.reached)
    numbers = counts({verdict.value: verdicts[verdict] for verdict in Verdict})
    yield f"{found.what} feeds {plural(len(found.reached), 'image')}: {numbers}"
    if found.kept:
        yield f"{len(found.kept):,} approved or locked: they stay as they are"
    if found.of_character:
        picture = _priced(found.by_picture, found.picture_price)
        text = _priced(found.by_text, found.text_price)
        yield f"a new portrait rebuilds {picture}; an edited appearance rebuilds {text}"
    elif found.rebuilt:
        which = "it" if len(found.reached) == 1 else f"{len(found.rebuilt):,} of them"
        yield f"a change rebuilds {which}: {by_estimate(price_text(found.price))}"
    else:
        yield "a change rebuilds none of them"


def _priced(rebuilt: Sequence[FedImage], price: Total) -> str:
    """Say how many images are rebuilt, and at what price."""
    return f"{len(rebuilt):,}, {by_estimate(price_text(price))}" if rebuilt else "none"


def _row(item: FedImage) -> tuple[str, ...]:
    price = estimate_text(item.cost_usd) if item.rebuilds else ""
    through = dim(f"through {item.through}") if item.through else ""
    return coloured(item.image.verdict), item.image.id, price, through
