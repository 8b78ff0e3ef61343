"""The guard of a budget by itself: what is set aside, spent, and learned from replies that cost more than was known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chargen.plan.budget import Ledger, OverBudgetError

PRICE, MOST = Decimal("0.05"), Decimal("0.10")


def test_a_surplus_over_the_most_is_expected_of_what_follows() -> None:
    """After a reply that cost a fifth more than it could, all that follows is counted with a fifth more."""
    ledger = Ledger(Decimal("0.37"))
    ledger.reserve(PRICE, MOST)
    ledger.settle(MOST, Decimal("0.12"))
    ledger.reserve(PRICE, MOST)
    ledger.reserve(PRICE, MOST)  # 0.12 spent, 0.24 in flight, a cent is left
    ledger.settle(MOST, MOST)
    ledger.settle(MOST, MOST)
    with pytest.raises(OverBudgetError) as refusal:
        ledger.reserve(PRICE, MOST)
    assert refusal.value.message == "over budget: $0.05 and at most $0.12, $0.05 of the run's $0.37 left"


def test_a_cheaper_reply_frees_what_it_did_not_cost() -> None:
    """What a reply cost less than its most can be spent on others, and nothing is expected to be cheaper."""
    ledger = Ledger(Decimal("0.15"))
    ledger.reserve(PRICE, MOST)
    ledger.settle(MOST, PRICE)
    ledger.reserve(PRICE, MOST)
    ledger.settle(MOST, PRICE)
    with pytest.raises(OverBudgetError):
        ledger.reserve(PRICE, MOST)
    ledger.reserve(PRICE, PRICE)


def test_what_may_have_been_billed_counts_with_its_most() -> None:
    """Nobody knows what it cost: nothing that could be too much is sent after it."""
    ledger = Ledger(Decimal("0.15"))
    ledger.reserve(PRICE, MOST)
    ledger.settle(MOST, None)
    assert ledger.spent == MOST
    with pytest.raises(OverBudgetError):
        ledger.reserve(PRICE, MOST)


def test_what_costs_nothing_fits_into_nothing() -> None:
    """A budget that is used up stops no sketches; a price nobody knows never fits."""
    ledger = Ledger(Decimal(0))
    ledger.reserve(Decimal(0), Decimal(0))
    with pytest.raises(OverBudgetError, match="price is unknown"):
        ledger.reserve(None, None)
    Ledger().reserve(None, None)


def test_a_refusal_names_the_budget_that_leaves_the_least() -> None:
    """The month's whole, and not what was left of it when the run began."""
    for run, month, words in (
        (None, "0.60", "$0.17 of the month's $0.60 left"),
        ("0.50", "0.60", "$0.17 of the month's $0.60 left"),
        ("0.10", "0.60", "$0.10 of the run's $0.10 left"),
        ("0.10", None, "$0.10 of the run's $0.10 left"),
    ):
        limits = (None if limit is None else Decimal(limit) for limit in (run, month))
        ledger = Ledger(*limits, spent_month=Decimal("0.43"))
        with pytest.raises(OverBudgetError) as refusal:
            ledger.reserve(Decimal("0.20"), Decimal("0.20"))
        assert refusal.value.message == f"over budget: $0.20, {words}"
