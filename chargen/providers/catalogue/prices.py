"""What an image costs: an estimate and a most before it is sent, the actual cost from the provider's account after.

Laws: money is `Decimal`, in USD; a cost is rounded up to a millionth of a dollar, so that sums never fall short of the
bill; what is unknown is None, never 0. Pure; the prices themselves are data (each provider's `models.toml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from chargen.providers.catalogue.model_sizes import read_size

MILLION = Decimal(1_000_000)
GRAIN = Decimal("0.000001")
CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English text; a letter of any other script counts as a token of its own."""

FRAME_TOKENS = 256
"""What a vendor may put around a prompt, at most: seen are about ten tokens, and none publishes a number."""

MOST_TOKENS = 100_000_000
"""More than any image takes by four orders of magnitude."""

AUTO = "auto"


class Rates(Struct, frozen=True):
    """USD per million tokens. Thinking counts as text out."""

    text_in: Decimal
    image_in: Decimal
    text_out: Decimal
    image_out: Decimal


class TokensByPixels(Struct, frozen=True, tag=True):
    """Tokens of one image of `pixels` by quality; they grow with the area."""

    pixels: int
    tokens: Mapping[str, int]

    def usd(self, requested: str, quality: str | None, rates: Rates) -> Decimal | None:
        """Price an image of `requested` size (`1536x1024`)."""
        size = read_size(requested)
        tokens = self.tokens.get(quality or "")
        if size is None or tokens is None:
            return None
        return Decimal(tokens) * size.pixels / self.pixels * rates.image_out / MILLION

    def most_usd(self, requested: str, quality: str | None, rates: Rates) -> Decimal | None:
        """Price an image of `requested` size at its dearest: in the quality that is asked for, else in the dearest."""
        dearest = max(self.tokens, key=lambda name: self.tokens[name])
        return self.usd(requested, quality if quality in self.tokens else dearest, rates)


class TokensByBucket(Struct, frozen=True, tag=True):
    """Tokens of one image by resolution bucket; ratio and quality make no difference."""

    tokens: Mapping[str, int]

    def usd(self, requested: str, quality: str | None, rates: Rates) -> Decimal | None:  # noqa: ARG002 - one shape
        """Price an image of `requested` ratio and bucket (`16:9 2K`)."""
        tokens = self.tokens.get(requested.rpartition(" ")[2])
        return None if tokens is None else tokens * rates.image_out / MILLION

    def most_usd(self, requested: str, quality: str | None, rates: Rates) -> Decimal | None:  # noqa: ARG002 - as above
        """Price an image of `requested` ratio and bucket; there is one price."""
        return self.usd(requested, None, rates)


class UsdBySize(Struct, frozen=True, tag=True):
    """USD of one image by size and quality, for models whose prices are published that way."""

    usd_by_size: Mapping[str, Mapping[str, Decimal]]

    def usd(self, requested: str, quality: str | None, rates: Rates) -> Decimal | None:  # noqa: ARG002 - one shape
        """Price an image of `requested` size."""
        return self.usd_by_size.get(requested, {}).get(quality or "")

    def most_usd(self, requested: str, quality: str | None, rates: Rates) -> Decimal | None:  # noqa: ARG002 - one shape
        """Price an image of `requested` size in the quality that is asked for, else in the dearest."""
        prices = self.usd_by_size.get(requested, {})
        return prices.get(quality or "") or max(prices.values(), default=None)


ImagePrice: TypeAlias = TokensByPixels | TokensByBucket | UsdBySize


class Prices(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a model charges for. `auto_quality` is what `auto` and nothing are priced as.

    The other numbers are what one request comes to at most: tokens of one picture sent along, tokens of thinking and
    words beside the picture, finished pictures in one reply.
    """

    rates: Rates
    image: ImagePrice
    reference_tokens: int
    auto_quality: str | None = None
    reference_tokens_most: int = 0
    words_tokens_most: int = 0
    pictures_most: int = 1


def reduced(prices: Prices, part: Decimal) -> Prices:
    """Return prices of which only a part is charged, such as 0.5: estimates, mosts and costs by them come to that."""
    rates = Rates(*(getattr(prices.rates, name) * part for name in Rates.__struct_fields__))
    image = prices.image
    if isinstance(image, UsdBySize):
        image = UsdBySize(
            {size: {key: usd * part for key, usd in row.items()} for size, row in image.usd_by_size.items()}
        )
    return replace(prices, rates=rates, image=image)


class TokenCounts(Struct, frozen=True):
    """A provider's account of one call."""

    text_in: int = 0
    image_in: int = 0
    text_out: int = 0
    image_out: int = 0

    @property
    def total(self) -> int:
        """All tokens; 0 means that the server keeps no account."""
        return self.text_in + self.image_in + self.text_out + self.image_out


def estimate(prices: Prices, requested: str, quality: str | None, references: int, prompt: str) -> Decimal | None:
    """Estimate what sending once costs; None where the table does not price this size or quality."""
    priced_quality = prices.auto_quality if quality in (None, AUTO) else quality
    image = prices.image.usd(requested, priced_quality, prices.rates)
    if image is None:
        return None
    latin = sum(character.isascii() for character in prompt)
    text_tokens = -(-latin // CHARACTERS_PER_TOKEN) + len(prompt) - latin
    inputs = TokenCounts(text_in=text_tokens, image_in=references * prices.reference_tokens)
    return rounded(image + _usd(prices.rates, inputs))


def most(prices: Prices, requested: str, quality: str | None, references: int, prompt: str) -> Decimal | None:
    """Return what sending once comes to at most, as far as it can be known; None where the table does not price it.

    No tokenizer of these vendors makes more tokens of a text than it has bytes: each letter can be spelt in bytes.
    """
    image = prices.image.most_usd(requested, quality, prices.rates)
    if image is None:
        return None
    inputs = TokenCounts(
        text_in=len(prompt.encode("utf-8", "surrogatepass")) + FRAME_TOKENS,
        image_in=references * max(prices.reference_tokens_most, prices.reference_tokens),
        text_out=prices.words_tokens_most,
    )
    return rounded(image * prices.pictures_most + _usd(prices.rates, inputs))


def cost(prices: Prices, counts: TokenCounts) -> Decimal | None:
    """Return what a call cost by its tokens; None where the server kept no account, or one that can't be true."""
    return rounded(_usd(prices.rates, counts)) if 0 < counts.total <= MOST_TOKENS else None


def _usd(rates: Rates, counts: TokenCounts) -> Decimal:
    return (
        counts.text_in * rates.text_in
        + counts.image_in * rates.image_in
        + counts.text_out * rates.text_out
        + counts.image_out * rates.image_out
    ) / MILLION


def rounded(usd: Decimal) -> Decimal:
    """Round an amount up to the grain."""
    return usd.quantize(GRAIN, rounding=ROUND_UP)
