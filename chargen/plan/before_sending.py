"""What is odd about images that are about to be sent, and about providers: reported before anything is spent.

Reads the disk and the environment, changes nothing, sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from chargen.config.layout import JOBS
from chargen.config.settings import Budget
from chargen.errors import Position, Problem, Severity, warning
from chargen.model.values import EntryId
from chargen.plan.build_request import BuildRequest, Chosen, ledger_of
from chargen.plan.cache.stamp import is_yaml
from chargen.plan.findings import Finding, by_place, findings
from chargen.plan.plan import Offer, Shown
from chargen.providers import is_proof
from chargen.text.money import cost_text

if TYPE_CHECKING:  # a kept plan is shown without what makes one
    from chargen.plan.month import MonthSpent
    from chargen.plan.session import Session

SETTINGS = Position("pyproject.toml")

OfferOf = Callable[[Shown], Offer | None]
"""What the provider of an image's route says of a request for it."""


def warnings_of(session: Session, chosen: Chosen) -> tuple[Finding, ...]:
    """Gather the warnings about images that are to be sent: their own, their files', their providers'."""
    plan, choice = chosen.plan, chosen.choice
    sent = [image for image in choice.images if image.sends]
    providers = tuple(of_providers(session, (*sent, *(item.image for item in choice.left_out)), chosen.month))
    if not sent:
        return providers
    files = {image.file for image in sent}
    own = {problem for image in sent for problem in image.problems}
    of_images = {problem for image in plan.images for problem in image.problems}

    def concerns(problem: Problem) -> bool:
        return problem in own or (problem not in of_images and _concerns(problem, files))

    warnings = (item for item in findings(plan) if item.problem.severity is Severity.WARNING)
    found = [finding for finding in warnings if concerns(finding.problem)]
    found += (item for item in of_offers(sent, chosen.offer) if item.problem.severity is Severity.WARNING)
    return (*providers, *by_place(found))


def _concerns(problem: Problem, files: set[str]) -> bool:
    """Say whether a problem of no image is one of these files, or of none at all (a template, a setting)."""
    place = problem.position
    return place is None or place.file in files or not is_yaml(place.file)


def of_offers(images: Iterable[Shown], offer: OfferOf) -> Iterator[Finding]:
    """Yield what providers say of requests, each once for all images, at the first place that asks for it."""
    found: dict[tuple[Severity, str, str], tuple[Position | None, list[EntryId]]] = {}
    for image in images:
        offered = offer(image)
        for problem in () if offered is None else offered.problems:
            key = (problem.severity, problem.message, problem.hint)
            found.setdefault(key, (problem.position, []))[1].append(image.id)
    for (severity, message, hint), (position, names) in found.items():
        yield Finding(Problem(severity, message, position, hint), tuple(names))


def of_providers(session: Session, images: Iterable[Shown], month: MonthSpent | None = None) -> Iterator[Finding]:
    """Yield, once a provider, what keeps every request to it from leaving: no key, a setting, no money left.

    Warnings, because pictures that are there need none of it, and hooks and CI have no key.
    """
    routes = dict.fromkeys(image.route for image in images)
    names = dict.fromkeys(route.provider for route in routes if route and not is_proof(route.provider))
    for adapter in map(session.adapters.get, names):
        for problem in (adapter.missing_key(), adapter.setup()):
            if problem is not None:
                yield Finding(problem.as_warning().at(SETTINGS))
    budget = session.project.settings.budget
    if names and month is None and budget.month is not None:
        from chargen.plan.month import month_spent  # noqa: PLC0415 - see above

        month = month_spent(session, session.planner().book)
    if names and (problem := _no_money(budget, month)) is not None:
        yield Finding(problem)


def of_killed_runs(session: Session) -> Iterator[Finding]:
    """Say which requests may have been billed because a run died while they were in flight, whatever is shown."""
    found = session.unanswered()
    names = tuple(dict.fromkeys(one.task_id for one in found if not one.is_waiting))
    gone = tuple(dict.fromkeys(one.task_id for one in found if one.is_waiting))
    if gone:
        message = "these were in jobs that are not on record here any more: they may be billed, with no image"
        hint = f"put the folders back into `{JOBS}` from a backup; else a build sends them again"
        yield Finding(warning(message, None, hint), gone)
    if names:
        message = "a run was killed while these were in flight: they may have been billed, with no image"
        yield Finding(
            warning(message, None, "a build sends them again; `chargen log` tells when they were sent"), names
        )


def _no_money(budget: Budget, month: MonthSpent | None) -> Problem | None:
    """Say that the settings leave nothing to spend."""
    left = ledger_of(budget, BuildRequest(), month).limit
    if left is None or left > Decimal(0):
        return None
    if budget.run == Decimal(0):
        message, place = "the run's budget is $0.00: nothing that costs is sent", budget.run_position
        hint = "raise `run` in `[tool.chargen.budget]`, or take it out"
    else:
        assert budget.month is not None
        message = f"the month's budget of {cost_text(budget.month)} is used up: nothing that costs is sent"
        place = budget.month_position
        assert month is not None
        hint = "raise `month` in `[tool.chargen.budget]`; `chargen cost` shows what was spent"
        if month.records.total_usd:
            journal, records = cost_text(month.journal.total_usd), cost_text(month.records.total_usd)
            hint += f": {journal} by this machine's journal, {records} by records of requests that it does not know"
    return warning(message, place or SETTINGS, hint)
