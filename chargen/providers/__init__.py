"""The providers there are: adapters over official SDKs, and `sketch`, which draws locally.

None knows another. An adapter's module is imported when it is first made, its SDK when it first sends, so that listing
and planning stay fast and need no key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

from chargen.errors import StartError
from chargen.model.request import Provider, ProviderSettings
from chargen.providers.catalogue.model_data import read_models
from chargen.providers.catalogue.models import ModelTable
from chargen.text.nearest import did_you_mean

NAMES = ("openai", "google", "sketch")
"""Every provider, in the order they are listed."""


def make(
    name: str, settings: ProviderSettings, models: ModelTable, environ: Mapping[str, str], *, today: date
) -> Provider:
    """Make the provider called `name`; nothing is sent, no key is needed yet.

    `settings.base_url` wins over the environment's. `today` decides which models are gone. Raises StartError for a
    name there is no provider for.
    """
    if name == "openai":
        from chargen.providers.openai.adapter import OpenAIProvider  # noqa: PLC0415 - only what is used is imported

        return OpenAIProvider(settings, models, environ, today=today)
    if name == "google":
        from chargen.providers.google.adapter import GoogleProvider  # noqa: PLC0415 - as above

        return GoogleProvider(settings, models, environ, today=today)
    if name == "sketch":
        from chargen.providers import sketch  # noqa: PLC0415 - as above

        return sketch.make(settings)
    known = ", ".join(f"`{other}`" for other in NAMES)
    raise StartError(f"there is no provider `{name}`", hint=did_you_mean(name, NAMES) or f"the providers are {known}")


@cache
def load_models() -> ModelTable:
    """Read the model table that comes with the program."""
    text = resources.files(__name__).joinpath("models.toml").read_text(encoding="utf-8")
    return read_models(tomllib.loads(text, parse_float=Decimal))
