"""The store's ledger: what every machine of a team has spent in a month, by attempt, in names of empty objects.

Laws: an attempt is written down at the most it may cost before its request leaves, where a budget asks for it, and at
what it did cost afterwards; nothing is ever changed. Names alone tell the sum, so it is listed and nothing is read.
Months are those of UTC, amounts USD.
"""

from __future__ import annotations

from decimal import Decimal

from chargen.model.amounts import amount_of
from chargen.store.shared.objects import Objects

_SPEND = "spend"
_MOST, _COST = "most", "cost"


class SharedLedger:
    """The ledger of one project; safe to use from threads. Every method raises StoreError."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def most(self, attempt: str, amount: Decimal) -> None:
        """Write down what a request that is about to leave may cost."""
        self._objects.put(f"{_month(attempt)}/{attempt}/{_MOST}={amount}", b"")

    def cost(self, attempt: str, amount: Decimal) -> None:
        """Write down what a request did cost."""
        self._objects.put(f"{_month(attempt)}/{attempt}/{_COST}={amount}", b"")

    def spent(self, at: str) -> dict[str, Decimal]:
        """Return what each attempt of a month cost, or may have cost where nothing came of it yet.

        Of several amounts that are told of one the largest counts: a budget is not to be passed.
        `at` is an attempt of that month, or a compact time.
        """
        told: dict[str, dict[str, Decimal]] = {_MOST: {}, _COST: {}}
        for key, _ in self._objects.sizes(_month(at)):
            attempt, _, name = key.removeprefix(f"{_month(at)}/").partition("/")
            sort, _, amount = name.partition("=")
            usd = amount_of(amount)
            if usd is not None and sort in told:
                told[sort][attempt] = max(usd, told[sort].get(attempt, usd))
        return told[_MOST] | told[_COST]


def _month(at: str) -> str:
    """Return where the amounts of the month of an attempt, or of a compact time in UTC, are: `spend/2026-11`."""
    return f"{_SPEND}/{at[:4]}-{at[4:6]}"
