"""Making providers by name, without paying for what is not used."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from provider_cases import provider

from chargen.errors import StartError
from chargen.model.request import ProviderSettings
from chargen.providers import load_models, make

_NO_SDK = """
import sys
from datetime import date
from chargen.model.request import Asked, ProviderSettings, SentReference
from chargen.model.values import Size
from chargen.providers import load_models, make
adapters = [name for name in sys.modules if name.endswith(".adapter") or name == "chargen.providers.sketch"]
assert not adapters, adapters
models = load_models()
picture = SentReference("ann", "ann.png", b"x", "image/png")
for name in ("openai", "google"):
    made = make(name, ProviderSettings(), models, {}, today=date(2026, 11, 22))
    request = made.adapt(Asked("a fox", "blur", (picture,), Size(1920, 1080)), made.default_model)
    assert not [problem for problem in made.check(request) if problem.severity.value == "error"]
    assert made.price(request)
    assert made.missing_key()
    made.close()
slow = {"openai", "google.genai", "httpx", "httpx2", "pydantic", "anyio", "ssl"} & set(sys.modules)
assert not slow, slow
"""


def test_no_sdk_is_imported_before_something_is_sent() -> None:
    """Making, adapting, checking and pricing need neither SDK nor key."""
    done = subprocess.run([sys.executable, "-c", _NO_SDK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_names_are_guessed_at() -> None:
    """A misspelt provider is a problem of the settings, with a suggestion."""
    with pytest.raises(StartError) as caught:
        make("opnai", ProviderSettings(), load_models(), {}, today=date(2026, 11, 22))
    assert "no provider `opnai`" in str(caught.value)
    assert "did you mean `openai`?" in str(caught.value)
    with pytest.raises(StartError, match="the providers are"):
        make("zzz", ProviderSettings(), load_models(), {}, today=date(2026, 11, 22))


@pytest.mark.parametrize("name", ["openai", "google", "sketch"])
def test_every_listed_provider_can_be_made(name: str) -> None:
    """Each name in the list is one, and calls itself so."""
    made = make(name, ProviderSettings(), load_models(), {}, today=date(2026, 11, 22))
    assert name in load_models().names
    assert made.name == name
    assert made.default_model
    made.close()


@pytest.mark.parametrize("name", ["openai", "google"])
def test_opening_leaves_nothing_slow_for_the_first_request(name: str) -> None:
    """After it the client is there; opening again, or where no client can be made, changes and raises nothing."""
    made = provider(name)
    made.open()
    client = made._client  # type: ignore[attr-defined]
    assert client is not None
    made.open()
    assert made._client is client  # type: ignore[attr-defined]
    made.close()
    broken = provider(name)
    broken.connected = _no_client  # type: ignore[attr-defined]
    broken.open()


def _no_client() -> None:
    raise ValueError
