"""What attempts came to in money: the one place where it is added up, for budgets, `chargen cost` and `chargen log`.

Laws: an amount nobody knows is counted, never taken for 0; failures that cost money, and requests that may have been
billed, stand apart from pictures. Amounts are USD. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chargen.model.values import number
from chargen.store.journal_rows import Attempt


@dataclass(frozen=True, slots=True)
class Sum:
    """What some attempts came to.

    `images` came and cost `usd`, of which `estimated_usd` by estimate; `failures` cost `failed_usd` as they reported
    it; `possibly` requests may have been billed `possibly_usd`; of `unknown` of all these nobody knows the amount.
    """

    name: str = ""
    images: int = 0
    usd: Decimal = Decimal(0)
    estimated_usd: Decimal = Decimal(0)
    failures: int = 0
    failed_usd: Decimal = Decimal(0)
    possibly: int = 0
    possibly_usd: Decimal = Decimal(0)
    unknown: int = 0

    @property
    def total_usd(self) -> Decimal:
        """All that was or may have been billed, as far as it is known: what a budget counts."""
        return self.usd + self.failed_usd + self.possibly_usd

    def to_json(self) -> dict[str, Any]:
        """One row of `cost --json`."""
        return {
            "name": self.name,
            "images": self.images,
            "cost_usd": number(self.usd),
            "estimated_usd": number(self.estimated_usd),
            "failures": self.failures,
            "failures_usd": number(self.failed_usd),
            "possibly_billed": self.possibly,
            "possibly_billed_usd": number(self.possibly_usd),
            "unknown_cost": self.unknown,
            "total_usd": number(self.total_usd),
        }


def sum_of(name: str, attempts: Iterable[Attempt]) -> Sum:
    """Add up attempts; each counts once. A failure that reports no cost has none, unless it may have been billed."""
    images = failures = possibly = unknown = 0
    usd = estimated = failed = doubtful = Decimal(0)
    for attempt in attempts:
        amount = attempt.cost_or_estimate_usd
        if attempt.delivered:
            images += 1
            usd += amount or 0
            estimated += (amount or 0) if attempt.cost_usd is None else 0
        elif attempt.in_doubt:
            possibly += 1
            doubtful += amount or 0
        else:
            failures += 1
            failed += attempt.cost_usd or 0
            continue
        unknown += amount is None
    return Sum(name, images, usd, estimated, failures, failed, possibly, doubtful, unknown)
