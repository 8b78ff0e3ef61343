"""What the tests of the real providers ask for: references, questions, providers with a table and a date."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from servers import pictures

from chargen.model.request import Asked, FailureClass, ProviderError, ProviderSettings, SentReference
from chargen.model.values import Size
from chargen.providers import load_models, make

TODAY = date(2026, 11, 22)
OPENAI_KEY = "sk-proj-LoopbackKey0123456789abcdef"
GOOGLE_KEY = "AIzaLoopbackKey0123456789abcdef0123456"
FLARE = "gpt-image-2.6-flare"
BANANA = "gemini-nano-banana-2.1"


def reference(character: str, number: int = 1, *, appearance: str = "", media_type: str = "image/png") -> SentReference:
    """A small real picture of a character."""
    data = pictures.png(8, 8, sum(character.encode()) + number)
    return SentReference(character, f"imagery/characters/{character}-{number}.png", data, media_type, appearance)


def asked(prompt: str = "a red fox at dusk", **changes: Any) -> Asked:
    """A plain question with what a test changes."""
    facts: dict[str, Any] = {"negative_prompt": "", "references": (), "size": Size(1024, 1024), **changes}
    return Asked(prompt=prompt, **facts)


def provider(name: str, environ: dict[str, str] | None = None, *, today: date = TODAY, **settings: Any) -> Any:
    """A provider with a key and the shipped model table."""
    keys = {"OPENAI_API_KEY": OPENAI_KEY, "GEMINI_API_KEY": GOOGLE_KEY}
    return make(name, ProviderSettings(**settings), load_models(), keys if environ is None else environ, today=today)


def failure_of(provider: Any, question: Asked | None = None, model: str | None = None) -> ProviderError:
    """Send once and return how it failed; the failure stands alone, without the SDK's exception behind it."""
    with pytest.raises(ProviderError) as caught:
        provider.send(provider.adapt(question or asked(), model or provider.default_model))
    failure = caught.value
    assert failure.__cause__ is None
    assert failure.__context__ is None
    assert OPENAI_KEY not in str(failure)
    assert GOOGLE_KEY not in str(failure)
    return failure


def facts(failure: ProviderError) -> tuple[FailureClass, bool, int | None]:
    """The part of a failure that decides what happens next."""
    return failure.failure, failure.possibly_billed, failure.tries
