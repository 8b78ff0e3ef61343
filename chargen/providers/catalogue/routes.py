"""Which provider and model make an image: what the file declares, the project's routes, and who is there to serve it.

Laws: a route catches exactly `provider/model` before `provider/*` before `*`; `*` never catches what can be served as
it is declared; a route is followed once, never from one to another. Pure; knows
neither which providers exist nor which models are dead: the caller tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from chargen.config.settings import ANY, Settings
from chargen.config.tiers import Tier
from chargen.errors import Position, Problem, error
from chargen.model.traced import Traced
from chargen.model.values import Route
from chargen.text.names import did_you_mean

ROUTES = "`[tool.chargen.routes]`"


class Served(Struct, frozen=True):
    """The project's settings and what the caller knows of providers, asked together."""

    settings: Settings
    serves: Callable[[Route], bool]
    """Says whether a route can be served: its provider has an adapter, and its model is not known to be dead."""
    defaults: Mapping[str, str]
    """Every provider with an adapter, and its default model; the one to suggest first comes first."""
    provider_of: Callable[[str], str | None]
    """Names the provider of a known model."""

    def own_model(self, provider: str) -> str:
        """Return the configured model of a provider, else its default one, else `*` for a provider nobody knows."""
        return self.settings.provider(provider).model or self.defaults.get(provider) or ANY


def route_for(declared_provider: str | None, declared_model: str | None, served: Served) -> Route | Problem:
    """Return the route of an entry, or the error that says which line to add.

    `declared_provider` and `declared_model` are those of `generation_defaults`; where they are `Traced`, the error
    has their place.
    """
    settings = served.settings
    provider = (declared_provider or "").strip()
    model = (declared_model or "").strip()
    place = _place(declared_provider) or _place(declared_model)
    if not provider:
        return _undeclared(model, served, place)
    wanted = Route(provider, model or served.own_model(provider))
    for caught in (str(wanted), f"{provider}/{ANY}"):
        if caught in settings.routes:
            return _followed(caught, served)
    if wanted.model != ANY and served.serves(wanted):
        return wanted
    if ANY in settings.routes:
        return _followed(ANY, served)
    if provider in served.defaults:
        written = None if model else settings.model_positions.get(provider)
        hint = "name another model in this line" if written else _line_to_add(wanted, served)
        return error(f"the model `{wanted}` is no longer available", written or place, hint)
    return _unsupported(wanted, served, place)


def set_at(
    declared_provider: str | None, declared_model: str | None, route: Route, settings: Settings
) -> Position | None:
    """Return where the settings name the model of an entry's route; None where its file or nobody does."""
    provider, model = (declared_provider or "").strip(), (declared_model or "").strip()
    if route == Route(provider, model):
        return None
    own = settings.provider(provider).model
    for caught in (f"{provider}/{model or own}", f"{provider}/{ANY}", ANY):
        if settings.routes.get(caught) == route:
            return settings.route_positions.get(caught)
    return settings.model_positions.get(provider) if route == Route(provider, own or "") else None


def route_of_tier(
    tier: Tier, declared_provider: str | None, declared_model: str | None, found: Route | Problem, served: Served
) -> Route | Problem:
    """Return the route of an entry under a tier; `found` is the one without it.

    A tier is asked for: its `*` catches what could be served as it is declared, too. A model that it sets for a
    provider is for what its own routes don't catch.
    """
    wanted = Route((declared_provider or "").strip(), (declared_model or "").strip())
    for caught in (str(wanted), f"{wanted.provider}/{ANY}", ANY):
        if (target := tier.routes.get(caught)) is not None:
            if served.serves(target):
                return target
            message = (
                f"the route `{caught}` of the tier `{tier.name}` leads to `{target}`, which is no longer available"
            )
            return error(message, tier.route_positions.get(caught), "name another model in this line")
    if isinstance(found, Problem) or (model := tier.provider(found.provider).model) is None:
        return found
    own = Route(found.provider, model)
    if served.serves(own):
        return own
    message = f"the model `{own}` of the tier `{tier.name}` is no longer available"
    return error(message, tier.model_positions.get(own.provider), "name another model in this line")


def override_route(provider: str, served: Served) -> Route | Problem:
    """Return the route that `--provider NAME` asks for: that provider's configured model, else its default one."""
    if provider not in served.defaults:
        names = ", ".join(f"`{name}`" for name in served.defaults)
        hint = did_you_mean(provider, served.defaults) or f"there are {names}"
        return error(f"there is no provider `{provider}`", hint=hint)
    route = Route(provider, served.own_model(provider))
    if served.serves(route):
        return route
    hint = f"set another `model` in `[tool.chargen.providers.{provider}]`"
    return error(f"the model `{route}` is no longer available", hint=hint)


def _place(text: str | None) -> Position | None:
    return text.position if isinstance(text, Traced) else None


def _undeclared(model: str, served: Served, place: Position | None) -> Route | Problem:
    if ANY in served.settings.routes:
        return _followed(ANY, served)
    if model:
        owner = served.provider_of(model)
        hint = f"add `provider: {owner}` beside it" if owner else "add `provider` beside it"
        return error(f"`generation_defaults` name the model `{model}` but no provider", place, hint)
    hint = f'add `generation_defaults` with `provider` and `model` to the file, or `"*" = "provider/model"` to {ROUTES}'
    return error("nothing says which provider makes this image", place, hint)


def _followed(caught: str, served: Served) -> Route | Problem:
    target = served.settings.routes[caught]
    if served.serves(target):
        return target
    place = served.settings.route_positions.get(caught)
    why = "is no longer available" if target.provider in served.defaults else "no provider serves"
    return error(f"the route `{caught}` leads to `{target}`, which {why}", place, "name another model in this line")


def _unsupported(wanted: Route, served: Served, place: Position | None) -> Problem:
    provider = wanted.provider
    owner, slash, model = provider.partition("/")
    if slash and owner in served.defaults:
        hint = f"write `provider: {owner}` and `model: {model}`"
        return error(f"`{provider}` in `provider` is a provider and a model in one", place, hint)
    if of_model := served.provider_of(provider):
        hint = f"write `provider: {of_model}` and `model: {provider}`, or {_line_to_add(wanted, served)}"
        return error(f"`{provider}` in `provider` is the name of a model", place, hint)
    guess = did_you_mean(provider, served.defaults)
    return error(f"there is no provider `{provider}`", place, guess or _line_to_add(wanted, served))


def _line_to_add(wanted: Route, served: Served) -> str:
    """Suggest the same provider's model where it can be served, else the first provider's that can."""
    order = sorted(served.defaults, key=lambda name: name != wanted.provider)
    offers = (Route(name, served.own_model(name)) for name in order)
    offer = next((route for route in offers if route != wanted and served.serves(route)), "provider/model")
    return f'add `"{wanted}" = "{offer}"` to {ROUTES}'
