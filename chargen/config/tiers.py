"""Tiers: named sets of routes, models and qualities, such as cheap drafts to choose from before finals are made.

Laws: a tier is asked for by a command and ends with it; it is no input of an image. Tiers rank in the order of the
settings, below a final image, which no tier made. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from chargen.errors import Position
from chargen.model.values import Route

FINAL = "final"
"""What asks for images that no tier makes: the name of no tier."""


class TierProvider(Struct, frozen=True):
    """What a tier asks of one provider: None where it is what the settings say without it."""

    model: str | None = None
    quality: str | None = None


class Tier(Struct, frozen=True):
    """One tier.

    Its routes go before those of the settings, and `*` catches all; its models and qualities go before those that files
    declare.
    """

    name: str
    routes: Mapping[str, Route] = field(default_factory=dict)
    route_positions: Mapping[str, Position] = field(default_factory=dict)
    """Where each route is written, under the same names as `routes`."""
    providers: Mapping[str, TierProvider] = field(default_factory=dict)
    model_positions: Mapping[str, Position] = field(default_factory=dict)
    """Where each provider's `model` is written, if it is, by the provider's name."""

    def provider(self, name: str) -> TierProvider:
        """Return what the tier asks of a provider."""
        return self.providers.get(name, TierProvider())
