"""Reads the parsed `models.toml` of each provider into one table, refusing what is misspelt, mistyped or dangling.

Decimal fractions must have been read as `Decimal` (`tomllib.loads(..., parse_float=Decimal)`), because prices are
money. A broken table is a fault of the program, not of its user: ChargenError. Pure; knows no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert

from chargen.errors import ChargenError
from chargen.providers.catalogue.model_sizes import (
    Bucket,
    FreeSizes,
    ListedSizes,
    Ratio,
    RatioSizes,
    SizeRule,
    read_size,
)
from chargen.providers.catalogue.models import Model, ModelTable, ProviderFacts
from chargen.providers.catalogue.prices import ImagePrice, Prices, Rates, TokensByBucket, TokensByPixels, UsdBySize

T = TypeVar("T")


class _Listed(Struct, forbid_unknown_fields=True, tag_field="kind", tag="listed"):
    """A fixed list: `1024x1024`."""

    sizes: tuple[str, ...]


class _Ratios(Struct, forbid_unknown_fields=True, tag_field="kind", tag="ratios"):
    """Ratios (`16:9`), and the area in pixels of each resolution."""

    ratios: tuple[str, ...]
    buckets: dict[str, int]


class _File(Struct, forbid_unknown_fields=True):
    """A provider's file; what names or makes other things is read later."""

    as_of: date
    provider: dict[str, Any]
    sources: tuple[str, ...] = ()
    sizes: dict[str, FreeSizes | _Listed | _Ratios] = {}
    prices: dict[str, dict[str, Any]] = {}
    models: tuple[dict[str, Any], ...] = ()


def read_models(files: Mapping[str, Mapping[str, Any]]) -> ModelTable:
    """Build the table from every provider's whole parsed file, by the provider's name."""
    read = sorted((_read(name, data) for name, data in files.items()), key=lambda one: (one[0], one[1].name))
    table = ModelTable(
        providers=tuple(facts for _, facts, _ in read),
        models=tuple(model for _, _, models in read for model in models),
    )
    _check_names(table)
    return table


def _read(name: str, data: Mapping[str, Any]) -> tuple[int, ProviderFacts, tuple[Model, ...]]:
    where = f"the model table of `{name}`"
    file = _checked(data, _File, where)
    own = dict(file.provider)
    order = _checked(own.pop("order", 5), int, f"`order` of {where}")
    facts = {**own, "name": name, "as_of": file.as_of}
    named: dict[str, Mapping[str, Any]] = {
        "sizes": {title: _size_rule(rule, f"`sizes.{title}` of {where}") for title, rule in file.sizes.items()},
        "prices": {title: _prices(row, f"`prices.{title}` of {where}") for title, row in file.prices.items()},
    }
    models = tuple(_model(name, row, named, where) for row in file.models)
    return order, _checked(facts, ProviderFacts, f"`provider` of {where}"), models


def _checked(values: Any, kind: type[T], where: str) -> T:
    try:
        return convert(values, kind)
    except ValidationError as failure:
        raise ChargenError(f"{where}: {failure}") from None


def _size_rule(rule: FreeSizes | _Listed | _Ratios, where: str) -> SizeRule:
    if isinstance(rule, FreeSizes):
        return rule
    texts = rule.sizes if isinstance(rule, _Listed) else [text.replace(":", "x") for text in rule.ratios]
    sizes = [size for text in texts if (size := read_size(text)) is not None]
    if not sizes or len(sizes) < len(texts):
        raise ChargenError(f"{where} needs sizes such as `1024x1024` or ratios such as `16:9`")
    if isinstance(rule, _Listed):
        return ListedSizes(tuple(sizes))
    buckets = sorted((Bucket(*item) for item in rule.buckets.items()), key=lambda bucket: bucket.pixels)
    if not buckets:
        raise ChargenError(f"{where} needs `buckets`")
    return RatioSizes(tuple(Ratio(size.width, size.height) for size in sizes), tuple(buckets))


def _prices(row: Mapping[str, Any], where: str) -> Prices:
    left = dict(row)

    def taken(*names: str) -> dict[str, Any]:
        return {name: left.pop(name) for name in names if name in left}

    rates = _checked(taken(*Rates.__struct_fields__), Rates, where)
    image: ImagePrice
    if "usd_by_size" in left:
        image = _checked(taken("usd_by_size"), UsdBySize, where)
    elif "tokens_by_bucket" in left:
        image = _checked({"tokens": left.pop("tokens_by_bucket")}, TokensByBucket, where)
    else:
        image = _checked({**taken("pixels"), "tokens": left.pop("tokens_by_quality", None)}, TokensByPixels, where)
    return _checked({**left, "rates": rates, "image": image}, Prices, where)


def _model(provider: str, row: dict[str, Any], named: Mapping[str, Mapping[str, Any]], where: str) -> Model:
    where = f"`{row.get('id')}` of {where}"
    for key, known in named.items():
        if key in row and row[key] not in known:
            raise ChargenError(f"`{key}` of {where} names `{row[key]}`, which is not there")
    found = {key: known[row[key]] for key, known in named.items() if key in row}
    return _checked({**row, **found, "provider": provider}, Model, where)


def _check_names(table: ModelTable) -> None:
    """Hold that every default, replacement and default quality is there, and ids are unique."""
    ids = [(model.provider, name) for model in table.models for name in (model.id, *model.aliases)]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise ChargenError(f"the model table names `{'/'.join(min(twice))}` twice")
    for model in table.models:
        if model.replacement is not None and table.find(model.provider, model.replacement) is None:
            raise ChargenError(
                f"`{model.id}` of the model table is replaced by `{model.replacement}`, not in the table"
            )
        if model.default_quality is not None and model.default_quality not in model.qualities:
            raise ChargenError(f"`{model.id}` of the model table lacks its default quality `{model.default_quality}`")
    for facts in table.providers:
        if any(table.of(facts.name)) and table.find(facts.name, facts.default_model) is None:
            raise ChargenError(f"the default model `{facts.default_model}` of `{facts.name}` is not in the model table")
