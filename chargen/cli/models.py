"""`chargen models`: the table of known models, with what each takes and costs, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import tell
from chargen.cli.tables import columns, dim, width, wrap
from chargen.text.money import estimate_text

if TYPE_CHECKING:
    from chargen.actions.models import KnownModel, KnownModels


@click.command("models")
@json_option
def command(*, as_json: bool) -> None:
    """Print the known models: sizes, qualities, references, price of an image of 1024x1024, and when they end.

    An id that is not listed works too, at an unknown price.
    """
    from chargen import providers  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.actions.models import known_models  # noqa: PLC0415 - as above
    from chargen.store.clock import SystemClock  # noqa: PLC0415 - as above

    known = known_models(providers.load_models())
    tell(known, _lines(known, SystemClock().now().date()), as_json=as_json)


def _lines(known: KnownModels, today: date) -> Iterator[str]:
    head = ("model", "1024x1024", "refs", "qualities", "sizes", "ends")
    usable = known.usable(today)
    yield from columns([tuple(dim(cell) for cell in head), *map(_row, usable)], right=frozenset({1, 2}))
    yield ""
    yield "no longer available"
    yield from columns([(f"  {model.name}", model.end) for model in known.models if model not in usable])
    yield ""
    closing = (
        f"As of {known.as_of}. Prices are estimates in USD at the quality marked `*`; references and thinking cost "
        "extra. A provider's default model is marked `*` too. Any other id works as well, at an unknown price; "
        + (f"`{known.stand_in}` costs nothing and needs no key." if known.stand_in else "")
    )
    yield from wrap(closing, width())


def _row(known: KnownModel) -> tuple[str, ...]:
    model = known.model
    price = known.price(model.default_quality)
    qualities = (f"{name}*" if name == model.default_quality else name for name in model.qualities)
    return (
        f"{known.name}{'*' if known.default else ''}",
        "" if price is None else estimate_text(price),
        str(model.references),
        " ".join(qualities),
        known.sizes,
        known.end,
    )
