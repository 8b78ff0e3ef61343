"""What attempts came to in money: the one place where it is added up, for budgets, `chargen cost` and `chargen log`.

Laws: an amount nobody knows is counted, never taken for 0; failures that cost money, and requests that may have been
billed, stand apart from pictures. Amounts are USD. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from chargen.model.amounts import number
from chargen.store.journal_rows import Attempt, AttemptStatus


class Sum(Struct, frozen=True):
    """What some attempts came to.

    `images` came and cost `usd`, `estimated_usd` of it for the `estimated` ones whose usage was not told; of the
    `failures` the `charged` ones cost `failed_usd`; `possibly` requests may have been billed `possibly_usd`; `waiting`
    ones are in jobs, `waiting_usd` by estimate; `unknown_images` and so on are those of which nobody knows the amount.
    `sketches` are those of the images that were drawn here, without a request.
    """

    name: str = ""
    images: int = 0
    usd: Decimal = Decimal(0)
    estimated: int = 0
    estimated_usd: Decimal = Decimal(0)
    failures: int = 0
    charged: int = 0
    failed_usd: Decimal = Decimal(0)
    possibly: int = 0
    possibly_usd: Decimal = Decimal(0)
    waiting: int = 0
    waiting_usd: Decimal = Decimal(0)
    sketches: int = 0
    sketches_failed: int = 0
    """Those of the failures that were no request."""
    unknown_images: int = 0
    unknown_possibly: int = 0
    unknown_waiting: int = 0

    @property
    def unknown(self) -> int:
        """Of how many nobody knows the amount."""
        return self.unknown_images + self.unknown_possibly + self.unknown_waiting

    @property
    def sent(self) -> int:
        """How many attempts count, sketches among them."""
        return self.images + self.failures + self.possibly + self.waiting

    @property
    def requests(self) -> int:
        """How many requests left this machine."""
        return self.sent - self.sketches - self.sketches_failed

    @property
    def failed_for_free(self) -> int:
        """How many of them failed and cost nothing."""
        return self.failures - self.charged - self.sketches_failed

    @property
    def spent_usd(self) -> Decimal:
        """What was paid for pictures and for failures, as far as it is known."""
        return self.usd + self.failed_usd

    @property
    def total_usd(self) -> Decimal:
        """All that was, will or may have been billed, as far as it is known: what a budget counts."""
        return self.spent_usd + self.possibly_usd + self.waiting_usd

    def to_json(self) -> dict[str, Any]:
        """One row of `cost --json`."""
        return {
            "name": self.name,
            "sent": self.sent,
            "images": self.images,
            "cost_usd": number(self.usd),
            "estimated": self.estimated,
            "estimated_usd": number(self.estimated_usd),
            "failures": self.failures,
            "failures_charged": self.charged,
            "failures_usd": number(self.failed_usd),
            "possibly_billed": self.possibly,
            "possibly_billed_usd": number(self.possibly_usd),
            "waiting": self.waiting,
            "waiting_usd": number(self.waiting_usd),
            "unknown_cost": self.unknown,
            "spent_usd": number(self.spent_usd),
            "total_usd": number(self.total_usd),
        }


def sum_of(name: str, attempts: Iterable[Attempt], is_sketch: Callable[[str], bool]) -> Sum:
    """Add up attempts; each counts once. A failure that reports no cost has none, unless it may have been billed.

    `is_sketch` says of a provider whether it draws without a request: what it had begun when its process died left
    nothing, and can't have been billed.
    """
    sketches = images = estimated = failures = charged = possibly = waiting = sketches_failed = 0
    unknown_images = unknown_possibly = unknown_waiting = 0
    usd = estimates = failed = doubtful = in_jobs = Decimal(0)
    for attempt in attempts:
        sketched = is_sketch(attempt.provider)
        if attempt.status is AttemptStatus.NOT_TAKEN or (sketched and attempt.unanswered):
            continue
        amount = attempt.cost_or_estimate_usd
        if attempt.delivered:
            images += 1
            unknown_images += amount is None
            sketches += sketched
            usd += amount or 0
            if attempt.cost_usd is None and amount is not None:
                estimated += 1
                estimates += amount
        elif attempt.in_doubt and not sketched:
            possibly += 1
            unknown_possibly += amount is None
            doubtful += amount or 0
        elif attempt.status is AttemptStatus.WAITING:
            waiting += 1
            unknown_waiting += amount is None
            in_jobs += amount or 0
        else:
            failures += 1
            sketches_failed += sketched and not attempt.cost_usd
            charged += bool(attempt.cost_usd)
            failed += attempt.cost_usd or 0
    return Sum(
        name, images, usd, estimated, estimates, failures, charged, failed, possibly, doubtful, waiting, in_jobs,
        sketches, sketches_failed, unknown_images, unknown_possibly, unknown_waiting,
    )  # fmt: skip
