"""What both real providers make of a question, what they object to, and what they estimate; no network.

The requests themselves are pinned in tests/golden/providers/requests.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from provider_cases import BANANA, FLARE, asked, provider, reference

from chargen.errors import Severity
from chargen.model.request import Provider, Request
from chargen.model.values import Size
from chargen.providers.google import requests as google_requests
from chargen.providers.openai import requests as openai_requests

GOLDEN = Path(__file__).parents[1] / "golden" / "providers" / "requests.json"

SEVENTEEN = tuple(
    reference(name, number, appearance=f"{name.title()} is number {number}.")
    for name in ("ann", "bob", "cid", "dot", "eve", "fay", "gus", "hal", "ivy")
    for number in (1, 2)
)[:17]

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "openai exact": ("openai", FLARE, {}),
    "openai odd size": ("openai", FLARE, {"size": Size(1920, 1080), "quality": "low"}),
    "openai small": ("openai", FLARE, {"size": Size(512, 512)}),
    "openai legacy": ("openai", FLARE, {"size": Size(1792, 1024), "quality": "hd"}),
    "openai standard": ("openai", "gpt-image-2", {"quality": "standard"}),
    "openai everything": (
        "openai",
        "gpt-image-2.5-sunburst-2026-09-08",
        {"size": Size(4096, 4096), "quality": "max", "seed": 7, "negative_prompt": "text", "references": SEVENTEEN},
    ),
    "openai listed sizes": ("openai", "gpt-image-1.5", {"size": Size(1920, 1080)}),
    "openai unknown model": ("openai", "gpt-image-3", {"size": Size(1000, 1000), "quality": "ultra"}),
    "google exact": ("google", BANANA, {}),
    "google wide": ("google", BANANA, {"size": Size(1920, 1080), "seed": 7}),
    "google quality": ("google", "gemini-3-pro-image", {"quality": "high", "negative_prompt": "text"}),
    "google everything": (
        "google",
        "gemini-2.5-flash-image",
        {"size": Size(4096, 1024), "seed": 7, "negative_prompt": "text", "references": SEVENTEEN[:5]},
    ),
    "google unknown model": ("google", "models/gemini-9-image", {"size": Size(300, 400)}),
}


def shown(provider: Provider, request: Request) -> dict[str, Any]:
    """A request as JSON, with what check and price say of it."""
    price = provider.price(request)
    return {
        "model": request.model,
        "prompt": request.prompt,
        "references": [picture.label for picture in request.references],
        "requested_size": request.requested_size,
        "quality": request.quality,
        "parameters": dict(request.parameters),
        "notes": list(request.notes),
        "problems": [str(problem) for problem in provider.check(request)],
        "price": None if price is None else str(price),
    }


@pytest.mark.parametrize("case", CASES)
def test_requests_are_pinned(case: str) -> None:
    """The whole request, its notes, problems and price, as written down and looked through."""
    name, model, changes = CASES[case]
    made = provider(name)
    request = made.adapt(asked(**changes), model)
    assert shown(made, request) == json.loads(GOLDEN.read_text(encoding="utf-8"))[case]
    assert request.asked.size == changes.get("size", Size(1024, 1024))
    assert json.loads(json.dumps(dict(request.parameters))) == request.parameters


def errors_of(name: str, model: str, today: date = date(2026, 11, 22), **changes: Any) -> list[str]:
    """The errors among what check says."""
    made = provider(name, today=today)
    problems = made.check(made.adapt(asked(**changes), model))
    return [str(problem) for problem in problems if problem.severity is Severity.ERROR]


def test_dead_models_name_the_line_to_add() -> None:
    """The hint is the exact route."""
    [message] = errors_of("openai", "dall-e-3")
    assert '`"openai/dall-e-3" = "openai/gpt-image-2.6-flare"` under [tool.chargen.routes]' in message
    [message] = errors_of("google", "imagen-4.0-generate-001")
    assert "no longer serves" in message
    assert '`"google/imagen-4.0-generate-001" = "google/gemini-nano-banana-2.1"`' in message


def test_a_day_makes_the_difference() -> None:
    """The date handed in decides, not the machine's clock."""
    assert errors_of("openai", "gpt-image-1-mini", date(2026, 11, 30)) == []
    assert len(errors_of("openai", "gpt-image-1-mini", date(2026, 12, 1))) == 1


def test_imagen_fails_on_any_server() -> None:
    """Another server does not make Imagen speak the language of this adapter."""
    made = provider("google", base_url="http://127.0.0.1:1")
    problems = made.check(made.adapt(asked(), "imagen-4.0-generate-001"))
    assert problems[0].severity is Severity.ERROR


def test_a_quality_the_model_lacks_is_an_error() -> None:
    """`xhigh` is not quietly made cheaper, and a word nobody knows is not sent."""
    assert "no quality `xhigh`" in errors_of("openai", "gpt-image-2", quality="xhigh")[0]
    assert "no quality `ultra`" in errors_of("openai", FLARE, quality="ultra")[0]
    assert errors_of("openai", FLARE, quality="xhigh") == []
    assert errors_of("google", BANANA, quality="ultra") == []


def test_auto_quality_is_warned_about() -> None:
    """Letting the model choose is letting it choose the price."""
    made = provider("openai", quality="auto")
    request = made.adapt(asked(), FLARE)
    [problem] = made.check(request)
    assert problem.severity is Severity.WARNING
    assert made.price(request) == made.price(replace(request, quality="high"))


def test_an_illegal_size_is_refused_before_it_is_paid_for() -> None:
    """A request made by other means than adapting is checked all the same."""
    made = provider("openai")
    request = made.adapt(asked(), FLARE)
    assert "does not make 100x100" in str(made.check(replace(request, requested_size="100x100"))[0])
    made = provider("google", {"GEMINI_API_KEY": "AIza with blanks"})
    assert "holds characters that no key has" in str(made.missing_key())
    request = made.adapt(asked(), BANANA)
    assert "does not make 5:7 1K" in str(made.check(replace(request, requested_size="5:7 1K"))[0])


@pytest.mark.parametrize(("name", "model"), [("openai", FLARE), ("google", BANANA)])
def test_what_can_not_be_sent_is_said(name: str, model: str) -> None:
    """Prompts and references over the limits are errors before spending."""
    assert "32,001 characters" in errors_of(name, model, prompt="x" * 32_001)[0]
    assert errors_of(name, model, prompt="x" * 32_000) == []
    assert "image/gif" in errors_of(name, model, references=(reference("ann", media_type="image/gif"),))[0]
    huge = replace(reference("ann"), data=bytes(51_000_000))
    assert "51.0 MB" in errors_of(name, model, references=(huge,))[0]


def test_many_references_count_against_googles_whole_request() -> None:
    """Each may be small enough and all together too much."""
    large = replace(reference("ann"), data=bytes(6_000_000))
    assert "the references come to 24.0 MB as sent" in errors_of("google", BANANA, references=(large,) * 3)[0]
    assert errors_of("openai", FLARE, references=(large,) * 3) == []


def test_the_entrys_quality_wins_over_the_settings() -> None:
    """A quality set for the provider fills in where the entry asks for none."""
    made = provider("openai", quality="low")
    assert made.adapt(asked(), FLARE).quality == "low"
    assert made.adapt(asked(quality="max"), FLARE).quality == "max"


def test_known_models_are_priced_on_any_server_unknown_ones_on_none() -> None:
    """A gateway passes the vendor's bill on; a model of one's own has no price."""
    made = provider("openai", base_url="http://127.0.0.1:1/v1")
    assert made.price(made.adapt(asked(quality="low"), FLARE)) == Decimal("0.005905")
    assert made.price(made.adapt(asked(), "stablediffusion")) is None
    made = provider("google")
    assert made.price(made.adapt(asked(), "gemini-9-image")) is None
    assert made.price(made.adapt(asked(), "gemini-3-pro-image-preview")) is None


def test_a_model_of_the_vendors_gets_what_it_takes_on_any_server() -> None:
    """Gateways pass requests on; a model that only the server knows, or that is gone, gets what was asked."""
    made = provider("openai", base_url="http://127.0.0.1:1/v1")
    question = asked(size=Size(1024, 1365), quality="hd")
    request = made.adapt(question, FLARE)
    assert request.parameters == {"size": "1024x1376", "quality": "high", "output_format": "png"}
    assert len(request.notes) == 2
    for model in ("stablediffusion", "dall-e-3"):
        assert made.adapt(question, model).parameters == {"size": "1024x1365", "quality": "hd"}


def _timeouts() -> Iterator[tuple[str, str, dict[str, Any], float]]:
    yield "openai", FLARE, {}, 300
    yield "openai", FLARE, {"quality": "xhigh"}, 600
    yield "openai", FLARE, {"quality": "max"}, 600
    yield "openai", FLARE, {"size": Size(3840, 2160)}, 600
    yield "google", BANANA, {}, 300
    yield "google", BANANA, {"size": Size(3840, 2160)}, 600


@pytest.mark.parametrize(("name", "model", "changes", "seconds"), tuple(_timeouts()))
def test_slow_requests_are_waited_for(name: str, model: str, changes: dict[str, Any], seconds: float) -> None:
    """Never without a limit: five minutes, ten for what is known to take long, or what the author set."""
    request = provider(name).adapt(asked(**changes), model)
    timeout = {"openai": openai_requests.timeout, "google": google_requests.timeout}[name]
    assert timeout(request, None) == seconds
    assert timeout(request, 12.5) == 12.5


def test_inputs_are_never_touched() -> None:
    """What was asked goes along unchanged, whatever a model makes of it."""
    question = asked(size=Size(333, 777), negative_prompt="text", references=SEVENTEEN, quality="hd", seed=1)
    for name, model in (("openai", FLARE), ("google", BANANA)):
        assert provider(name).adapt(question, model).asked is question
