"""The models there are: what each takes, costs and how long it lives.

The table is data with a date (`models.toml` in each provider's folder, read by `model_data`). An id it does not name is
not an error: the provider knows better, and is assumed to be like the provider's default model, at no known price.
Pure; the date of today is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import Enum

from msgspec import Struct, field

from chargen.model.values import Route
from chargen.providers.catalogue.model_sizes import SizeRule
from chargen.providers.catalogue.prices import Prices

NOTICE_DAYS = 60
"""A model that shuts down within so many days is warned about."""


class Lifecycle(str, Enum):
    """What a date says of a model."""

    ALIVE = "alive"
    DEPRECATED = "deprecated"
    DYING = "dying"
    DOUBTFUL = "doubtful"
    """Ended by reports that its vendor does not confirm."""
    DEAD = "dead"


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """One model. `aliases` are further ids with the same abilities, such as dated ones; each is sent as written."""

    provider: str
    id: str
    sizes: SizeRule
    references: int
    """How many reference images one request takes."""
    aliases: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    default_quality: str | None = None
    """What is sent where the author asks for no quality, so that the price is known."""
    prices: Prices | None = None
    batch: bool = False
    """It is known to be asked by jobs, at the provider's price for them."""
    batch_tokens: int | None = None
    """Queued tokens of all its jobs together that a new paying account may have; None where that is not known."""
    shutdown: date | None = None
    deprecated: date | None = None
    reported_end: date | None = None
    """When it ended by reports that its vendor does not confirm."""
    replacement: str | None = None
    unsupported: str = ""
    """Why the program does not speak to this model at all, as the rest of a sentence; empty where it does."""
    note: str = ""

    def named(self, model_id: str) -> bool:
        """Say whether `model_id` is this model's id or alias; an id that ends in `*` names all that begin like it."""
        if self.id.endswith("*"):
            return model_id.startswith(self.id[:-1])
        return model_id == self.id or model_id in self.aliases

    def life(self, today: date) -> Lifecycle:
        """Say whether the model can be used today, and for how long."""
        if self.shutdown is not None and today >= self.shutdown:
            return Lifecycle.DEAD
        if self.shutdown is not None and (self.shutdown - today).days <= NOTICE_DAYS:
            return Lifecycle.DYING
        if self.reported_end is not None and today >= self.reported_end:
            return Lifecycle.DOUBTFUL
        if self.deprecated is not None and today >= self.deprecated:
            return Lifecycle.DEPRECATED
        return Lifecycle.ALIVE


class BatchFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for the jobs of a provider: what one may hold (lines, bytes of its file), and what it costs.

    `price` is the part of the standard price, such as 0.5.
    """

    lines: int
    bytes: int
    price: Decimal


class ProviderFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all models of a provider. Lengths in characters, sizes in bytes; None is no known limit."""

    name: str
    as_of: date
    default_model: str
    workers: int
    proof: bool = False
    """Draws stand-ins on this machine for nothing: never put in the place of an image that a vendor made."""
    keys: tuple[str, ...] = ()
    """Environment variables that may hold its key, the first that is set counts; empty where it needs none."""
    jobs: bool = False
    """A request can be asked for again by the name it was sent under, by any process."""
    model_file: str = ""
    """What the file of the project is called that a model's id names; empty where ids are names of models."""
    base_url: str = ""
    """The environment variable in which its own SDK looks for another server."""
    vendor_url: str = ""
    vendor_domain: str = ""
    """Hosts at or below it are the vendor's own."""
    per_minute: int | None = None
    prompt_characters: int | None = None
    reference_bytes: int | None = None
    request_bytes: int | None = None
    """Limit of one whole request, pictures as base64; None where only single files are limited."""
    reference_media: tuple[str, ...] = ()
    """Media types it takes as references; empty where any."""
    batch: BatchFacts | None = None
    """Of its jobs; None where it makes none."""


class ModelTable(Struct, frozen=True, eq=False):
    """What all providers say of themselves and of their models."""

    providers: tuple[ProviderFacts, ...]
    models: tuple[Model, ...]
    _found: dict[tuple[str, str], Model | None] = field(default_factory=dict)
    """What was looked up: a plan of thousands of images asks for the same few."""

    @property
    def as_of(self) -> date:
        """The day since which nobody has looked at some part of the table."""
        return min(facts.as_of for facts in self.providers if any(self.of(facts.name)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every provider, in the order they are listed."""
        return tuple(facts.name for facts in self.providers)

    @property
    def stand_in(self) -> Route | None:
        """The route that costs nothing and needs no key, where there is one."""
        return next((Route(facts.name, facts.default_model) for facts in self.providers if facts.proof), None)

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

    def another(self, provider: str, asked: str, answered: str | None) -> bool:
        """Say whether the id that a reply names is another model than was asked; a dated or numbered form is not."""
        if not answered or (ours := bare_id(asked)) == (theirs := bare_id(answered)):
            return False
        known = self.find(provider, ours), self.find(provider, theirs)
        if None not in known:
            return known[0] is not known[1]
        return not theirs.startswith(f"{ours}-")

    def assumed(self, provider: str, model_id: str) -> Model:
        """Return the model of that id; for an unknown id the sizes and references of the provider's default model."""
        if found := self.find(provider, model_id):
            return found
        default = self.find(provider, self.facts(provider).default_model)
        assert default is not None, f"the default model of {provider} is not in the table"
        return Model(provider, model_id, default.sizes, default.references)

    def of(self, provider: str) -> Iterator[Model]:
        """Yield the models of one provider in the table's order."""
        return (model for model in self.models if model.provider == provider)

    def live_ids(self, provider: str, today: date) -> tuple[str, ...]:
        """Return the ids and aliases of a provider's models that can be asked today, for suggestions."""
        live = (
            model for model in self.of(provider) if model.life(today) is not Lifecycle.DEAD and not model.unsupported
        )
        return tuple(name for model in live for name in (model.id, *model.aliases) if not name.endswith("*"))


def bare_id(model_id: str) -> str:
    """Return a model id without the `models/` that Google's own lists put before it."""
    return model_id.removeprefix("models/")


def route_line(provider: str, model_id: str, replacement: str) -> str:
    """Return the line for `[tool.chargen.routes]` that serves one model by another of the same provider."""
    return f'"{Route(provider, model_id)}" = "{Route(provider, replacement)}"'
