"""The hard guard of a budget while a run is going on: money is set aside before each try, and accounted for after it.

Laws: what is spent and what is set aside never pass the limit together, whatever threads do; what may have been billed
counts as spent; once a reply cost more than its estimate (a model that thinks, an unusual script), every later one is
set aside for with the same surplus; without a limit everything fits. The plan decides what fits in which order
(`chargen.plan.choice`); this only makes sure. Amounts are USD.
"""

from __future__ import annotations

import threading
from decimal import ROUND_UP, Decimal

from chargen.plan.choice import smallest
from chargen.providers.catalogue.prices import GRAIN
from chargen.text.money import over_budget

NOTHING = Decimal(0)


class OverBudgetError(Exception):
    """Sending once more could pass the budget; nothing was sent. `estimate` is None where the price is unknown."""

    def __init__(self, estimate: Decimal | None, left: Decimal, limit: Decimal) -> None:
        self.message = over_budget(estimate, left, limit)
        super().__init__(self.message)
        self.estimate = estimate
        self.left = left


class Ledger:
    """The money of one run; the limits are those of the run and of the month, None for no limit.

    `spent_month` is what this machine's journal counts for the month before the run.
    """

    def __init__(
        self,
        limit_run: Decimal | None = None,
        limit_month: Decimal | None = None,
        spent_month: Decimal = NOTHING,
    ) -> None:
        self.limit = smallest(limit_run, None if limit_month is None else max(limit_month - spent_month, NOTHING))
        self._lock = threading.Lock()
        self._spent = NOTHING
        self._aside = NOTHING
        self._unknown = 0
        self._surplus = Decimal(1)
        """The most a reply has cost in this run, in estimates."""

    @property
    def spent(self) -> Decimal:
        """What the run has spent so far, as far as prices are known."""
        return self._spent

    @property
    def unknown(self) -> int:
        """How many requests were paid or possibly billed at a price nobody knows."""
        return self._unknown

    def check(self, estimate: Decimal | None) -> None:
        """Raise OverBudgetError where `estimate` does not fit now."""
        with self._lock:
            self._check(estimate)

    def reserve(self, estimate: Decimal | None) -> None:
        """Set `estimate` aside for one try. Raises OverBudgetError where it does not fit or is unknown."""
        with self._lock:
            self._check(estimate)
            self._aside += estimate or NOTHING

    def settle(self, estimate: Decimal | None, actual: Decimal | None) -> None:
        """Put what was really spent in the place of a set-aside `estimate`; None where nobody knows the price."""
        with self._lock:
            self._aside -= estimate or NOTHING
            if actual is None:
                self._unknown += 1
            else:
                self._spent += actual
                if estimate and actual > estimate:
                    self._surplus = max(self._surplus, actual / estimate)

    def _check(self, estimate: Decimal | None) -> None:
        if self.limit is None:
            return
        left = self.limit - self._spent - self._likely(self._aside)
        likely = None if estimate is None else self._likely(estimate)
        if likely is None or likely > left:
            raise OverBudgetError(likely, left, self.limit)

    def _likely(self, estimate: Decimal) -> Decimal:
        """Return what `estimate` may come to, by what replies have cost in this run."""
        return estimate if self._surplus == 1 else (estimate * self._surplus).quantize(GRAIN, rounding=ROUND_UP)
