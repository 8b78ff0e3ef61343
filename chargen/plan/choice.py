"""Which images of a plan a run takes on: the selected ones, what they need, within a number and a budget.

Laws: plan order decides; what is left out is named with its reason; nothing is built without a reference it needs, so
what needs something left out is left out too. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from msgspec import Struct

from chargen.model.values import EntryId, Verdict
from chargen.plan.order import closure
from chargen.plan.plan import Plan, Shown
from chargen.text.money import over_budget


class LeftOut(Struct, frozen=True):
    """An image that would be built and is not, and why."""

    image: Shown
    reason: str


class Choice(Struct, frozen=True):
    """`images` are what a run does something with, in plan order; `needed_by` has the user of each other one."""

    images: tuple[Shown, ...]
    needed_by: Mapping[EntryId, EntryId]
    left_out: tuple[LeftOut, ...]
    untouched: tuple[Shown, ...]
    """Selected images that need nothing."""


def smallest(*limits: Decimal | None) -> Decimal | None:
    """Return the tightest of several limits, None where none of them is set."""
    return min((limit for limit in limits if limit is not None), default=None)


def choose(
    plan: Plan,
    selected: Collection[EntryId],
    *,
    max_tasks: int | None = None,
    budget: Decimal | None = None,
) -> Choice:
    """Choose from a plan. `budget` is what may be spent in USD; an image of unknown price does not fit under one.

    Money is handed out in plan order: an image that does not fit takes none, so a cheaper one after it may still fit.
    Counted are estimates, with room for the one that may go furthest beyond its own: whichever is sent last, and
    however dear it comes, it fits if the others kept to theirs.
    """
    chosen = frozenset(selected)
    active = {image.id: image for image in plan.images if _active(image)}
    needs = {name: tuple(filter(active.__contains__, image.needs)) for name, image in active.items() if image.acts}
    wanted = closure(filter(chosen.__contains__, active), needs)
    images: list[Shown] = []
    left: dict[EntryId, LeftOut] = {}
    spent, room, sent = Decimal(0), Decimal(0), 0
    for image in active.values():
        if image.id not in wanted:
            continue
        reason = ""
        if missing := next((need for need in needs.get(image.id, ()) if need in left), None):
            reason = f"needs `{missing}`, which is left out"
        elif image.verdict.spends and max_tasks is not None and sent >= max_tasks:
            reason = f"`--max-tasks {max_tasks}`"
        elif image.verdict.spends and budget is not None:
            reason = _over(image, spent, room, budget)
        if reason:
            left[image.id] = LeftOut(image, reason)
            continue
        images.append(image)
        if image.verdict.spends:
            sent += 1
            spent += image.cost_usd or 0
            room = max(room, _beyond(image))
    untouched = tuple(image for image in plan.images if image.id in chosen and image.id not in wanted)
    needed_by = {need: user for need, user in wanted.items() if user is not None and need not in chosen}
    return Choice(tuple(images), needed_by, tuple(left.values()), untouched)


def _active(image: Shown) -> bool:
    return image.acts or image.verdict is Verdict.BLOCKED


def _over(image: Shown, spent: Decimal, room: Decimal, budget: Decimal) -> str:
    if image.cost_usd == 0:
        return ""
    left = budget - spent - max(room - _beyond(image), Decimal(0))
    if image.cost_usd is None or image.most_usd is None or image.most_usd > left:
        return over_budget(image.cost_usd, image.most_usd, left, budget)
    return ""


def _beyond(image: Shown) -> Decimal:
    """Return how much more than its estimate an image may cost, as far as it can be known."""
    return (image.most_usd or Decimal(0)) - (image.cost_usd or Decimal(0))
