"""What a build says before its first image and after its last: counts, prices, failures, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from chargen.actions.run_result import FAILED, INTERRUPTED, LEFT_OUT, ImageOutcome, RunResult, run_result
from chargen.build.result import Outcome
from chargen.build.run import Build
from chargen.cli.plan_listing import batched_lines, costs_text
from chargen.cli.problems import problem_lines, untouched_lines
from chargen.cli.spending import spending_lines, spent_text
from chargen.cli.tables import counts, listed, moment, plural
from chargen.errors import Severity
from chargen.model.groups import grouped
from chargen.model.reason import ReasonCode, has
from chargen.model.values import Verdict
from chargen.plan.findings import Finding, by_cause
from chargen.plan.image_request import elsewhere
from chargen.plan.plan import Shown
from chargen.text.money import by_estimate, cost_text, estimate_text

_NOT_MADE = (FAILED, LEFT_OUT, INTERRUPTED)
_PUT = (Outcome.BUILT.value, Outcome.RESTORED.value)
"""Outcomes by which another picture is in place."""
_WARNED = 5
"""Causes of warnings that are shown before a run."""


def opening(build: Build) -> Iterable[str]:
    """Yield the lines a run begins with: what befell the journal, leftovers, counts, and what it costs by provider."""
    yield from _befell(build)
    yield from _leftovers(build)
    yield from _collected(build)
    failed = build.collected.faults  # known to fail before anything is sent for them
    spending = [image for image in build.chosen if image.sends and image.id not in failed]
    if not spending:
        yield from warning_lines(build.warnings)  # of providers, where a budget leaves all of their images out
        return
    yield f"{_to_make(spending)}, {by_estimate(costs_text(spending))}"
    by_route = grouped(spending, lambda image: str(image.route))
    if len(by_route) > 1 or any(image.cost_usd != 0 for image in spending):
        for route, images in sorted(by_route.items()):
            yield f"  {route}: {sum(image.sends for image in images)}, {costs_text(images)}"
    yield from batched_lines(spending)
    for problem in elsewhere(spending, build.session.adapters):
        yield problem.message
    for entry_id, user in build.choice.needed_by.items():
        yield f"  {entry_id} is needed by {user}"
    yield from warning_lines(build.warnings)


def _to_make(images: list[Shown]) -> str:
    """Say how many pictures are made: of images that are to be built, and beside those that are there."""
    numbers = Counter(image.verdict.value for image in images if image.verdict.spends)
    more, several = sum(image.more for image in images), sum(1 for image in images if image.more)
    versions = f"{plural(more, 'more version')} of {plural(several, 'image')}"
    if not numbers:
        return f"{versions} to make"
    return f"{numbers.total():,} to build ({counts(numbers)})" + (f" and {versions}" if more else "")


def _leftovers(build: Build) -> Iterable[str]:
    """Yield which requests of before may have been billed, with nothing to show."""
    in_jobs = [attempt for attempt in build.leftovers if attempt.lost_its_job]
    for attempt in build.leftovers:
        if not attempt.lost_its_job:
            yield (
                f"possibly billed: {attempt.task_id} was being made by {attempt.route} at "
                f"{moment(attempt.sent_at)} when the process ended"
            )
    alike = grouped(in_jobs, lambda attempt: (str(attempt.route), attempt.run_id))
    for (route, _), attempts in alike.items():
        names, first = listed(attempt.task_id for attempt in attempts), attempts[0]
        yield f"possibly billed: {names}: in a job of {route} since {moment(first.sent_at)}; {first.message}"


def _collected(build: Build) -> Iterable[str]:
    """Yield what the jobs of before brought, and which lines of them failed."""
    found = build.collected
    yield from found.told
    if found.replies:
        yield f"collected from jobs: {plural(found.replies, 'picture')}"
    alike = grouped(found.failures, lambda failure: (failure.message, failure.possibly_billed))
    for (message, billed), failures in alike.items():
        names = listed(failure.entry_id for failure in failures)
        yield f"brought nothing{', possibly billed' if billed else ''}: {names}"
        yield f"  {message}"
        if charged := sum((failure.cost_usd or Decimal(0) for failure in failures), Decimal(0)):
            yield f"  charged: {cost_text(charged)}"


def _submitted(build: Build) -> Iterable[str]:
    """Yield the jobs that were made, and those of which nobody knows."""
    there = [done for done in build.submitted if done.is_there]
    for done in there:
        job = done.job
        price = by_estimate(estimate_text(job.estimate_usd))
        yield f"job {job.name}: {plural(len(job.lines), 'image')} by {job.route}, {price}"
        if done.failure is not None:
            yield f"  whether it was made is not known: {done.failure.message}; the next run looks for it"
    if there:
        yield "`chargen jobs wait` collects them, as the next build does"


def warning_lines(found: tuple[Finding, ...]) -> Iterable[str]:
    """Yield the warnings about what is sent: a few, how many there are, and the command that tells all."""
    causes = by_cause(found)
    yield from problem_lines(finding for cause in causes[:_WARNED] for finding in cause.findings)
    if more := sum(len(cause.findings) for cause in causes[_WARNED:]):
        yield f"and {plural(more, 'more warning')}"
    if found:
        yield f"{plural(len(found), 'warning')} about what is sent; `chargen check` tells all there is"


def _befell(build: Build) -> Iterable[str]:
    """Yield what befell the project's files since this was asked last."""
    problems = build.session.state_problems
    while problems:
        yield from str(problems.pop(0)).split("\n")


def closing(build: Build, seconds: float) -> Iterable[str]:
    """Yield the summary: what was done, what failed and why, what was left out, what to know."""
    yield from _befell(build)
    result = run_result(build)
    more = sum(done.variants for done in build.done.values())
    numbers = {**_in_order(result, more), "fresh": result.untouched.get(Verdict.FRESH.value, 0)}
    spent = f", {spent_text(result.spent)}" if result.spent.images or result.spent.total_usd else ""
    yield f"{counts(numbers) or 'nothing to do'}{spent}, {seconds:.1f} s"
    yield from spending_lines(result.spent)
    yield from spending_lines(result.collected, "collected from jobs")
    yield from _submitted(build)
    yield from _failures(result)
    yield from _problems(build, result)
    for item in result.outcomes:
        if item.outcome == Outcome.KEPT.value:  # paid for and not put in place
            yield f"kept as a version: {item.image.id}: {item.error}"
            yield f"  hint: `chargen history {item.image.id}` lists it"
    if unseen := [item.image.id for item in result.outcomes if _is_unseen(item)]:
        which = "picture is" if len(unseen) == 1 else "pictures are"
        yield f"approved or locked as before: {listed(unseen)}; the {which} new: look, then approve or reject"
    for item in result.outcomes:
        if item.outcome == LEFT_OUT:
            yield f"left out: {item.image.id}: {item.error}"
    others = (
        (image.id, image.verdict.value, image.reasons)
        for image in build.choice.untouched
        if image.verdict is not Verdict.FRESH or image.reasons
    )
    yield from untouched_lines(others)
    if ignored := [entry_id for entry_id in build.selected if entry_id in build.ignored]:
        yield f"ignored on this machine: {listed(ignored)}"


def _is_unseen(item: ImageOutcome) -> bool:
    """Say whether an image that its status keeps has got another picture, because it was asked for by name."""
    status, reasons = item.image.status, item.image.reasons
    if status is None or not status.keeps or item.outcome not in _PUT:
        return False
    asked = has(reasons, ReasonCode.REBUILD_ASKED) or has(reasons, ReasonCode.REPLY_NOT_IN_PLACE)
    return asked and not has(reasons, ReasonCode.DRAFT_APPROVED)


def _in_order(result: RunResult, more: int) -> dict[str, int]:
    """Return the counts of outcomes, what was made first; `more` versions were made beside pictures."""
    totals = result.totals
    made = [outcome.value for outcome in Outcome if outcome is not Outcome.NOTHING]
    found = {name: totals[name] for name in (*made, *_NOT_MADE) if name in totals}
    found.pop(Outcome.VARIANT.value, None)  # told by versions, not by images
    return {**found, "more versions": more, "nothing to do": totals.get(Outcome.NOTHING.value, 0)}


def _failures(result: RunResult) -> Iterable[str]:
    """Yield why images failed, each reason once for all images that it concerns; so also why a provider was stopped."""
    for provider, stop in result.stopped.items():
        yield f"stopped: {provider}: {stop.message}"
        if stop.hint:
            yield f"  hint: {stop.hint}"
        if images := [item.image.id for item in result.failed if item.stopped_by == provider]:
            yield f"  failed by this: {listed(images)}"
    others = (item for item in result.failed if not item.stopped_by)
    for message, items in grouped(others, lambda item: without_own_place(item.image, item.error or "")).items():
        yield f"failed: {listed([item.image.id for item in items])}"
        text = message if len(items) > 1 else items[0].error or ""
        yield from (f"  {line}" for line in text.split("\n"))
        if charged := sum((item.cost_usd or Decimal(0) for item in items), Decimal(0)):
            yield f"  charged: {cost_text(charged)}"


def without_own_place(image: Shown, message: str) -> str:
    """Leave out where the image itself stands, so that what many images fail by is said once."""
    return message.removeprefix(f"{image.position!s}: ")


def _problems(build: Build, result: RunResult) -> Iterable[str]:
    """Yield errors of no image and what was odd, each cause once; a few of files that the run was not asked for."""
    of_others = [problem for problem in build.unplanned if problem.severity is Severity.WARNING]
    yield from problem_lines(Finding(problem) for problem in result.problems if problem not in of_others)
    causes = by_cause(map(Finding, of_others))
    yield from problem_lines(finding for cause in causes[:_WARNED] for finding in cause.findings)
    if more := sum(len(cause.findings) for cause in causes[_WARNED:]):
        yield f"and {plural(more, 'more error')} in other files; `chargen check` tells all there is"
