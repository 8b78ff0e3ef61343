"""A plan as lines for people: every image, or every file, with why and at what price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from chargen.cli.problems import FOLDED, LONG, problem_lines, untouched_lines
from chargen.cli.spending import price_text
from chargen.cli.tables import cells, coloured, columns, counts, dim, listed, pad, plural, width, wrap
from chargen.model.amounts import total_of
from chargen.model.groups import grouped
from chargen.model.reason import Reason, ReasonCode, flattened, of_many
from chargen.model.values import EntryId, Verdict
from chargen.plan.plan import Shown, seen_pictures, total_cost, totals
from chargen.text.money import by_estimate, estimate_text

if TYPE_CHECKING:
    from chargen.actions.plan import ShownPlan
    from chargen.plan.choice import LeftOut

_SAYS_NOTHING = {Verdict.MISSING: ReasonCode.NOT_BUILT, Verdict.PROOF: ReasonCode.SKETCH_STANDS_IN}
"""The reasons that all images of a verdict have: the word says it already."""

_REASONS_AT = 6
"""Columns that a reason on a line of its own is indented by."""


def plan_lines(shown: ShownPlan, *, everything: bool) -> Iterator[str]:
    """Yield what `chargen plan` prints."""
    images = shown.images if everything else shown.choice.images
    if images:
        listing = short_listing if len(images) > LONG and not everything else plan_listing
        yield from listing(images, shown.choice.needed_by)
        yield ""
    yield from plan_summary(shown.images, shown.choice.images)
    yield from left_out_lines(shown.choice.left_out)
    if not everything:
        yield from standing(shown.choice.untouched)
    if shown.findings:
        yield ""
        yield from problem_lines(shown.findings, everything=everything)


def plan_listing(images: Sequence[Shown], needed_by: Mapping[EntryId, EntryId]) -> Iterator[str]:
    """Yield a line for each image, below the name of its file; images stay in build order."""
    priced = any(image.cost_usd != 0 for image in images)
    routed = len({image.route for image in images}) > 1
    rows = columns([_row(image, priced=priced, routed=routed) for image in images], right=frozenset({3}))
    widest = max(map(cells, rows))
    lines = iter(pad(row, widest) for row in rows)
    for file, group in groupby(images, key=lambda image: image.file):
        yield file
        for image in group:
            yield from _with_reasons(f"  {next(lines)}", reasons(image, needed_by.get(image.id)))


def short_listing(images: Sequence[Shown], needed_by: Mapping[EntryId, EntryId]) -> Iterator[str]:
    """Yield a line for each file with its counts and price, and each reason once with the images that have it."""
    files = grouped(images, lambda image: image.file)
    folded: dict[str, list[Shown]] = {}
    for image in images:
        for reason in dict.fromkeys(str(of_many(reason)) for reason in _telling(image)):
            folded.setdefault(reason, []).append(image)
        if image.id in needed_by:
            folded.setdefault("needed by an image that was asked for", []).append(image)
    rows = [(file, counts(totals(group)), _price_of(group)) for file, group in files.items()]
    yield from (row.rstrip() for row in columns(rows, right=frozenset({2})))
    many = sorted(folded.items(), key=lambda item: -len(item[1]))
    if many:
        yield ""
    for reason, group in many[:FOLDED]:
        price = _price_of(group)
        yield f"{reason}: {plural(len(group), 'image')}" + (f", {price}" if price else "")
    if len(many) > FOLDED:
        yield f"and {plural(len(many) - FOLDED, 'more reason')}"
    yield "`chargen plan --all` names every image, `chargen plan NAME` those of a file"


def _price_of(images: Sequence[Shown]) -> str:
    """Say what sending those of some images costs that are sent; nothing where that is nothing."""
    spending = [image for image in images if image.sends]
    return costs_text(spending) if any(image.cost_usd != 0 for image in spending) else ""


def plan_summary(images: Sequence[Shown], acting: Sequence[Shown]) -> Iterator[str]:
    """Yield the counts of `images` and what sending the `acting` ones among them costs, by route and in total."""
    yield f"{plural(len(images), 'image')}: {counts(totals(images))}" if images else "no images are planned"
    spending = [image for image in acting if image.sends]
    others = [image for image in acting if not image.sends and image.verdict is not Verdict.BLOCKED]
    by_route = grouped(spending, lambda image: str(image.route))
    yield from (f"{problem.message}; {problem.hint}" for problem in seen_pictures(spending))
    if spending:
        to = f" to {next(iter(by_route))}" if len(by_route) == 1 else ""
        yield f"{sum(image.sends for image in spending):,} to send{to}, {by_estimate(costs_text(spending))}"
        yield from batched_lines(spending)
    if len(by_route) > 1:
        for route, routed in sorted(by_route.items()):
            yield f"  {route}: {sum(image.sends for image in routed):,}, {costs_text(routed)}"
    if others:
        them = "it" if len(others) == 1 else "them"
        yield f"{plural(len(others), 'picture')} moved, restored or recorded for free; nothing is sent for {them}"
    if not spending and not others:
        yield "nothing to send"


def batched_lines(images: Sequence[Shown]) -> Iterator[str]:
    """Yield how many images go into jobs, in how many, at what price, and instead of what; portraits go first."""
    groups: dict[tuple[str, str, bool], list[Shown]] = {}
    for image in images:
        if image.batched is not None and image.route is not None:
            later = any(not reference.is_built for reference in image.references)
            groups.setdefault((image.route.provider, image.batched.group, later), []).append(image)
    if not groups:
        return
    from chargen.providers import load_models  # noqa: PLC0415 - most plans are of no jobs

    facts = {provider: load_models().facts(provider).batch for provider, _, _ in groups}
    jobs = sum(-(-len(those) // (batch.lines if (batch := facts[key[0]]) else 1)) for key, those in groups.items())
    every = [image for those in groups.values() for image in those]
    live = [image.batched.live_usd for image in every if image.batched is not None]
    usd = total_of(live).usd
    instead = "" if usd is None else f" instead of {estimate_text(usd)}"
    yield f"{len(every):,} in {plural(jobs, 'job')}: {costs_text(every)}{instead}, within a day"


def costs_text(images: Sequence[Shown]) -> str:
    """Add up what sending images costs, and write it."""
    return price_text(total_cost(images))


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """Yield the names of the images that a number or a budget leaves out, by reason."""
    for reason, items in grouped(left_out, lambda item: item.reason).items():
        names = [item.image.id for item in items]
        if len(names) == 1:
            yield f"left out: {names[0]}: {reason}"
        else:
            yield f"left out: {reason}"
            yield from (f"  {line}" for line in wrap(", ".join(names), width() - 2))


def standing(images: Iterable[Shown]) -> Iterator[str]:
    """Yield what is worth knowing of images that a run leaves alone: locks that hide something, hand work, drift."""
    untouched = tuple(images)
    yield from untouched_lines((image.id, image.verdict.value, image.reasons) for image in untouched)
    if drifted := [image.id for image in untouched if image.drift]:
        yield f"made by another provider, model or quality than declared now, and kept: {listed(drifted)}"


def reasons(image: Shown, user: EntryId | None = None) -> list[str]:
    """Say why an image has its verdict, what else a run does for it, and who needs it."""
    reasons = _telling(image)
    found = [str(reason) for reason in reasons if reason.code is not ReasonCode.REFERENCE_FIRST]
    if len(found) < len(reasons):
        found.append(f"after {', '.join(_awaited(image))}")
    if image.repair is not None:
        found.append(str(Reason(image.repair)))
    if image.verdict is not Verdict.PROOF:
        known = flattened(reasons)
        found.extend(str(drift) for drift in image.drift if drift not in known)
    if user is not None:
        found.append(f"needed by `{user}`")
    return found


def _telling(image: Shown) -> list[Reason]:
    """Return the reasons that say more than the verdict does."""
    return [reason for reason in image.reasons if reason.code is not _SAYS_NOTHING.get(image.verdict)]


def _awaited(image: Shown) -> dict[str, None]:
    """Return the short names of the references that are built before an image."""
    waited = (item.entry_id for item in image.references if item.entry_id is not None and not item.is_built)
    return dict.fromkeys(entry_id.rpartition("/")[2] for entry_id in waited)


def _row(image: Shown, *, priced: bool, routed: bool) -> tuple[str, ...]:
    route = str(image.route) if routed and image.route else ""
    price = estimate_text(image.cost_usd) if priced and image.sends else ""
    size = str(image.size or "")
    return coloured(image.verdict), image.id, dim(size), price, route


def _with_reasons(line: str, found: list[str]) -> Iterator[str]:
    """Put reasons behind a line where they fit, else below it."""
    text = "; ".join(found)
    if not text:
        yield line.rstrip()
    elif cells(line) + 2 + cells(text) <= width():
        yield f"{line}  {dim(text)}"
    else:
        yield line.rstrip()
        for reason in found:
            for piece in wrap(reason, width() - _REASONS_AT):
                yield " " * _REASONS_AT + dim(piece)
