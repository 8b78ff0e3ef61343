"""Who makes images: a folder for each provider, found by its `models.toml`. None knows another.

A provider is added by adding a folder here, and nothing else: `models.toml` with its names, environment variables and
models (read by `catalogue.model_data`), and a module with

- `make(settings, models, environ, *, today) -> Provider` (`chargen.model.request`): sends nothing, needs no key;
- `SETTINGS`, where it has settings of its own: their names and checks (`chargen.config.settings_table.OwnSetting`).

A folder `starter/` holds what a project needs for it, and `chargen init --provider` copies.

The module is imported when the provider is first made or its own settings are read, its SDK when it first sends, so
that listing and planning stay fast. What adapters share stands in `catalogue` (models) and `http` (vendors' servers).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache, partial
from importlib import import_module, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from chargen.config.settings_table import KnownProvider, OwnSetting
from chargen.errors import StartError
from chargen.model.request import Provider, ProviderSettings
from chargen.model.values import Route
from chargen.providers.catalogue.model_data import read_models
from chargen.providers.catalogue.models import ModelTable
from chargen.text.names import did_you_mean

DATA = "models.toml"
STARTER = "starter"


@cache
def load_models() -> ModelTable:
    """Read what every provider says of itself and its models."""
    files = (path for folder in __path__ for path in Path(folder).glob(f"*/{DATA}"))
    return read_models(
        {path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal) for path in files}
    )


def known_providers() -> Mapping[str, KnownProvider]:
    """Return what the project's settings need to know of every provider, in the order they are listed."""
    return {
        facts.name: KnownProvider(
            base_url=facts.base_url,
            keys=facts.keys,
            model_file=facts.model_file,
            domain=facts.vendor_domain,
            own=partial(_own_settings, facts.name),
        )
        for facts in load_models().providers
    }


def default_route(name: str) -> Route:
    """Return the route to a provider's default model. Raises StartError for a name there is no provider for."""
    models = load_models()
    if name not in models.names:
        raise _unknown(name, models)
    return Route(name, models.facts(name).default_model)


def starter(name: str) -> Traversable | None:
    """Return the folder of the files that a project needs for a provider, None where it needs none."""
    found = (resources.files(__name__) / name) / STARTER
    return found if found.is_dir() else None


def _unknown(name: str, models: ModelTable) -> StartError:
    known = ", ".join(f"`{other}`" for other in models.names)
    hint = did_you_mean(name, models.names) or f"the providers are {known}"
    return StartError(f"there is no provider `{name}`", hint=hint)


def is_proof(made_by: str | None) -> bool:
    """Say whether `provider` or `provider/model` makes stand-ins that cost nothing and prove nothing.

    A provider that is gone did not.
    """
    name = (made_by or "").partition("/")[0]
    return any(facts.proof for facts in load_models().providers if facts.name == name)


def make(
    name: str, settings: ProviderSettings, models: ModelTable, environ: Mapping[str, str], *, today: date
) -> Provider:
    """Make the provider called `name`; nothing is sent, no key is needed yet.

    `settings.base_url` wins over the environment's. `today` decides which models are gone. Raises StartError for a
    name there is no provider for.
    """
    if name not in models.names:
        raise _unknown(name, models)
    made: Provider = _module(name).make(settings, models, environ, today=today)
    return made


def _own_settings(name: str) -> Mapping[str, OwnSetting]:
    own: Mapping[str, OwnSetting] = getattr(_module(name), "SETTINGS", {})
    return own


def _module(name: str) -> Any:
    return import_module(f"{__name__}.{name}")
