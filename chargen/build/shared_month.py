"""The month's budget of all machines of a team, by the ledger in their store.

Laws: with a budget of the month each request is set aside at the most it may cost before it leaves, and takes that
back where it does not; what nobody knows stays as it was set aside. Amounts are USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from chargen.build.attempt import NotClaimedError
from chargen.model.record import Record
from chargen.plan.budget import NOTHING
from chargen.plan.month import MonthSpent
from chargen.plan.session import Session
from chargen.store.clock import compact_stamp
from chargen.store.shared.objects import StoreError
from chargen.text.money import cost_text

if TYPE_CHECKING:
    from chargen.build.sharing import Sharing


class SharedMonth:
    """The month as one run knows it; safe to use from threads."""

    def __init__(self, session: Session, sharing: Sharing) -> None:
        self._session = session
        self._sharing = sharing
        self._ledger = sharing.store.ledger
        self._limit: Decimal | None = None
        """What all machines together may have spent by the ledger, where the settings bound it."""

    def spent(self) -> dict[str, Decimal]:
        """Return what the ledger tells of the month, by attempt; nothing where it can't be asked."""
        try:
            return self._sharing.ask(self._ledger.spent, compact_stamp(self._session.clock.now()))
        except StoreError:
            return {}

    def limit(self, month: MonthSpent | None, told: Mapping[str, Decimal]) -> None:
        """Keep to the budget together with all machines; `told` is what the ledger knew for `month`."""
        budget = self._session.project.settings.budget.month
        assert budget is not None
        assert month is not None
        only_here = month.here_usd - (sum(told.values(), NOTHING) - month.elsewhere_usd)
        self._limit = budget - max(only_here, NOTHING)

    def set_aside(self, record: Record, most: Decimal | None) -> None:
        """Write down what a request may cost, and see whether the month has room for it beside all others.

        Each machine writes before it looks, so of two that would pass the limit together one at least sees the other.
        Raises NotClaimedError, StoreError.
        """
        limit = self._limit
        if limit is None or not most:
            return
        self._sharing.ask(self._ledger.most, record.attempt, most)
        spent = sum(self._sharing.ask(self._ledger.spent, record.attempt).values(), NOTHING)
        if spent > limit:
            left = cost_text(max(limit - spent + most, NOTHING))
            message = f"it may cost {cost_text(most)}, and {left} is left of the month's budget of all machines"
            raise NotClaimedError(message)

    def take_back(self, attempt: str) -> None:
        """Count nothing for a request that does not leave."""
        if self._limit is not None:
            self.account(attempt, NOTHING)

    def account(self, attempt: str, usd: Decimal | None) -> None:
        """Tell the ledger what a request did cost; what nobody knows stays as it was set aside. Never raises."""
        if usd is not None and self._sharing.store.writes:
            with suppress(StoreError):
                self._sharing.ask(self._ledger.cost, attempt, usd)
