"""Amounts of USD that somebody else wrote: a record, a journal's row, a slot, a setting, an option. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LARGEST = Decimal(10) ** 9
"""USD; with more, and with more digits after the point than `_DIGITS`, sums and roundings fail."""
_DIGITS = 30


def amount_of(value: object) -> Decimal | None:
    """Read an amount; None for what is none: not a number, endless, negative, beyond `LARGEST` or absurdly exact."""
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: a whole number of more digits than Python writes
        return None
    exponent = amount.as_tuple().exponent
    usable = isinstance(exponent, int) and exponent >= -_DIGITS and 0 <= amount <= LARGEST
    return amount if usable else None
