"""The known models as they are shown: what each takes and costs, and when it ends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct

from chargen.config.settings import DEFAULT_SIZE
from chargen.model.amounts import number
from chargen.model.values import Route
from chargen.providers.catalogue.model_sizes import FreeSizes, ListedSizes, SizeRule
from chargen.providers.catalogue.models import Lifecycle, Model, ModelTable
from chargen.providers.catalogue.prices import estimate


class KnownModel(Struct, frozen=True):
    """One model; `default` where its provider takes it if none is named."""

    model: Model
    default: bool

    @property
    def name(self) -> str:
        """The model as a route: `provider/model`."""
        return str(Route(self.model.provider, self.model.id))

    @property
    def sizes(self) -> str:
        """The rule of sizes in a few words."""
        return _sizes(self.model.sizes)

    @property
    def end(self) -> str:
        """When it ends or ended, and what serves instead; empty where nothing is known of an end."""
        model = self.model
        if model.unsupported:
            return model.unsupported
        instead = f", use {model.replacement}" if model.replacement else ""
        if model.shutdown is not None:
            return f"{model.shutdown}{instead}"
        if model.reported_end is not None:
            return f"{model.reported_end} by reports{instead}"
        return f"deprecated{instead}" if model.deprecated else ""

    def price(self, quality: str | None) -> Decimal | None:
        """Estimate an image of about 1024x1024 without references."""
        prices = self.model.prices
        return None if prices is None else estimate(prices, str(self.model.sizes.nearest(DEFAULT_SIZE)), quality, 0, "")

    def to_json(self) -> dict[str, Any]:
        """One element of `models[]` in `models --json`."""
        model = self.model
        return {
            "provider": model.provider,
            "id": model.id,
            "aliases": list(model.aliases),
            "default": self.default,
            "sizes": self.sizes,
            "qualities": list(model.qualities),
            "default_quality": model.default_quality,
            "references": model.references,
            "usd_1024x1024": {quality or "": number(self.price(quality)) for quality in (model.qualities or (None,))},
            "deprecated": str(model.deprecated) if model.deprecated else None,
            "shutdown": str(model.shutdown) if model.shutdown else None,
            "reported_end": str(model.reported_end) if model.reported_end else None,
            "replacement": model.replacement,
            "unsupported": model.unsupported or None,
            "note": model.note or None,
        }


class KnownModels(Struct, frozen=True):
    """All known models, of a day; `stand_in` is the route that costs nothing, if there is one."""

    as_of: date
    models: tuple[KnownModel, ...]
    stand_in: Route | None

    def usable(self, today: date) -> tuple[KnownModel, ...]:
        """Return those that an image can be asked of."""
        return tuple(
            known
            for known in self.models
            if not known.model.unsupported and known.model.life(today) is not Lifecycle.DEAD
        )

    def to_json(self) -> dict[str, Any]:
        """The object of `models --json`."""
        return {"as_of": str(self.as_of), "models": [known.to_json() for known in self.models]}


def known_models(table: ModelTable) -> KnownModels:
    """Return the models of a table."""
    models = (KnownModel(model, model.id == table.facts(model.provider).default_model) for model in table.models)
    return KnownModels(table.as_of, tuple(models), table.stand_in)


def _sizes(rule: SizeRule) -> str:
    if isinstance(rule, FreeSizes):
        return f"any x{rule.step} to {rule.max_edge}, {rule.max_ratio}:1"
    if isinstance(rule, ListedSizes):
        return " ".join(str(size) for size in rule.sizes)
    return f"{len(rule.ratios)} ratios, {' '.join(bucket.name for bucket in rule.buckets)}"
