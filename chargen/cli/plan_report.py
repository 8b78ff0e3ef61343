"""A plan for people: what would be done in build order with reasons and prices, then totals, then problems.

Law: every image that a run would touch has its own line; the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from chargen.cli.quiet_report import listed, standing_lines
from chargen.cli.tables import cells, coloured, columns, counts, dim, estimate_text, pad, plural, width, wrap
from chargen.model.reason import ReasonCode, flattened
from chargen.model.values import EntryId, Verdict
from chargen.plan.choice import LeftOut
from chargen.plan.plan import Planned, total_cost, totals
from chargen.store.files import printable

_SAYS_NOTHING = {Verdict.MISSING: ReasonCode.NOT_BUILT, Verdict.PROOF: ReasonCode.SKETCH_STANDS_IN}
"""The reasons that all images of a verdict have: the word says it already."""

_REASONS_AT = 6
"""Columns that a reason on a line of its own is indented by."""


def listing(images: Sequence[Planned], needed_by: Mapping[EntryId, EntryId]) -> Iterator[str]:
    """Yield a line for each image, below the name of its file; images stay in build order."""
    priced = any(image.cost_usd != 0 for image in images)
    routed = len({image.route for image in images}) > 1
    rows = columns([_row(image, priced=priced, routed=routed) for image in images], right=frozenset({3}))
    widest = max(map(cells, rows))
    lines = iter(pad(row, widest) for row in rows)
    for file, group in groupby(images, key=lambda image: image.entry.file):
        yield printable(file)
        for image in group:
            yield from _with_reasons(f"  {next(lines)}", reasons(image, needed_by.get(image.id)))


def summary(images: Sequence[Planned], acting: Sequence[Planned]) -> Iterator[str]:
    """Yield the counts of `images` and what sending the `acting` ones among them costs, by route and in total."""
    yield f"{plural(len(images), 'image')}: {counts(totals(images))}" if images else "no images are planned"
    spending = [image for image in acting if image.verdict.spends]
    others = [image for image in acting if not image.verdict.spends and image.verdict is not Verdict.BLOCKED]
    by_route: dict[str, list[Planned]] = {}
    for image in spending:
        by_route.setdefault(printable(str(image.route)), []).append(image)
    if spending:
        to = f" to {next(iter(by_route))}" if len(by_route) == 1 else ""
        yield f"{len(spending):,} to send{to}, {_costs(spending)} by estimate"
    if len(by_route) > 1:
        for route, routed in sorted(by_route.items()):
            yield f"  {route}: {len(routed):,}, {_costs(routed)}"
    if others:
        yield f"{len(others):,} to restore, adopt or write back, without sending anything"
    if not spending and not others:
        yield "nothing to send"


def _costs(images: Sequence[Planned]) -> str:
    """Add up what is known, and count what is not: an unknown price is never 0."""
    known = [image for image in images if image.cost_usd is not None]
    unknown = len(images) - len(known)
    if not known:
        return estimate_text(None)
    return estimate_text(total_cost(known)) + (f" and {unknown:,} at unknown cost" if unknown else "")


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """Yield the names of the images that a number or a budget leaves out, by reason."""
    by_reason: dict[str, list[str]] = {}
    for item in left_out:
        by_reason.setdefault(item.reason, []).append(printable(item.image.id))
    for reason, names in by_reason.items():
        if len(names) == 1:
            yield f"left out: {names[0]}: {reason}"
        else:
            yield f"left out: {reason}"
            yield from (f"  {line}" for line in wrap(", ".join(names), width() - 2))


def standing(images: Iterable[Planned]) -> Iterator[str]:
    """Yield what is worth knowing of images that a run leaves alone: locks that hide something, hand work, drift."""
    quiet = tuple(images)
    yield from standing_lines((image.id, image.verdict.value, image.judgement.reasons) for image in quiet)
    if drifted := [image.id for image in quiet if image.drift]:
        yield f"made otherwise than declared now, and not rebuilt for it: {listed(drifted)}"


def reasons(image: Planned, user: EntryId | None = None) -> list[str]:
    """Say why an image has its verdict, what else a run does for it, and who needs it."""
    told = [reason for reason in image.judgement.reasons if reason.code is not _SAYS_NOTHING.get(image.verdict)]
    found = [printable(str(reason)) for reason in told if reason.code is not ReasonCode.REFERENCE_FIRST]
    if len(found) < len(told):
        found.append(f"after {', '.join(printable(name) for name in _awaited(image))}")
    if image.repair:
        found.append("its YAML lacks what was recorded: written back")
    if image.verdict is not Verdict.PROOF:
        known = flattened(told)
        found.extend(printable(str(drift)) for drift in image.drift if drift not in known)
    if user is not None:
        found.append(f"needed by `{printable(user)}`")
    return found


def _awaited(image: Planned) -> dict[str, None]:
    """Return the short names of the references that are built before an image."""
    waited = (item.entry_id for item in image.references if item.entry_id is not None and item.digest is None)
    return dict.fromkeys(entry_id.rpartition("/")[2] for entry_id in waited)


def _row(image: Planned, *, priced: bool, routed: bool) -> tuple[str, ...]:
    route = printable(str(image.route)) if routed and image.route else ""
    price = estimate_text(image.cost_usd) if priced and image.verdict.spends else ""
    size = str(image.entry.size or "")
    return coloured(image.verdict), printable(image.id), dim(size), price, route


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
