"""A plan put together of the images of many files, kept or planned anew; and one of which everything is kept.

Light to import: a plan of which nothing changed needs neither a parser nor templates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chargen.errors import Position, Problem
from chargen.model.values import EntryId, Verdict
from chargen.plan.gc_pause import collector_at_rest
from chargen.plan.memo.memory import Memory
from chargen.plan.memo.rows import MALFORMED, needs, shown
from chargen.plan.memo.standing import Look
from chargen.plan.order import build_order
from chargen.plan.plan import Plan, Planned, unknown_file


class TogetherError(Exception):
    """Something concerns files together: nothing may be left out."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a file brings into a plan; `uses` are the kinds and slugs of other files it names."""

    kind: str
    slug: str
    images: tuple[Planned, ...]
    problems: tuple[Problem, ...]
    uses: tuple[tuple[str, str, Position | None], ...] = ()


def part_of(memory: Memory, file: str) -> Part:
    """Return what a kept file brings into a plan. Raises one of `MALFORMED`."""
    about = memory.about(file)
    return Part(about.kind, about.slug, tuple(memory.images(file)), about.problems, about.uses)


def put_together(parts: Iterable[Part], problems: Iterable[Problem] = ()) -> Plan:
    """Put the parts of all files, in path order, together in build order; `problems` are told before theirs.

    No two images have one name. Raises TogetherError where portraits reference each other in a circle.
    """
    every = tuple(parts)
    images = {image.id: image for part in every for image in part.images}
    order = build_order(images, {name: image.needs for name, image in images.items() if image.references})
    if order.cycles:
        raise TogetherError
    planned = tuple(images[name] for name in order.ids)
    known = {(part.kind, part.slug) for part in every}
    told = [*problems, *(problem for part in every for problem in part.problems)]
    for image in planned:
        told.extend(image.problems)
    uses = (use for part in every for use in part.uses)
    told.extend(unknown_file(kind, name, place) for kind, name, place in uses if (kind, name) not in known)
    return Plan(planned, tuple(dict.fromkeys(told)))


def shown_plan(look: Look) -> dict[str, Any] | None:
    """Return the object of `plan --json` for a project of which nothing changed; None where something did, or is odd.

    The same as `chargen.plan.plan.plan_json` of `whole_plan`, in a third of the time.
    """
    if not look.index.clean or not look.unchanged:
        return None
    memory = Memory(look.root, look.index)
    try:
        with collector_at_rest():
            return _shown(memory, look)
    except MALFORMED:
        return None


def _shown(memory: Memory, look: Look) -> dict[str, Any]:
    images: dict[EntryId, dict[str, Any]] = {}
    references: dict[EntryId, tuple[EntryId, ...]] = {}
    for file in look.files:
        kind = memory.about(file).kind
        for row in memory.rows(file):
            image = shown(row, file, kind, look.index.generated)
            images[image["id"]] = image
            if image["references"]:
                references[image["id"]] = needs(row)
    order = build_order(images, references).ids if references else images
    counted = Counter(image["verdict"] for image in images.values())
    costs = Counter(image["cost_usd"] for image in images.values())
    known = None if None in costs else sum(Decimal(str(cost)) * count for cost, count in costs.items())
    return {
        "images": [images[name] for name in order],
        "problems": [],
        "totals": {verdict.value: counted[verdict.value] for verdict in Verdict if counted[verdict.value]},
        "cost_usd": None if known is None else float(known),
    }


def whole_plan(look: Look) -> Plan | None:
    """Return the plan of a project of which nothing changed since it was planned last; None where something did."""
    if not look.unchanged:
        return None
    memory = Memory(look.root, look.index)
    try:
        with collector_at_rest():
            return put_together(part_of(memory, file) for file in look.files)
    except (TogetherError, *MALFORMED):
        return None
