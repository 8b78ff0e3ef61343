"""Amounts of money as they are read, added up and written as JSON: USD, exact. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation


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
