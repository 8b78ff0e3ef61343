"""From what a command asks for to what a run does: the plan under its options, the selection, and the choice.

Reads the disk, changes nothing, so a plan shown and a plan built come from the same few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from chargen.model.values import EntryId
from chargen.plan.choice import Choice, choose, smallest
from chargen.plan.memo.index import Standing
from chargen.plan.memo.standing import Look
from chargen.plan.memo.whole import whole_plan
from chargen.plan.plan import Plan
from chargen.plan.selection import Selectable, Selection, select
from chargen.plan.verdict import Force

if TYPE_CHECKING:  # where nothing changed, a plan is shown without what makes one
    from chargen.plan.budget import Ledger
    from chargen.plan.facts import PlanOptions
    from chargen.plan.planner import Planner
    from chargen.plan.session import Session

Selector: TypeAlias = Callable[[Sequence[Selectable]], Mapping[EntryId, Force]]


@dataclass(frozen=True, slots=True)
class Order:
    """What a command asks of a run."""

    selection: Selection = field(default_factory=Selection)
    kinds: frozenset[str] = frozenset()
    """Kinds of imagery to keep to; empty for all."""
    rebuild: tuple[str, ...] = ()
    """Names for `--rebuild`: built whatever they are."""
    pick: Selector | None = None
    """Instead of `selection` and `rebuild`: which images are meant and what is demanded of each, where names may also
    mean other things than images."""
    provider: str | None = None
    max_tasks: int | None = None
    budget: Decimal | None = None
    resume: bool = True
    wait: bool = True
    command: str = "chargen"

    @property
    def everything(self) -> bool:
        """Say whether all images are meant, with no wish for any."""
        named = self.selection or self.kinds or self.rebuild or self.pick or self.provider
        return not named and self.resume


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an order comes to: `selected` are the ids it means, `choice` what a run takes on of them and their needs."""

    plan: Plan
    selected: tuple[EntryId, ...]
    choice: Choice


@dataclass(frozen=True, slots=True)
class Prepared(Chosen):
    """The same with all that a build needs.

    `rest` are images that need nothing and are not in the plan, None where it is whole; `keep` writes what is to be
    remembered of the plan.
    """

    planner: Planner
    ledger: Ledger
    rest: Standing | None
    keep: Callable[[], None]


def prepare(session: Session, order: Order, look: Look | None = None) -> Prepared:
    """Plan, select and choose. Raises StartError where a part of the selection matches nothing.

    With a `look` at the project, just taken, a build of all that needs anything plans only what it has to do with.
    """
    from chargen.plan.facts import PlanOptions  # noqa: PLC0415 - see above
    from chargen.plan.memo.planning import remembered_plan  # noqa: PLC0415 - see above

    ledger = _ledger(session, order)
    first = PlanOptions(ignored=session.ignored(), resume=order.resume)
    building = not session.read_only
    brief = building and look is not None and order.everything and not look.broken_off
    found = remembered_plan(session, first, building=building, look=look, brief=brief)
    planner, plan = found.planner, found.plan
    forced = order.pick(selectables(plan)) if order.pick is not None else None
    selected = selected_ids(plan, order) if forced is None else tuple(filter(forced.__contains__, plan.by_id))
    if options := _options(order, selected, _forced(plan, order, selected, forced), planner.options):
        planner = session.planner(session.scan(), options)
        plan = planner.plan()
    choice = choose(plan, selected, max_tasks=order.max_tasks, budget=ledger.limit)
    return Prepared(plan, selected, choice, planner, ledger, found.rest, found.keep)


def remembered_choice(look: Look, order: Order) -> Chosen | None:
    """Select and choose from the plan of a project of which nothing changed; None where that can't be told.

    That is where something did change, where the order has options of its own, and where the settings have to be asked.
    Raises StartError where a part of the selection matches nothing.
    """
    options = order.pick or order.rebuild or order.provider or not order.resume
    if options or not look.index.plain or (plan := whole_plan(look)) is None:
        return None
    selected = selected_ids(plan, order)
    return Chosen(plan, selected, choose(plan, selected, max_tasks=order.max_tasks, budget=order.budget))


def selectables(plan: Plan) -> list[Selectable]:
    """Return the plan's images as a selection sees them."""
    return [
        Selectable(image.id, image.target, image.prompt_file, image.entry.file, image.id.split("/")[1])
        for image in plan.images
    ]


def selected_ids(plan: Plan, order: Order) -> tuple[EntryId, ...]:
    """Return the ids an order means, in plan order: the selection and what is named for a new image.

    Raises StartError where a part of it matches nothing.
    """
    if not (order.kinds or order.rebuild or order.selection):
        return tuple(plan.by_id)
    images = selectables(plan)
    if order.kinds:
        images = [image for image in images if plan.by_id[image.id].entry.kind in order.kinds]
    names = Selection(terms=order.rebuild, within=order.selection.within)
    named = frozenset(select(images, names)) if names else frozenset()
    if named and not order.selection:
        return tuple(image.id for image in images if image.id in named)
    selected = named.union(select(images, order.selection))
    return tuple(image.id for image in images if image.id in selected)


def _forced(
    plan: Plan, order: Order, selected: tuple[EntryId, ...], picked: Mapping[EntryId, Force] | None
) -> dict[EntryId, Force]:
    """Return what was asked for by name."""
    if picked is not None:
        return {entry_id: force for entry_id, force in picked.items() if force is not Force.NONE}
    if not order.rebuild:
        return {}
    found = select(selectables(plan), Selection(order.rebuild, within=order.selection.within))
    return {entry_id: Force.REBUILD for entry_id in found if entry_id in selected}


def _options(
    order: Order, selected: tuple[EntryId, ...], forced: Mapping[EntryId, Force], before: PlanOptions
) -> PlanOptions | None:
    """Return what must be planned for again, because it was asked for by name; None where nothing was."""
    from chargen.plan.facts import PlanOptions  # noqa: PLC0415 - see above

    if not forced and order.provider is None:
        return None
    rebuilt = {entry_id for entry_id, force in forced.items() if force is Force.REBUILD}
    return PlanOptions(order.provider, frozenset(selected), forced, before.resume, before.ignored - rebuilt)


def _ledger(session: Session, order: Order) -> Ledger:
    from chargen.plan.budget import Ledger  # noqa: PLC0415 - see above

    budget = session.project.settings.budget
    today = session.clock.now()
    month = datetime(today.year, today.month, 1, tzinfo=UTC)
    spent = session.journal.spent(month).total_usd if budget.month is not None else Decimal(0)
    return Ledger(smallest(order.budget, budget.run), budget.month, spent)
