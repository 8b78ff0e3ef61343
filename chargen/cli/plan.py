"""`chargen plan`: what a build would do, why, in what order and at what price. Writes nothing.

Law: every image that a run would touch has its own line, or, of many, is counted in that of its file; the rest is
counted.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from itertools import groupby
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chargen.cli.options import Asked, build_request, json_option, selection_options
from chargen.cli.output import say, say_json
from chargen.cli.problems import problem_lines, untouched_lines
from chargen.cli.tables import cells, coloured, columns, counts, dim, listed, pad, plural, width, wrap
from chargen.model.reason import Reason, ReasonCode, flattened
from chargen.model.values import EntryId, Verdict
from chargen.plan.plan import Shown, seen_pictures, total_cost, totals
from chargen.text.money import estimate_text

if TYPE_CHECKING:
    from chargen.actions.plan import ShownPlan
    from chargen.plan.build_request import BuildRequest, Chosen
    from chargen.plan.cache.snapshot import Snapshot
    from chargen.plan.cache.stamp import Summary
    from chargen.plan.choice import LeftOut
    from chargen.plan.session import Session

_SAYS_NOTHING = {Verdict.MISSING: ReasonCode.NOT_BUILT, Verdict.PROOF: ReasonCode.SKETCH_STANDS_IN}
"""The reasons that all images of a verdict have: the word says it already."""

LONG = 50
"""Images of a plan that has a line for each; of more, each file has one."""

_FOLDED = 12
"""Reasons of a short plan that are told."""

_REASONS_AT = 6
"""Columns that a reason on a line of its own is indented by."""


@click.command("plan")
@selection_options
@click.option("--all", "everything", is_flag=True, help="Name every image, also those that need nothing.")
@json_option
def command(*, everything: bool, as_json: bool, **asked: Any) -> None:
    """Show what a build would do, why, in what order and at what price.

    SELECTION is a path, an id or a glob on the id; without one all images are meant. References that have to be built
    too are listed with the image that needs them.
    """
    from chargen.plan.cache.snapshot import take_snapshot  # noqa: PLC0415 - `--help` needs none of it

    wanted = Asked(**asked)
    snapshot = None if wanted.tier else take_snapshot(Path.cwd(), os.environ)
    plain = not everything and not as_json and wanted == Asked()
    if plain and snapshot is not None and snapshot.stamp.clean and (summary := snapshot.summary()) is not None:
        say(_quiet_plan(summary))
        return
    from chargen.actions.plan import shown_plan  # noqa: PLC0415 - seldom needed where nothing changed

    chosen, request, session = _chosen(wanted, snapshot)
    with session or nullcontext():
        shown = shown_plan(chosen, session, whole=not request.selection and not request.rebuild)
    if as_json:
        _say_json(shown.to_json())
    else:
        say(_lines(shown, everything=everything))


def _chosen(asked: Asked, snapshot: Snapshot | None) -> tuple[Chosen, BuildRequest, Session | None]:
    """Plan and choose; where nothing changed since the last plan, and nothing is sent, without opening the project."""
    from chargen.plan.build_request import kept_choice, prepare  # noqa: PLC0415 - as above

    here = Path.cwd()
    found = None
    if snapshot is not None:
        request = build_request(asked, here)
        found = kept_choice(snapshot, request)
        if found is not None and not any(image.verdict.spends for image in found.choice.images):
            return found, request, None
    from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and seldom needed

    session = open_session(here, os.environ, read_only=True, tier=asked.tier)
    try:
        if found is not None:
            return found, request, session
        request = build_request(asked, session.project.root)
        return prepare(session, request, snapshot), request, session
    except BaseException:
        session.close()
        raise


def _quiet_plan(summary: Summary) -> Iterator[str]:
    """Yield the text of a plan in which nothing is to be done, and of which there is nothing else to tell."""
    found = Counter(verdict for _, verdict, _ in summary.others)
    found[Verdict.FRESH.value] = summary.fresh
    numbers = counts({verdict.value: found[verdict.value] for verdict in Verdict})
    yield f"{plural(found.total(), 'image')}: {numbers}" if numbers else "no images are planned"
    yield "nothing to send"
    yield from untouched_lines(summary.others)


def _lines(shown: ShownPlan, *, everything: bool) -> Iterator[str]:
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
    files: dict[str, list[Shown]] = {}
    folded: dict[str, list[Shown]] = {}
    for image in images:
        files.setdefault(image.file, []).append(image)
        for reason in dict.fromkeys(map(_folded, _telling(image))):
            folded.setdefault(reason, []).append(image)
        if image.id in needed_by:
            folded.setdefault("needed by an image that was asked for", []).append(image)
    rows = [(file, counts(totals(group)), _price_of(group)) for file, group in files.items()]
    yield from (row.rstrip() for row in columns(rows, right=frozenset({2})))
    many = sorted(folded.items(), key=lambda item: -len(item[1]))
    if many:
        yield ""
    for reason, group in many[:_FOLDED]:
        price = _price_of(group)
        yield f"{reason}: {plural(len(group), 'image')}" + (f", {price}" if price else "")
    if len(many) > _FOLDED:
        yield f"and {plural(len(many) - _FOLDED, 'more reason')}"
    yield "`chargen plan --all` names every image, `chargen plan NAME` those of a file"


def _folded(reason: Reason) -> str:
    """Say a reason for many images: what changed, without the place."""
    if reason.code is ReasonCode.INPUT_CHANGED:
        part, change, _ = reason.values
        return str(Reason(reason.code, ("reference" if part.startswith("reference.") else part, change, "")))
    if reason.code in (ReasonCode.REFERENCE_FIRST, ReasonCode.REFERENCE_REBUILT):
        return "after a reference that is built first"
    return str(reason)


def _price_of(images: Sequence[Shown]) -> str:
    """Say what sending those of some images costs that are sent; nothing where that is nothing."""
    spending = [image for image in images if image.verdict.spends]
    return _costs(spending) if any(image.cost_usd != 0 for image in spending) else ""


def plan_summary(images: Sequence[Shown], acting: Sequence[Shown]) -> Iterator[str]:
    """Yield the counts of `images` and what sending the `acting` ones among them costs, by route and in total."""
    yield f"{plural(len(images), 'image')}: {counts(totals(images))}" if images else "no images are planned"
    spending = [image for image in acting if image.verdict.spends]
    others = [image for image in acting if not image.verdict.spends and image.verdict is not Verdict.BLOCKED]
    by_route: dict[str, list[Shown]] = {}
    for image in spending:
        by_route.setdefault(str(image.route), []).append(image)
    yield from (f"{problem.message}; {problem.hint}" for problem in seen_pictures(spending))
    if spending:
        to = f" to {next(iter(by_route))}" if len(by_route) == 1 else ""
        yield f"{len(spending):,} to send{to}, {_costs(spending)} by estimate"
    if len(by_route) > 1:
        for route, routed in sorted(by_route.items()):
            yield f"  {route}: {len(routed):,}, {_costs(routed)}"
    if others:
        yield f"{plural(len(others), 'picture')} moved, restored or recorded for free; nothing is sent for them"
    if not spending and not others:
        yield "nothing to send"


def _costs(images: Sequence[Shown]) -> str:
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
        by_reason.setdefault(item.reason, []).append(item.image.id)
    for reason, names in by_reason.items():
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
        yield f"made otherwise than declared now, and not rebuilt for it: {listed(drifted)}"


def reasons(image: Shown, user: EntryId | None = None) -> list[str]:
    """Say why an image has its verdict, what else a run does for it, and who needs it."""
    reasons = _telling(image)
    found = [str(reason) for reason in reasons if reason.code is not ReasonCode.REFERENCE_FIRST]
    if len(found) < len(reasons):
        found.append(f"after {', '.join(_awaited(image))}")
    if image.repair:
        found.append("its YAML lacks what was recorded: written back")
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
    waited = (item.entry_id for item in image.references if item.entry_id is not None and item.digest is None)
    return dict.fromkeys(entry_id.rpartition("/")[2] for entry_id in waited)


def _row(image: Shown, *, priced: bool, routed: bool) -> tuple[str, ...]:
    route = str(image.route) if routed and image.route else ""
    price = estimate_text(image.cost_usd) if priced and image.verdict.spends else ""
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


def _say_json(value: Mapping[str, Any]) -> None:
    say_json(value, plan_text(value))


def plan_text(value: Mapping[str, Any]) -> str:
    """Write the object of `plan --json` in a fraction of the time that the standard library takes for indented text.

    Byte for byte what `json.dumps(value, indent=1, ensure_ascii=False)` writes: its fast encoder does not indent, so
    the fields of an image, which are the same for all, are put into a template.
    """
    rest = json.dumps({**value, "images": []}, indent=1, ensure_ascii=False)
    if not value["images"]:
        return rest
    images = ",\n  ".join(map(_image, value["images"]))
    return rest.replace('"images": []', f'"images": [\n  {images}\n ]', 1)


def _image(image: Mapping[str, Any]) -> str:
    return _template(tuple(image)) % tuple([_WRITERS.get(type(value), _other)(value) for value in image.values()])


@lru_cache(maxsize=4)
def _template(names: tuple[str, ...]) -> str:
    fields = ",\n".join(f"   {encode_basestring(name)}: %s" for name in names)
    return f"{{\n{fields}\n  }}"


def _list(items: list[str]) -> str:
    return "[\n    {}\n   ]".format(",\n    ".join(map(encode_basestring, items))) if items else "[]"


def _other(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    float: float.__repr__,
    list: _list,
    type(None): lambda _: "null",
}
"""How values are written of the types that nearly all fields have."""
