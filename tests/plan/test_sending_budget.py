"""The guard of a budget by itself: what is set aside, spent, and learned from replies that cost more than expected."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chargen.plan.budget import Ledger, OverBudgetError

PRICE = Decimal("0.05")


def test_a_surplus_over_the_estimate_is_expected_of_what_follows() -> None:
    """After a reply that cost a fifth more, what is in flight and what follows is counted with a fifth more."""
    ledger = Ledger(Decimal("0.21"))
    ledger.reserve(PRICE)
    ledger.reserve(PRICE)
    ledger.settle(PRICE, Decimal("0.06"))
    ledger.reserve(PRICE)  # 0.06 spent, 0.06 in flight, 0.06 more: 0.03 is left
    with pytest.raises(OverBudgetError) as refusal:
        ledger.reserve(Decimal("0.03"))  # likely to come to 0.036
    assert "0.036" in refusal.value.message
    ledger.reserve(Decimal("0.025"))


def test_a_cheaper_reply_frees_what_it_did_not_cost() -> None:
    """What a reply cost less than its estimate can be spent on others, and nothing is expected to be cheaper."""
    ledger = Ledger(Decimal("0.10"))
    ledger.reserve(PRICE)
    ledger.settle(PRICE, Decimal("0.04"))
    ledger.reserve(PRICE)
    with pytest.raises(OverBudgetError):
        ledger.reserve(Decimal("0.02"))
    ledger.reserve(Decimal("0.01"))
