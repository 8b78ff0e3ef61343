"""Amounts of money that somebody else wrote."""

from decimal import Decimal

import pytest

from chargen.model.amounts import amount_of


@pytest.mark.parametrize("text", ["0", "0.0400", "12.5", "1e3", 0.04, 3, "1000000000"])
def test_an_amount_keeps_its_digits(text: object) -> None:
    """As they were written."""
    assert str(amount_of(text)) == str(Decimal(str(text)))


@pytest.mark.parametrize(
    "text",
    ["NaN", "sNaN", "Infinity", "1e999999", "1e-999999", "-0.01", "-1e9", "", "x", None, [], "1" * 5000, 10**5000],
    ids=lambda text: "a very long number" if isinstance(text, int) else str(text)[:20],
)
def test_what_is_no_amount_of_dollars_is_none(text: object) -> None:
    """Nor is what no sum could take."""
    assert amount_of(text) is None
