"""Amounts as people read them."""

from decimal import Decimal

import pytest

from chargen.text.money import estimate, over_budget


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "$0.00"), ("0.033639", "$0.034"), ("0.04", "$0.04"), ("0.0301", "$0.031"), ("12", "$12.00")],
)
def test_an_estimate_is_rounded_up(amount: str, text: str) -> None:
    """More digits would claim more than is known, and fewer dollars than it may cost."""
    assert estimate(Decimal(amount)) == text


def test_what_is_left_of_a_budget_is_rounded_down() -> None:
    """A price and a rest that hardly differ never read as if it fitted."""
    assert (
        over_budget(Decimal("0.0339"), Decimal("0.0338"), Decimal("0.2")) == "over budget: $0.034, $0.033 of $0.20 left"
    )
    assert over_budget(Decimal(1), Decimal("-0.5"), Decimal(5)) == "over budget: $1.00, $0.00 of $5.00 left"
