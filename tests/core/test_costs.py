"""Costs: what of a plan fits a budget."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chargen.core.costs import fit, smallest

prices = st.lists(st.none() | st.decimals("0", "1", places=3), max_size=12)


def test_without_a_limit_everything_fits() -> None:
    """Also what has no known price."""
    assert fit([Decimal(5), None], None) == (True, True)


def test_what_does_not_fit_takes_nothing_from_what_comes_after() -> None:
    """Money is handed out in plan order; an image too dear leaves it to the next."""
    assert fit([Decimal("0.3"), Decimal("0.8"), Decimal("0.7"), Decimal("0.1")], Decimal(1)) == (
        True,
        False,
        True,
        False,
    )


def test_an_unknown_price_fits_no_budget() -> None:
    """Unknown is not 0."""
    assert fit([None, Decimal(0)], Decimal(9)) == (False, True)


def test_what_needs_an_image_that_is_left_out_is_left_out() -> None:
    """Through chains: nothing is built on a reference that will not be there."""
    assert fit([Decimal(2), Decimal(0), Decimal(0), Decimal(1)], Decimal(1), [(), (0,), (1,), ()]) == (
        False, False, False, True,
    )  # fmt: skip


@given(prices, st.decimals("0", "3", places=3))
def test_what_fits_never_costs_more_than_the_limit_and_nothing_more_would_fit(
    estimates: list[Decimal | None], limit: Decimal
) -> None:
    """The sum of what is started is within the budget; each image left out would have passed it in its turn."""
    spent = Decimal(0)
    for price, started in zip(estimates, fit(estimates, limit), strict=True):
        if started:
            assert price is not None
            spent += price
        else:
            assert price is None or spent + price > limit
    assert spent <= limit


def test_the_tightest_limit_counts() -> None:
    """One that is not set does not count."""
    assert smallest(None, Decimal(2), Decimal(1)) == Decimal(1)
    assert smallest(None, None) is None
