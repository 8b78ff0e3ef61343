"""From what a command asks for to what a run does: the plan under its options, the selection, and the choice.

Reads the disk, changes nothing, so a plan shown and a plan built come from the same few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.errors import StartError
from chargen.model.reason import ReasonCode, has, is_draft
from chargen.model.values import EntryId
from chargen.plan.cache.snapshot import Snapshot
from chargen.plan.choice import Choice, choose, smallest
from chargen.plan.plan import Offer, Plan, Shown
from chargen.plan.selection import Selectable, Selection, named_alone, select
from chargen.plan.verdict import Force

if TYPE_CHECKING:  # where nothing changed, a plan is shown without what makes one
    from chargen.config.settings import Budget
    from chargen.model.request import Mode
    from chargen.plan.budget import Ledger
    from chargen.plan.month import MonthSpent
    from chargen.plan.planner import Planner
    from chargen.plan.session import Session
    from chargen.store.batch_job import JobLine

Selector: TypeAlias = Callable[[Sequence[Selectable]], Mapping[EntryId, Force]]


class BuildRequest(Struct, frozen=True):
    """What a command asks of a run."""

    selection: Selection = field(default_factory=Selection)
    kinds: frozenset[str] = frozenset()
    """Kinds of imagery to keep to; empty for all."""
    rebuild: tuple[str, ...] = ()
    """Names for `--rebuild`: built whatever they are."""
    pick: Selector | None = None
    """Instead of `selection` and `rebuild`: which images are meant and what is demanded of each, where names may also
    mean other things than images."""
    names: Selection = field(default_factory=Selection)
    """Beside `pick`: the names that mean images."""
    provider: str | None = None
    mode: Mode | None = None
    """How requests go, whatever the settings say of their providers."""
    tier: str = ""
    """The tier that is asked for; empty for none."""
    promote: bool = False
    """Only finals in place of approved drafts."""
    max_tasks: int | None = None
    budget: Decimal | None = None
    variants: int | None = None
    """How many versions of today's inputs each selected image is to have in all."""
    resume: bool = True
    placed: Mapping[EntryId, JobLine] = field(default_factory=dict)
    """Replies of jobs to what was asked for by name, just collected."""
    sends: bool = True
    """False: only what is free, such as putting in place what was collected."""
    wait: bool = True

    @property
    def selects(self) -> bool:
        """True where not simply all images are meant."""
        return bool(self.kinds or self.rebuild or self.selection)


class Chosen(Struct, frozen=True):
    """What a request comes to: `selected` are the ids it means, `choice` what a run takes on of these and needs."""

    plan: Plan
    selected: tuple[EntryId, ...]
    choice: Choice
    month: MonthSpent | None = None
    """What the month has cost, where that was asked for: the settings bound it."""

    def offer(self, image: Shown) -> Offer | None:
        """Return what its provider says of a request for an image, as it is kept."""
        return image.offer


class Prepared(Chosen, frozen=True, kw_only=True):
    """The same with all that a build needs; `keep` writes what is to be kept of the plan."""

    planner: Planner
    ledger: Ledger
    keep: Callable[[], None]

    def offer(self, image: Shown) -> Offer | None:
        """Return what its provider says of a request for an image."""
        return self.planner.offer(image)


def prepare(
    session: Session,
    request: BuildRequest,
    snapshot: Snapshot | None = None,
    elsewhere: Mapping[str, Decimal] | None = None,
) -> Prepared:
    """Select, plan and choose.

    Raises StartError where a part of the selection matches nothing, or there is no provider of that name.

    `snapshot` is one of the project, just taken: a change since then is left to the next run. `elsewhere` is what the
    month's budget counts of other machines, by attempt.
    """
    from chargen.plan.cache.files import to_keep  # noqa: PLC0415 - see above
    from chargen.plan.judge import PlanOptions  # noqa: PLC0415 - see above
    from chargen.plan.month import month_spent  # noqa: PLC0415 - see above

    if request.provider is not None:
        session.adapters.override(request.provider)  # also where nothing will be sent there
    planner = session.planner(snapshot=snapshot, building=not session.read_only)
    names_some = request.pick is not None or request.selects
    images = planner.selectables() if names_some else ()
    pick = request.pick or partial(_picked, request)
    picked = pick(images) if names_some else dict.fromkeys(planner.book.home, Force.NONE)
    selected = frozenset(picked)
    forced = {name: force for name, force in picked.items() if force is not Force.NONE}
    rebuilt = {name for name, force in forced.items() if force is Force.REBUILD}
    ignored = planner.options.ignored - rebuilt
    by_name = request.pick is not None or bool(request.selection)
    if request.variants is not None and not (by_name or request.selects):
        hint = "`doit --variants 3 chapters/ch03/img-07`, or a pattern such as 'chapters/ch03/*'"
        raise StartError("`--variants` needs names: each further variant costs as much as the first", hint=hint)
    finals = named_alone(images, request.names or request.selection) & selected
    promoted = selected if request.promote else frozenset()
    planner.choose(
        PlanOptions(
            request.provider,
            selected,
            forced,
            request.resume,
            ignored,
            finals=finals,
            promoted=promoted,
            variants=request.variants,
            by_name=by_name,
            placed=request.placed,
            mode=request.mode,
        )
    )
    plan = planner.plan()
    keep = nothing
    if not (planner.has_options or request.tier or session.read_only):
        keep = to_keep(session, planner, plan)
    meant = tuple(filter(selected.__contains__, plan.by_id))
    if promoted:
        meant = tuple(name for name in meant if _is_promoted(plan.by_id[name]))
    budget = session.project.settings.budget
    month = month_spent(session, planner.book, elsewhere) if budget.month is not None else None
    ledger = ledger_of(budget, request, month)
    choice = choose(plan, meant, max_tasks=request.max_tasks, budget=ledger.limit, month=ledger.month)
    if not request.sends:
        free = tuple(name for name in meant if plan.by_id[name].acts and not plan.by_id[name].verdict.spends)
        choice = replace(choose(plan, free, max_tasks=0), left_out=())
    return Prepared(plan, meant, choice, month, planner=planner, ledger=ledger, keep=keep)


def _is_promoted(image: Shown) -> bool:
    """Say whether a final image is due in place of an approved draft."""
    return has(image.reasons, ReasonCode.DRAFT_APPROVED)


def nothing() -> None:
    """Keep nothing."""


def kept_choice(snapshot: Snapshot, request: BuildRequest) -> Chosen | None:
    """Select and choose from the plan of a project of which nothing changed; None where more has to be read.

    That is where something did change, where the request has options of its own, and where the settings have to be
    asked. Raises StartError where a part of the selection matches nothing.
    """
    from chargen.plan.cache.files import kept_plan  # noqa: PLC0415 - see above

    options = request.pick or request.rebuild or request.provider or request.tier or request.mode or request.variants
    if options or not request.resume or not snapshot.stamp.plain or (plan := kept_plan(snapshot)) is None:
        return None
    selected = selected_ids(selectables(plan), request) if request.selects else tuple(plan.by_id)
    if request.selection:
        alone = named_alone(selectables(plan), request.selection)
        if any(is_draft(plan.by_id[name].reasons) for name in alone):
            return None
    return Chosen(plan, selected, choose(plan, selected, max_tasks=request.max_tasks, budget=request.budget))


def selectables(plan: Plan) -> list[Selectable]:
    """Return the plan's images as a selection sees them."""
    return [
        Selectable(image.id, image.target, image.prompt_file, image.file, image.id.split("/")[1], image.kind)
        for image in plan.images
    ]


def selected_ids(images: Sequence[Selectable], request: BuildRequest) -> tuple[EntryId, ...]:
    """Return the ids a request means, in the order of `images`: the selection and what is named for a new image.

    Raises StartError where a part of it matches nothing.
    """
    if not request.selects:
        return tuple(image.id for image in images)
    if request.kinds:
        images = [image for image in images if image.kind in request.kinds]
    names = Selection(terms=request.rebuild, within=request.selection.within)
    named = frozenset(select(images, names)) if names else frozenset()
    if named and not request.selection:
        return tuple(image.id for image in images if image.id in named)
    selected = named.union(select(images, request.selection))
    return tuple(image.id for image in images if image.id in selected)


def _picked(request: BuildRequest, images: Sequence[Selectable]) -> Mapping[EntryId, Force]:
    """Select by the names of a request, as its `pick` would. Raises StartError."""
    selected = selected_ids(images, request)
    names = Selection(request.rebuild, within=request.selection.within)
    rebuilt = frozenset(select(images, names)) if names else frozenset()
    return {name: Force.REBUILD if name in rebuilt else Force.NONE for name in selected}


def ledger_of(budget: Budget, request: BuildRequest, month: MonthSpent | None) -> Ledger:
    """Return the money of a run: the limits of the settings and of the request, and what the month has cost."""
    from chargen.plan.budget import Ledger  # noqa: PLC0415 - see above

    spent = Decimal(0) if month is None else month.total_usd
    return Ledger(smallest(request.budget, budget.run), budget.month, spent)
