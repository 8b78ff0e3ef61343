"""What failed tries cost, or may have cost, is counted once and never guessed."""

from __future__ import annotations

from decimal import Decimal

from chargen.build.events import FailedTries, TryFailed
from chargen.model.request import FailureClass, ProviderError

PRICE = Decimal("0.05")


def failed(
    name: str, estimate: Decimal | None = PRICE, *, cost: Decimal | None = None, billed: bool = False
) -> TryFailed:
    failure = ProviderError(FailureClass.TRANSIENT, "no", cost_usd=cost, possibly_billed=billed)
    return TryFailed("openai", name, "attempt", 1, failure, None, estimate)


def test_what_is_known_is_spent_and_what_is_not_is_possibly_billed() -> None:
    """A told price counts as spent even where more may have been charged; a rate limit costs nothing."""
    losses = FailedTries()
    for event in (failed("a"), failed("a", cost=Decimal("0.01"), billed=True), failed("b", billed=True), failed("c")):
        losses.note(event)
    assert (losses.spent, losses.possibly_billed, losses.possibly_usd) == (Decimal("0.01"), 1, PRICE)
    assert [losses.of(name) for name in "abcd"] == [Decimal("0.01"), None, Decimal(0), Decimal(0)]


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    """Two requests may have been billed; nobody knows the price of one."""
    losses = FailedTries()
    losses.note(failed("a", billed=True))
    losses.note(failed("a", None, billed=True))
    assert (losses.possibly_billed, losses.possibly_usd) == (2, None)
