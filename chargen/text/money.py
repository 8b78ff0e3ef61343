"""Amounts of USD as people read them: two digits, or three that count; an unknown amount is never 0. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

_CENT = Decimal("0.01")
_TENTH_OF_A_CENT = Decimal("0.001")

UNKNOWN = "unknown cost"


def cost_text(cost: Decimal | None) -> str:
    """Write what was spent, rounded to the nearest."""
    return UNKNOWN if cost is None else _short(cost, ROUND_HALF_UP)


def paid_text(cost: Decimal | None, *, estimated: bool) -> str:
    """Write what was paid, and that it is an estimate where the provider did not say."""
    return f"{cost_text(cost)} estimated" if estimated and cost else cost_text(cost)


def estimate_text(cost: Decimal | None) -> str:
    """Write an estimate, rounded up to a tenth of a cent: more digits would claim more than is known."""
    return UNKNOWN if cost is None else _short(cost.quantize(_TENTH_OF_A_CENT, rounding=ROUND_UP), ROUND_UP)


def at_least(known: Decimal, unknown: int, text: Callable[[Decimal | None], str] = cost_text) -> str:
    """Write a sum of which so many parts are unknown: what is known of it is the least that it comes to."""
    if not unknown:
        return text(known)
    return f"at least {text(known)}" if known else UNKNOWN


def by_estimate(text: str) -> str:
    """Say of a price that it is an estimate; of an unknown one there is none."""
    return text if text == UNKNOWN else f"{text} by estimate"


def over_budget(
    price: Decimal | None, most: Decimal | None, left: Decimal, limit: Decimal, month: Decimal | None = None
) -> str:
    """Say that a price, which may come to `most`, does not fit into what is left of the run's budget `limit`.

    Of the month's, where that is `month` and leaves less.
    """
    if price is None or most is None:
        helps = "set `price` of its provider where the server is your own, or build without a budget"
        return f"over budget: its price is unknown; {helps}"
    whole = f"the run's {_short(limit, ROUND_DOWN)}" if month is None else f"the month's {_short(month, ROUND_DOWN)}"
    of = f"{_short(max(left, Decimal(0)), ROUND_DOWN)} of {whole} left"
    told, dearest = estimate_text(price), estimate_text(most)
    return f"over budget: {told}{f' and at most {dearest}' if dearest != told else ''}, {of}"


def _short(amount: Decimal, rounding: str) -> str:
    """Write an amount of a dollar and more with two digits after the point, a smaller one with three that count."""
    if amount >= 1 or amount == amount.quantize(_CENT):
        return f"${amount.quantize(_CENT, rounding=rounding):,f}"
    shown = amount.quantize(Decimal(1).scaleb(amount.adjusted() - 2), rounding=rounding)
    return f"${shown.quantize(_CENT)}" if shown == shown.quantize(_CENT) else f"${shown.normalize():f}"
