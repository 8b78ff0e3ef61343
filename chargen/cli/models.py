"""`chargen models`: the table of known models, with what each takes and costs, and when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from chargen.cli.options import json_option

if TYPE_CHECKING:
    from decimal import Decimal

    from chargen.providers.catalogue.model_sizes import SizeRule
    from chargen.providers.catalogue.models import Model, ModelTable


@click.command("models")
@json_option
def command(*, as_json: bool) -> None:
    """Print the known models: sizes, qualities, references, price of an image of 1024x1024, and when they end.

    An id that is not listed works too, at an unknown price.
    """
    from chargen import providers  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.store.clock import SystemClock  # noqa: PLC0415 - as above

    table = providers.load_models()
    if as_json:
        shown = {"as_of": str(table.as_of), "models": [_object(table, model) for model in table.models]}
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(_text(table, SystemClock().now().date())))


def _object(table: ModelTable, model: Model) -> dict[str, Any]:
    prices = {quality or "": _price(model, quality) for quality in (model.qualities or (None,))}
    return {
        "provider": model.provider,
        "id": model.id,
        "aliases": list(model.aliases),
        "default": model.id == table.facts(model.provider).default_model,
        "sizes": _sizes(model.sizes),
        "qualities": list(model.qualities),
        "default_quality": model.default_quality,
        "references": model.references,
        "usd_1024x1024": {quality: None if price is None else float(price) for quality, price in prices.items()},
        "deprecated": str(model.deprecated) if model.deprecated else None,
        "shutdown": str(model.shutdown) if model.shutdown else None,
        "replacement": model.replacement,
        "unsupported": model.unsupported or None,
        "note": model.note or None,
    }


def _text(table: ModelTable, today: date) -> Iterator[str]:
    from chargen.cli.tables import columns, dim, width, wrap  # noqa: PLC0415 - as above
    from chargen.providers.catalogue.models import Life  # noqa: PLC0415 - as above

    head = ("model", "1024x1024", "refs", "qualities", "sizes", "ends")
    usable = [model for model in table.models if not model.unsupported and model.life(today) is not Life.DEAD]
    rows = [tuple(dim(cell) for cell in head), *(_row(table, model) for model in usable)]
    yield from columns(rows, right=frozenset({1, 2}))
    yield ""
    yield "not to be had"
    others = [(f"  {model.provider}/{model.id}", _end(model)) for model in table.models if model not in usable]
    yield from columns(others)
    yield ""
    closing = (
        f"As of {table.as_of}. Prices are estimates in USD at the quality marked `*`; references and thinking cost "
        "extra. A provider's default model is marked `*` too. Any other id works as well, at an unknown price; "
        + (f"`{table.stand_in}` costs nothing and needs no key." if table.stand_in else "")
    )
    yield from wrap(closing, width())


def _row(table: ModelTable, model: Model) -> tuple[str, ...]:
    from chargen.cli.tables import estimate_text  # noqa: PLC0415 - as above

    mark = "*" if model.id == table.facts(model.provider).default_model else ""
    price = _price(model, model.default_quality)
    qualities = (f"{name}*" if name == model.default_quality else name for name in model.qualities)
    return (
        f"{model.provider}/{model.id}{mark}",
        "" if price is None else estimate_text(price),
        str(model.references),
        " ".join(qualities),
        _sizes(model.sizes),
        _end(model),
    )


def _end(model: Model) -> str:
    """Say when a model ends or ended, and what serves instead."""
    if model.unsupported:
        return model.unsupported
    instead = f", use {model.replacement}" if model.replacement else ""
    if model.shutdown is not None:
        return f"{model.shutdown}{instead}"
    return f"deprecated{instead}" if model.deprecated else ""


def _sizes(rule: SizeRule) -> str:
    """Say a rule in a few words."""
    from chargen.providers.catalogue.model_sizes import FreeSizes, ListedSizes  # noqa: PLC0415 - as above

    if isinstance(rule, FreeSizes):
        return f"any x{rule.step} to {rule.max_edge}, {rule.max_ratio}:1"
    if isinstance(rule, ListedSizes):
        return " ".join(str(size) for size in rule.sizes)
    return f"{len(rule.ratios)} ratios, {' '.join(bucket.name for bucket in rule.buckets)}"


def _price(model: Model, quality: str | None) -> Decimal | None:
    """Estimate an image of about 1024x1024 without references."""
    from chargen.config.settings import DEFAULT_SIZE  # noqa: PLC0415 - as above
    from chargen.providers.catalogue.prices import estimate  # noqa: PLC0415 - as above

    if model.prices is None:
        return None
    return estimate(model.prices, str(model.sizes.nearest(DEFAULT_SIZE)), quality, 0, "")
