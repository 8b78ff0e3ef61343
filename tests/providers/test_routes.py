"""Routes: which provider and model make an image, and what is said where none can."""

from __future__ import annotations

import pytest

from chargen.config.settings import Settings
from chargen.errors import Position, Problem
from chargen.model.request import ProviderSettings
from chargen.model.traced import Traced
from chargen.model.values import Route
from chargen.providers.catalogue.routes import Served, override_route, route_for

DEFAULTS = {"openai": "gpt-new", "google": "nano", "sketch": "sketch"}
OWNERS = {"gpt-old": "openai", "gpt-new": "openai", "nano": "google"}
DEAD = {Route("openai", "gpt-old"), Route("google", "imagen")}
AT = Position("imagery/a.yaml", 3, 13)


def live(route: Route) -> bool:
    return route.provider in DEFAULTS and route not in DEAD


def settings(routes: dict[str, str] | None = None, **models: str) -> Settings:
    found = {caught: Route(*target.split("/", 1)) for caught, target in (routes or {}).items()}
    places = {caught: Position("pyproject.toml", 7, 1) for caught in found}
    providers = {name: ProviderSettings(model=model) for name, model in models.items()}
    return Settings(routes=found, route_positions=places, providers=providers)


def served(own: Settings) -> Served:
    return Served(own, live, DEFAULTS, OWNERS.get)


def ask(provider: str | None, model: str | None, own: Settings | None = None) -> Route | Problem:
    return route_for(provider, model, served(own or Settings()))


@pytest.mark.parametrize(
    ("provider", "model", "routes", "expected"),
    [
        ("openai", "gpt-new", {}, "openai/gpt-new"),
        ("openai", "gpt-unheard-of", {}, "openai/gpt-unheard-of"),
        ("openai", None, {}, "openai/gpt-new"),
        (" openai ", " ", {}, "openai/gpt-new"),
        ("openai", "gpt-new", {"*": "sketch/sketch"}, "openai/gpt-new"),
        ("openai", "gpt-new", {"openai/*": "google/nano"}, "google/nano"),
        ("openai", "gpt-new", {"openai/gpt-new": "sketch/sketch", "openai/*": "google/nano"}, "sketch/sketch"),
        ("openai", "gpt-old", {"*": "sketch/sketch"}, "sketch/sketch"),
        ("openai", "gpt-old", {"*": "sketch/sketch", "openai/*": "google/nano"}, "google/nano"),
        ("openai", None, {"openai/gpt-new": "google/nano"}, "google/nano"),
        ("workers-ai", "sdxl", {"workers-ai/sdxl": "google/nano"}, "google/nano"),
        ("workers-ai", "sdxl", {"workers-ai/*": "google/nano", "*": "sketch/sketch"}, "google/nano"),
        ("workers-ai", None, {"workers-ai/*": "google/nano"}, "google/nano"),
        ("workers-ai", None, {"*": "google/nano"}, "google/nano"),
        ("openai/gpt-new", None, {"*": "google/nano"}, "google/nano"),
        (None, None, {"*": "google/nano"}, "google/nano"),
        (None, "gpt-new", {"*": "google/nano"}, "google/nano"),
        ("sketch", "sketch", {"*": "google/nano"}, "sketch/sketch"),
        ("sketch", "sketch", {"sketch/sketch": "google/nano"}, "google/nano"),
        ("a", "b", {"a/b": "openai/gpt-old2", "openai/gpt-old2": "google/nano"}, "openai/gpt-old2"),
    ],
)
def test_the_most_exact_route_wins_and_the_star_only_catches_what_nobody_serves(
    provider: str | None, model: str | None, routes: dict[str, str], expected: str
) -> None:
    """Exact before `provider/*` before what is live before `*`; a route is followed once."""
    found = ask(provider, model, settings(routes))
    assert isinstance(found, Route)
    assert str(found) == expected


def test_a_configured_model_stands_for_a_provider_declared_alone() -> None:
    """`model` of the provider's table comes before its default."""
    assert ask("openai", None, settings(openai="gpt-mine")) == Route("openai", "gpt-mine")
    assert ask("openai", "gpt-new", settings(openai="gpt-mine")) == Route("openai", "gpt-new")


@pytest.mark.parametrize(
    ("provider", "model", "routes", "words", "hint"),
    [
        ("openai", "gpt-old", {}, "`openai/gpt-old` is no longer available", '`"openai/gpt-old" = "openai/gpt-new"`'),
        ("workers-ai", "sdxl", {}, "no provider `workers-ai`", '`"workers-ai/sdxl" = "openai/gpt-new"`'),
        ("workers-ai", None, {}, "no provider `workers-ai`", '`"workers-ai/*" = "openai/gpt-new"`'),
        ("OpenAI", "gpt-new", {}, "no provider `OpenAI`", "did you mean `openai`"),
        ("gpt-old", "x", {}, "is the name of a model", "write `provider: openai` and `model: gpt-old`"),
        ("openai/gpt-new", None, {}, "in one", "write `provider: openai` and `model: gpt-new`"),
        (None, None, {}, "nothing says", "add `generation_defaults`"),
        (None, "gpt-new", {}, "but no provider", "`provider: openai`"),
        (None, "what", {}, "but no provider", "add `provider` beside it"),
        ("a", "b", {"a/b": "openai/gpt-old"}, "leads to `openai/gpt-old`, which is no longer", "another model"),
        ("a", "b", {"*": "flux/x"}, "leads to `flux/x`, which no provider serves", "another model"),
    ],
)
def test_what_nobody_serves_is_an_error_with_the_line_to_add(
    provider: str | None, model: str | None, routes: dict[str, str], words: str, hint: str
) -> None:
    """The message says what is wrong, the hint what to write."""
    found = ask(provider, model, settings(routes))
    assert isinstance(found, Problem)
    assert words in found.message
    assert hint in found.hint


def test_the_error_stands_where_the_provider_is_declared_or_the_route_is_written() -> None:
    """The position is the one to edit."""
    declared = ask(Traced.of("workers-ai", "provider", AT), "sdxl")
    routed = ask("a", "b", settings({"a/b": "openai/gpt-old"}))
    assert isinstance(declared, Problem)
    assert declared.position == AT
    assert isinstance(routed, Problem)
    assert routed.position == Position("pyproject.toml", 7, 1)


def test_a_dead_default_is_never_the_line_to_add() -> None:
    """What is suggested can be served; where nothing can, only the form of the line is told."""
    found = ask("openai", "gpt-old", settings(openai="gpt-old"))
    assert isinstance(found, Problem)
    assert '"openai/gpt-old" = "google/nano"' in found.hint
    alone = route_for("openai", "gpt-old", Served(Settings(), lambda _: False, {"openai": "gpt-old"}, OWNERS.get))
    assert isinstance(alone, Problem)
    assert '"openai/gpt-old" = "provider/model"' in alone.hint


def test_an_override_is_the_providers_own_model() -> None:
    """`--provider` asks no route, only the provider's configured or default model."""
    own = settings({"google/*": "sketch/sketch"}, openai="gpt-mine")
    assert override_route("google", served(own)) == Route("google", "nano")
    assert override_route("openai", served(own)) == Route("openai", "gpt-mine")


def test_an_override_that_can_not_be_served_is_an_error() -> None:
    """An unknown provider gets a suggestion, a dead model the line to change."""
    unknown = override_route("opnai", served(Settings()))
    other = override_route("flux", served(Settings()))
    dead = override_route("openai", served(settings(openai="gpt-old")))
    assert isinstance(unknown, Problem)
    assert isinstance(other, Problem)
    assert isinstance(dead, Problem)
    assert unknown.hint == "did you mean `openai`?"
    assert other.hint == "there are `openai`, `google`, `sketch`"
    assert "[tool.chargen.providers.openai]" in dead.hint
