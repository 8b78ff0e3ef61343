"""Which images of a plan fit a budget, decided before anything is sent.

Laws: money is handed out in plan order; an image that does not fit takes none, so a cheaper one after it may still fit;
an image whose reference is left out is left out too; a price nobody knows fits no budget. Pure; amounts are USD.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def smallest(*limits: Decimal | None) -> Decimal | None:
    """Return the tightest of several limits, None where none of them is set."""
    return min((limit for limit in limits if limit is not None), default=None)


def fit(
    prices: Sequence[Decimal | None], limit: Decimal | None, needs: Sequence[Sequence[int]] = ()
) -> tuple[bool, ...]:
    """Say of each image, in plan order, whether it is started under `limit` (None: no limit, all are).

    `prices` are estimates for one try, None where unknown. `needs` gives for each image the numbers of the earlier
    images in `prices` that it uses as references; leave it out where no image needs another.
    """
    if limit is None:
        return (True,) * len(prices)
    left = limit
    fits: list[bool] = []
    for number, price in enumerate(prices):
        needed = needs[number] if needs else ()
        started = price is not None and price <= left and all(fits[other] for other in needed)
        if started and price is not None:
            left -= price
        fits.append(started)
    return tuple(fits)
