"""Amounts of money as they are read, added up and written as JSON: USD, exact. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation


class Priced:
    """What a request cost, by the account of its provider, else by estimate."""

    __slots__ = ()
    cost_usd: Decimal | None
    cost_estimate_usd: Decimal | None

    @property
    def cost_or_estimate_usd(self) -> Decimal | None:
        """What it cost, by estimate where the provider did not say; None where nobody knows."""
        return self.cost_usd if self.cost_usd is not None else self.cost_estimate_usd

    @property
    def is_estimated(self) -> bool:
        """True where the provider did not say what it cost, and an estimate stands for it."""
        return self.cost_usd is None and self.cost_estimate_usd is not None


def number(amount: Decimal | None) -> float | None:
    """Write an amount of money as JSON has it: null where it is unknown."""
    return None if amount is None else float(amount)


def total_usd(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Add up amounts; None where one of them is unknown."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


LARGEST_AMOUNT = Decimal(10) ** 9
"""USD; with more, and with more digits after the point than `_AMOUNT_DIGITS`, sums and roundings fail."""
_AMOUNT_DIGITS = 30


def amount_of(value: object) -> Decimal | None:
    """Read an amount of USD that somebody else wrote: a record, a journal's row, a slot, a setting, an option.

    None for what is none: not a number, endless, negative, beyond `LARGEST_AMOUNT` or absurdly exact.
    """
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: a whole number of more digits than Python writes
        return None
    exponent = amount.as_tuple().exponent
    usable = isinstance(exponent, int) and exponent >= -_AMOUNT_DIGITS and 0 <= amount <= LARGEST_AMOUNT
    return amount if usable else None
