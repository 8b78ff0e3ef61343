"""The hard guard of a budget while a run is going on: money is set aside before each try, and accounted for after it.

Laws: what is spent and what is set aside never pass the limit together, whatever threads do; set aside is the most that
a try can be known to cost; who does not fit beside what is in flight waits for its end, and is refused only where it
would not fit alone; of a request that may have been billed all that was set aside counts as spent; once a reply cost
more than that, every later one is set aside for with the same surplus; without a limit everything fits. The plan
decides what fits in which order (`chargen.plan.choice`); this only makes sure. Amounts are USD.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from chargen.plan.choice import smallest
from chargen.providers.catalogue.prices import GRAIN
from chargen.text.money import over_budget

NOTHING = Decimal(0)
_SLICE = 0.2
"""Longest single wait in seconds: a wait for money can't watch the interruption and the breaker as well."""


class OverBudgetError(Exception):
    """Sending once more could pass the budget; nothing was sent."""

    def __init__(
        self,
        price: Decimal | None,
        most: Decimal | None,
        left: Decimal,
        limit: Decimal,
        month: Decimal | None = None,
    ) -> None:
        self.message = over_budget(price, most, left, limit, month)
        super().__init__(self.message)


class Ledger:
    """The money of one run; the limits are those of the run and of the month, None for no limit.

    `spent_month` is what is known to have been spent in the month before the run. Prices are pairs: an estimate, which
    is only shown, and the most that a try may come to; None where unknown.
    """

    def __init__(
        self,
        limit_run: Decimal | None = None,
        limit_month: Decimal | None = None,
        spent_month: Decimal = NOTHING,
    ) -> None:
        rest = None if limit_month is None else max(limit_month - spent_month, NOTHING)
        self.limit = smallest(limit_run, rest)
        self.month = limit_month if rest is not None and (limit_run is None or rest < limit_run) else None
        """The month's whole budget, where that is what leaves the least."""
        self._changed = threading.Condition()
        self._spent = NOTHING
        self._aside = NOTHING
        self._surplus = Decimal(1)
        """The most a reply has cost in this run, in what was to be the most."""

    @property
    def spent(self) -> Decimal:
        """What the run has spent so far, as far as prices are known."""
        return self._spent

    def reserve(self, price: Decimal | None, most: Decimal | None, go_on: Callable[[], None] = lambda: None) -> None:
        """Set aside for one try what it may cost at most, as soon as what is in flight leaves room for it.

        Raises OverBudgetError where it does not fit or is unknown, and what `go_on` raises, which is asked meanwhile.
        """
        with self._changed:
            while True:
                self._check(price, most)
                if not most or self.limit is None or self._spent + self._likely(self._aside + most) <= self.limit:
                    self._aside += most or NOTHING
                    return
                self._changed.wait(_SLICE)
                go_on()

    def settle(self, most: Decimal | None, actual: Decimal | None) -> None:
        """Put what was spent in the place of what was set aside; None where that is not known, or not for certain."""
        with self._changed:
            self._aside -= most or NOTHING
            self._spent += (most or NOTHING) if actual is None else actual
            if most and actual is not None and actual > most:
                self._surplus = max(self._surplus, actual / most)
            self._changed.notify_all()

    def _check(self, price: Decimal | None, most: Decimal | None) -> None:
        if self.limit is None or most == 0:
            return
        left = self.limit - self._spent
        likely = None if most is None else self._likely(most)
        if likely is None or likely > left:
            raise OverBudgetError(price, likely, left, self.limit, self.month)

    def _likely(self, most: Decimal) -> Decimal:
        """Return what `most` may come to, by what replies have cost in this run."""
        return most if self._surplus == 1 else (most * self._surplus).quantize(GRAIN, rounding=ROUND_UP)
