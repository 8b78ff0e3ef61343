"""How a sum of money is told: the same words at the end of a run, in `chargen cost` and in `chargen log`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chargen.cli.tables import plural
from chargen.text.money import at_least, by_estimate, cost_text, estimate_text

if TYPE_CHECKING:
    from chargen.model.amounts import Total
    from chargen.store.spending import Sum


def price_text(price: Total) -> str:
    """Write an estimate of several images: "at least" where that of one is unknown."""
    return at_least(price.known, price.unknown, estimate_text)


def spent_text(total: Sum) -> str:
    """Write what was spent: "at least" where a price is unknown."""
    return at_least(total.spent_usd, total.unknown)


def images_text(total: Sum) -> str:
    """Write how many images there are, and how many of them had no request: `12 images (10 of them sketches)`."""
    sketches = f" ({total.sketches:,} of them sketches)" if 0 < total.sketches < total.images else ""
    return f"{plural(total.images, 'image')}{sketches}"


def spending_lines(total: Sum, what: str = "") -> Iterator[str]:
    """Yield what requests were sent, what came of them, and what of the amounts is not known for certain.

    They are called `what`, where they were not sent now.
    """
    if not (total.spent_usd or total.possibly or total.waiting or total.unknown or (total.requests and total.failures)):
        return
    yield f"{what or plural(total.requests, 'request') + ' sent'}: {'; '.join(_came(total))}"
    if total.sketches:
        yield f"sketched here, without a request: {plural(total.sketches, 'image')}"
    if total.estimated:
        whose = plural(total.estimated, "image")
        yield f"estimated: {estimate_text(total.estimated_usd)} of it, for {whose} whose usage was not told"
    if total.possibly:
        doubtful = plural(total.possibly, "request")
        amount = at_least(total.possibly_usd, total.unknown_possibly, estimate_text)
        yield f"possibly billed: {doubtful} that brought nothing, {by_estimate(amount)}"
    if total.unknown:
        yield f"of unknown cost: {plural(total.unknown, 'request')}, counted as nothing"


def _came(total: Sum) -> Iterator[str]:
    """Say what came of requests."""
    if brought := total.images - total.sketches:
        yield f"{brought:,} brought an image, {at_least(total.usd, total.unknown_images)}"
    if total.charged:
        yield f"{total.charged:,} failed and charged, {cost_text(total.failed_usd)}"
    if free := total.failed_for_free:
        yield f"{free:,} failed for free"
    if total.possibly:
        yield f"{total.possibly:,} possibly billed"
    if total.waiting:
        amount = at_least(total.waiting_usd, total.unknown_waiting, estimate_text)
        yield f"{total.waiting:,} in jobs, {by_estimate(amount)}"
