"""The models there are: what each takes, costs and how long it lives.

The table is data with a date (`chargen/providers/models.toml`, read by `model_data`). An id it does not name is not an
error: the provider knows better, and is assumed to be like the provider's default model, at no known price. Pure; the
date of today is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from chargen.model.values import Route
from chargen.providers.catalogue.model_sizes import SizeRule
from chargen.providers.catalogue.prices import Prices

NOTICE_DAYS = 60
"""A model that shuts down within so many days is warned about."""


class Life(str, Enum):
    """What a date says of a model."""

    ALIVE = "alive"
    DEPRECATED = "deprecated"
    DYING = "dying"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `aliases` are further ids with the same abilities, such as dated ones; each is sent as written."""

    provider: str
    id: str
    sizes: SizeRule
    references: int
    """How many reference images one request takes."""
    formats: tuple[str, ...]
    """Formats it delivers, the usual one first; what arrives is looked at all the same."""
    aliases: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    default_quality: str | None = None
    """What is sent where the author asks for no quality, so that the price is known."""
    prices: Prices | None = None
    shutdown: date | None = None
    deprecated: date | None = None
    replacement: str | None = None
    unsupported: str = ""
    """Why the program does not speak to this model at all, as the rest of a sentence; empty where it does."""
    note: str = ""

    def named(self, model_id: str) -> bool:
        """Say whether `model_id` is this model's id or alias; an id that ends in `*` names all that begin like it."""
        if self.id.endswith("*"):
            return model_id.startswith(self.id[:-1])
        return model_id == self.id or model_id in self.aliases

    def life(self, today: date) -> Life:
        """Say whether the model can be used today, and for how long."""
        if self.shutdown is not None and today >= self.shutdown:
            return Life.DEAD
        if self.shutdown is not None and (self.shutdown - today).days <= NOTICE_DAYS:
            return Life.DYING
        if self.deprecated is not None and today >= self.deprecated:
            return Life.DEPRECATED
        return Life.ALIVE


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What holds for all models of a provider. Lengths in characters, sizes in bytes."""

    name: str
    default_model: str
    workers: int
    per_minute: float | None
    prompt_characters: int
    reference_bytes: int
    request_bytes: int | None
    """Limit of one whole request, pictures as base64; None where only single files are limited."""
    reference_media: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The whole table, as of a date."""

    as_of: date
    sources: tuple[str, ...]
    providers: tuple[ProviderFacts, ...]
    models: tuple[Model, ...]
    _found: dict[tuple[str, str], Model | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was looked up: a plan of thousands of images asks for the same few."""

    def facts(self, provider: str) -> ProviderFacts:
        """Return what holds for all models of `provider`; KeyError where the table does not have it."""
        for facts in self.providers:
            if facts.name == provider:
                return facts
        raise KeyError(provider)

    def find(self, provider: str, model_id: str) -> Model | None:
        """Return the model of that id or alias, exact names before patterns; None for an unknown id."""
        asked = (provider, model_id)
        if asked not in self._found:
            bare = bare_id(model_id)
            found = [model for model in self.of(provider) if model.named(bare)]
            self._found[asked] = min(found, key=lambda model: model.id.endswith("*"), default=None)
        return self._found[asked]

    def assumed(self, provider: str, model_id: str) -> Model:
        """Return the model of that id; for an unknown id the sizes and references of the provider's default model."""
        if found := self.find(provider, model_id):
            return found
        default = self.find(provider, self.facts(provider).default_model)
        assert default is not None, f"the default model of {provider} is not in the table"
        return Model(provider, model_id, default.sizes, default.references, default.formats)

    def of(self, provider: str) -> Iterator[Model]:
        """Yield the models of one provider in the table's order."""
        return (model for model in self.models if model.provider == provider)

    def live_ids(self, provider: str, today: date) -> tuple[str, ...]:
        """Return the ids and aliases of a provider's models that can be asked today, for suggestions."""
        live = (model for model in self.of(provider) if model.life(today) is not Life.DEAD and not model.unsupported)
        return tuple(name for model in live for name in (model.id, *model.aliases) if not name.endswith("*"))


def bare_id(model_id: str) -> str:
    """Return a model id without the `models/` that Google's own lists put before it."""
    return model_id.removeprefix("models/")


def route_line(provider: str, model_id: str, replacement: str) -> str:
    """Return the line for `[tool.chargen.routes]` that serves one model by another of the same provider."""
    return f'"{Route(provider, model_id)}" = "{Route(provider, replacement)}"'
