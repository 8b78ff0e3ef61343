"""Amounts of money as they are read, added up and written as JSON: USD, exact. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from msgspec import Struct


def number(amount: Decimal | None) -> float | None:
    """Write an amount of money as JSON has it: null where it is unknown."""
    return None if amount is None else float(amount)


class Total(Struct, frozen=True):
    """Amounts added up: what is `known` of them, and how many are `unknown`."""

    known: Decimal
    unknown: int

    @property
    def usd(self) -> Decimal | None:
        """All of it; None where a part is unknown."""
        return None if self.unknown else self.known

    def to_json(self) -> dict[str, float | None]:
        """The two keys that tell it wherever `--json` has a price of several images."""
        return {"cost_usd": number(self.usd), "known_cost_usd": number(self.known)}


def total_of(amounts: Iterable[Decimal | None]) -> Total:
    """Add up amounts, of which None is an unknown one."""
    every = list(amounts)
    known = [amount for amount in every if amount is not None]
    return Total(sum(known, Decimal(0)), len(every) - len(known))


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
