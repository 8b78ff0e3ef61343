"""Reads the parsed `models.toml` of each provider into one table, refusing what is misspelt, mistyped or dangling.

Decimal fractions must have been read as `Decimal` (`tomllib.loads(..., parse_float=Decimal)`), because prices are
money. A broken table is a fault of the program, not of its user: ChargenError. Pure; knows no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

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
from chargen.providers.catalogue.models import BatchFacts, Model, ModelTable, ProviderFacts
from chargen.providers.catalogue.prices import ImagePrice, Prices, Rates, TokensByBucket, TokensByPixels, UsdBySize

T = TypeVar("T")
_ABSENT: Any = object()


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
    top = _Table(data, f"the model table of `{name}`")
    sizes = {title: _size_rule(table) for title, table in top.tables("sizes")}
    prices = {title: _prices(table) for title, table in top.tables("prices")}
    own = _Table(top.take("provider", dict), f"`provider` of the model table of `{name}`")
    order = own.take("order", int, 5)
    facts = _facts(name, own, top.take("as_of", date), top.texts("sources"))
    models = tuple(_model(name, model, sizes, prices) for model in top.list_of_tables("models"))
    top.end()
    return order, facts, models


class _Table:
    """A TOML table whose keys are taken one by one; what is left over at the end is misspelt."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._left = dict(data)
        self.where = where

    def take(self, key: str, kind: type[T], default: T = _ABSENT) -> T:
        value = self._left.pop(key, default)
        if value is _ABSENT:
            raise ChargenError(f"{self.where} lacks `{key}`")
        if value is not default and (not isinstance(value, kind) or isinstance(value, bool)):
            raise ChargenError(f"`{key}` of {self.where} must be {kind.__name__}, not `{value!r}`")
        return value

    def switch(self, key: str) -> bool:
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise ChargenError(f"`{key}` of {self.where} must be true or false")
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        return self.take(key, kind) if key in self._left else None

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise ChargenError(f"`{key}` of {self.where} must be a list of texts")
        return tuple(values)

    def money(self, key: str) -> Decimal:
        value = self._left.pop(key, None)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ChargenError(f"`{key}` of {self.where} must be an amount, not `{value!r}`")
        return Decimal(value)

    def counts(self, key: str) -> dict[str, int]:
        table = _Table(self.take(key, dict), f"`{key}` of {self.where}")
        return {name: table.take(name, int) for name in table.names()}

    def tables(self, key: str) -> list[tuple[str, _Table]]:
        outer = self.take(key, dict, {})
        return [(name, _Table(table, f"`{key}.{name}` of {self.where}")) for name, table in outer.items()]

    def list_of_tables(self, key: str) -> list[_Table]:
        return [_Table(item, f"`{item.get('id', key)}` of {self.where}") for item in self.take(key, list, [])]

    def named(self, key: str, known: Mapping[str, T]) -> T:
        name = self.take(key, str)
        if name not in known:
            raise ChargenError(f"`{key}` of {self.where} names `{name}`, which is not there")
        return known[name]

    def names(self) -> tuple[str, ...]:
        return tuple(self._left)

    def end(self) -> None:
        if self._left:
            raise ChargenError(f"{self.where} has the unknown key `{next(iter(self._left))}`")


def _size_rule(table: _Table) -> SizeRule:
    readers: dict[str, Callable[[_Table], SizeRule]] = {"free": _free, "listed": _listed, "ratios": _ratio_sizes}
    rule = table.named("kind", readers)(table)
    table.end()
    return rule


def _free(table: _Table) -> FreeSizes:
    return FreeSizes(
        step=table.take("step", int),
        max_edge=table.take("max_edge", int),
        min_pixels=table.take("min_pixels", int),
        max_pixels=table.take("max_pixels", int),
        max_ratio=table.take("max_ratio", int),
    )


def _listed(table: _Table) -> ListedSizes:
    sizes = [read_size(text) for text in table.texts("sizes")]
    if None in sizes:
        raise ChargenError(f"`sizes` of {table.where} must be texts such as `1024x1024`")
    return ListedSizes(tuple(size for size in sizes if size is not None))


def _ratio_sizes(table: _Table) -> RatioSizes:
    pairs = [read_size(text.replace(":", "x")) for text in table.texts("ratios")]
    buckets = sorted(table.counts("buckets").items(), key=lambda item: item[1])
    if None in pairs or not pairs or not buckets:
        raise ChargenError(f"{table.where} needs `ratios` such as `16:9` and `buckets`")
    return RatioSizes(
        tuple(Ratio(pair.width, pair.height) for pair in pairs if pair is not None),
        tuple(Bucket(name, pixels) for name, pixels in buckets),
    )


def _prices(table: _Table) -> Prices:
    rates = Rates(
        text_in=table.money("text_in"),
        image_in=table.money("image_in"),
        text_out=table.money("text_out"),
        image_out=table.money("image_out"),
    )
    prices = Prices(
        rates,
        _image_price(table),
        table.take("reference_tokens", int),
        table.maybe("auto_quality", str),
        reference_tokens_most=table.take("reference_tokens_most", int, 0),
        words_tokens_most=table.take("words_tokens_most", int, 0),
        pictures_most=table.take("pictures_most", int, 1),
    )
    table.end()
    return prices


def _image_price(table: _Table) -> ImagePrice:
    keys = table.names()
    if "usd_by_size" in keys:
        tables = table.tables("usd_by_size")
        return UsdBySize({size: {key: row.money(key) for key in row.names()} for size, row in tables})
    if "tokens_by_bucket" in keys:
        return TokensByBucket(table.counts("tokens_by_bucket"))
    return TokensByPixels(table.take("pixels", int), table.counts("tokens_by_quality"))


def _facts(name: str, table: _Table, as_of: date, sources: tuple[str, ...]) -> ProviderFacts:
    facts = ProviderFacts(
        name=name,
        as_of=as_of,
        sources=sources,
        proof=table.switch("proof"),
        jobs=table.switch("jobs"),
        model_file=table.take("model_file", str, ""),
        keys=table.texts("keys"),
        base_url=table.take("base_url", str, ""),
        vendor_url=table.take("vendor_url", str, ""),
        vendor_domain=table.take("vendor_domain", str, ""),
        default_model=table.take("default_model", str),
        workers=table.take("workers", int),
        per_minute=table.maybe("per_minute", int),
        prompt_characters=table.maybe("prompt_characters", int),
        reference_bytes=table.maybe("reference_bytes", int),
        request_bytes=table.maybe("request_bytes", int),
        reference_media=table.texts("reference_media"),
        batch=_batch(table),
    )
    table.end()
    return facts


def _batch(table: _Table) -> BatchFacts | None:
    if "batch" not in table.names():
        return None
    own = _Table(table.take("batch", dict), f"`batch` of {table.where}")
    facts = BatchFacts(lines=own.take("lines", int), bytes=own.take("bytes", int), price=own.money("price"))
    own.end()
    return facts


def _model(provider: str, table: _Table, sizes: Mapping[str, SizeRule], prices: Mapping[str, Prices]) -> Model:
    model = Model(
        provider=provider,
        id=table.take("id", str),
        sizes=table.named("sizes", sizes),
        references=table.take("references", int),
        formats=table.texts("formats"),
        aliases=table.texts("aliases"),
        qualities=table.texts("qualities"),
        default_quality=table.maybe("default_quality", str),
        prices=table.named("prices", prices) if "prices" in table.names() else None,
        batch=table.switch("batch"),
        batch_tokens=table.maybe("batch_tokens", int),
        shutdown=table.maybe("shutdown", date),
        deprecated=table.maybe("deprecated", date),
        reported_end=table.maybe("reported_end", date),
        replacement=table.maybe("replacement", str),
        unsupported=table.take("unsupported", str, ""),
        note=table.take("note", str, ""),
    )
    table.end()
    return model


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
