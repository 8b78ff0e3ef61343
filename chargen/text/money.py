"""Amounts of money as people read them, in USD. Pure."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal

_TENTH_OF_A_CENT = Decimal("0.001")


def estimate(amount: Decimal) -> str:
    """Write an estimate, rounded up to a tenth of a cent: more digits would claim more than is known."""
    return _dollars(amount.quantize(_TENTH_OF_A_CENT, rounding=ROUND_UP))


def over_budget(price: Decimal, left: Decimal, budget: Decimal) -> str:
    """Say that a price does not fit into what is left of a budget, which is rounded down."""
    rest = max(left, Decimal(0)).quantize(_TENTH_OF_A_CENT, rounding=ROUND_DOWN)
    return f"over budget: {estimate(price)}, {_dollars(rest)} of {_dollars(budget)} left"


def _dollars(amount: Decimal) -> str:
    cents = amount.quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    return f"${cents}" if cents == amount else f"${amount}"
