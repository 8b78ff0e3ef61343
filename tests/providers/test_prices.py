"""Estimates and costs, in exact money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chargen.model.values import Size
from chargen.providers import load_models
from chargen.providers.catalogue.models import Model
from chargen.providers.catalogue.prices import (
    Prices,
    Rates,
    TokenCounts,
    TokensByBucket,
    TokensByPixels,
    UsdBySize,
    cost,
    estimate,
    most,
    reduced,
)

RATES = Rates(text_in=Decimal(5), image_in=Decimal(8), text_out=Decimal(10), image_out=Decimal(30))
BY_PIXELS = Prices(RATES, TokensByPixels(1_048_576, {"low": 196, "high": 1756}), 1500, "high")
BY_BUCKET = Prices(RATES, TokensByBucket({"1K": 1120, "4K": 2520}), 560)
BY_SIZE = Prices(RATES, UsdBySize({"1024x1024": {"low": Decimal("0.009")}}), 1500, "low")


@pytest.mark.parametrize(
    ("prices", "requested", "quality", "references", "prompt", "usd"),
    [
        (BY_PIXELS, "1024x1024", "low", 0, "", "0.00588"),
        (BY_PIXELS, "2048x1024", "low", 0, "", "0.01176"),
        (BY_PIXELS, "1024x1024", "high", 0, "", "0.05268"),
        (BY_PIXELS, "1024x1024", "auto", 0, "", "0.05268"),
        (BY_PIXELS, "1024x1024", None, 0, "", "0.05268"),
        (BY_PIXELS, "1024x1024", "low", 2, "", "0.02988"),
        (BY_PIXELS, "1024x1024", "low", 0, "x" * 401, "0.006385"),
        (BY_PIXELS, "1024x1024", "xhigh", 0, "", None),
        (BY_PIXELS, "16:9 1K", "low", 0, "", None),
        (BY_BUCKET, "16:9 1K", None, 1, "", "0.03808"),
        (BY_BUCKET, "1:1 4K", None, 0, "", "0.0756"),
        (BY_BUCKET, "1:1 8K", None, 0, "", None),
        (BY_SIZE, "1024x1024", "auto", 1, "", "0.021"),
        (BY_SIZE, "1024x1536", "low", 0, "", None),
    ],
)
def test_estimates(
    prices: Prices, requested: str, quality: str | None, references: int, prompt: str, usd: str | None
) -> None:
    """Size and quality, references and prompt add up; what the table does not price is unknown."""
    found = estimate(prices, requested, quality, references, prompt)
    assert found == (None if usd is None else Decimal(usd))


def test_cost_counts_each_kind_at_its_rate() -> None:
    """Tokens in and out, text and image, each at its own rate."""
    assert cost(BY_PIXELS, TokenCounts(100, 200, 300, 400)) == Decimal("0.0171")


def test_no_account_is_unknown_not_free() -> None:
    """A server that counts nothing has not said that it charges nothing."""
    assert cost(BY_PIXELS, TokenCounts()) is None


def test_costs_round_up() -> None:
    """Sums of costs never fall short of the bill."""
    tiny = Prices(Rates(*(Decimal("0.01"),) * 4), TokensByBucket({}), 0)
    assert cost(tiny, TokenCounts(text_in=1)) == Decimal("0.000001")


def test_a_letter_of_another_script_is_a_token() -> None:
    """Four characters a token hold for English, and are far too few for Chinese."""
    model = load_models().assumed("google", "gemini-nano-banana-2.1")
    assert model.prices is not None
    plain, latin, chinese = (
        estimate(model.prices, "1:1 1K", None, 0, text) for text in ("", "a" * 400, "\u706f" * 400)
    )
    assert plain is not None
    assert latin is not None
    assert chinese is not None
    assert chinese - plain == 4 * (latin - plain)


@pytest.mark.parametrize(
    ("route", "requested", "quality", "references", "prompt", "usd"),
    [
        ("openai/gpt-image-2.6-flare", "1024x1024", None, 0, "", "0.212"),  # 7,024 tokens out, 256 around the prompt
        ("openai/gpt-image-2.6-flare", "1024x1024", "auto", 0, "", "0.212"),
        ("openai/gpt-image-2.6-flare", "1024x1024", "low", 0, "", "0.00716"),  # 196 tokens out
        ("openai/gpt-image-2.6-flare", "2048x1024", "max", 2, "lamp", "0.53634"),
        ("openai/gpt-image-1-mini", "1024x1536", None, 1, "", "0.070262"),
        ("google/gemini-nano-banana-2.1", "1:1 1K", None, 0, "", "0.313344"),  # two pictures, 32,768 tokens of thinking
        ("google/gemini-nano-banana-2.1", "1:1 1K", "low", 1, "\u706f", "0.316709"),
    ],
)
def test_the_most_is_more_than_any_reply_comes_to(
    route: str, requested: str, quality: str | None, references: int, prompt: str, usd: str
) -> None:
    """The dearest of the quality, references, thinking, and a token for each byte of the prompt."""
    provider, model_id = route.split("/")
    model = load_models().find(provider, model_id)
    assert model is not None
    assert model.prices is not None
    assert most(model.prices, requested, quality, references, prompt) == Decimal(usd)
    assert most(model.prices, "no size", quality, references, prompt) is None


@pytest.mark.parametrize("model", [model for model in load_models().models if model.prices], ids=str)
def test_no_estimate_is_above_the_most(model: Model) -> None:
    """In every quality, with as many references as it takes, in any script."""
    assert model.prices is not None
    requested = str(model.sizes.nearest(Size(1024, 1024)))
    for quality in (None, *model.qualities):
        for prompt in ("", "a lamp " * 500, "\u706f\u5854" * 500, "\U0001f4a1" * 500):
            price = estimate(model.prices, requested, quality, model.references, prompt)
            limit = most(model.prices, requested, quality, model.references, prompt)
            assert price is not None
            assert limit is not None
            assert price <= limit


@pytest.mark.parametrize("model", [model for model in load_models().models if model.batch], ids=lambda model: model.id)
def test_a_job_costs_half_of_everything(model: Model) -> None:
    """Estimate, most and the cost by a reply's own account, for each model that is known to be asked by jobs."""
    batch = load_models().facts(model.provider).batch
    assert batch is not None
    assert model.prices is not None
    whole, half = model.prices, reduced(model.prices, batch.price)
    asked = str(model.sizes.nearest(Size(1024, 1024))), model.default_quality, 2, "a lamp at low tide, in rain"
    counts = TokenCounts(text_in=2_000, image_in=4_000, text_out=2_000, image_out=6_000)
    for now, before in (
        (estimate(half, *asked), estimate(whole, *asked)),
        (most(half, *asked), most(whole, *asked)),
        (cost(half, counts), cost(whole, counts)),
    ):
        assert now is not None
        assert before is not None
        assert abs(2 * now - before) <= Decimal("0.000002")
