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
from chargen.plan.plan import Plan, Shown, each_usd
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
    month: Decimal | None = None,
) -> Choice:
    """Choose from a plan. `budget` is what may be spent in USD; an image of unknown price does not fit under one.

    `month` is the whole budget of the month, where `budget` is what is left of that.

    Money is handed out in plan order: an image that does not fit takes none, so a cheaper one after it may still fit.
    Counted are estimates, with room for the one that may go furthest beyond its own: whichever is sent last, and
    however dear it comes, it fits if the others kept to theirs.
    """
    chosen = frozenset(selected)
    active = {image.id: image for image in plan.images if image.is_due}
    needs = {
        name: tuple(need for need in image.needs if need in active and _is_waited_for(active[need]))
        for name, image in active.items()
        if image.acts
    }
    wanted = closure(filter(chosen.__contains__, active), needs)
    images: list[Shown] = []
    left: dict[EntryId, LeftOut] = {}
    fewer: list[LeftOut] = []
    limits = _Limits(max_tasks, budget, month)
    for image in active.values():
        if image.id not in wanted:
            continue
        reason = ""
        if missing := next((need for need in needs.get(image.id, ()) if need in left), None):
            reason = f"needs `{missing}`, which is left out"
        elif image.verdict.spends:
            reason = limits.refusal(image)
        if reason:
            left[image.id] = LeftOut(image, reason)
            continue
        more = 0
        while more < image.more and not (reason := limits.refusal(image)):
            more += 1
        if reason:
            fewer.append(LeftOut(image, f"{image.more - more} of its variants: {reason}"))
        shown = image.with_more(more) if reason else image
        if shown.acts or not reason:
            images.append(shown)
    untouched = tuple(image for image in plan.images if image.id in chosen and image.id not in wanted)
    needed_by = {need: user for need, user in wanted.items() if user is not None and need not in chosen}
    return Choice(tuple(images), needed_by, (*left.values(), *fewer), untouched)


def _is_waited_for(image: Shown) -> bool:
    return image.prepares or image.verdict is Verdict.BLOCKED


class _Limits(Struct):
    """What a run may send and spend, and what is handed out of it."""

    max_tasks: int | None
    budget: Decimal | None
    month: Decimal | None
    sent: int = 0
    spent: Decimal = Decimal(0)
    room: Decimal = Decimal(0)
    """How much more than its estimate one of those requests may cost."""

    def refusal(self, image: Shown) -> str:
        """Set one request for an image aside; where it does not fit, say why not, and take nothing."""
        each, most = each_usd(image), image.most_usd
        counted = each if image.batched is None else most  # of a job nothing is known before it is over
        beyond = (most or Decimal(0)) - (counted or Decimal(0))
        if self.max_tasks is not None and self.sent >= self.max_tasks:
            return f"`--max-tasks {self.max_tasks}`"
        if self.budget is not None and each != 0:
            left = self.budget - self.spent - max(self.room - beyond, Decimal(0))
            if each is None or most is None or most > left:
                return over_budget(each, most, left, self.budget, self.month)
        self.sent += 1
        self.spent += counted or 0
        self.room = max(self.room, beyond)
        return ""
