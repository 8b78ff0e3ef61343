"""What a build is going to do: every entry found, in build order, with its verdict, reasons and price.

Pure values; `chargen.plan.planner` makes them, the commands show them, the build carries them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chargen.errors import Position, Problem, Severity, warning
from chargen.model.reason import Reason
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Verdict, number

if TYPE_CHECKING:  # a plan is shown without what composes and judges
    from chargen.model.entries import Entry
    from chargen.model.inputs import Inputs
    from chargen.plan.compose import Composed
    from chargen.plan.verdict import Judgement


@dataclass(frozen=True, slots=True)
class PlannedReference:
    """One reference of an image: `digest` is None while the picture it will be is not built."""

    path: str
    character: str
    digest: FileHash | None
    entry_id: EntryId | None = None
    appearance: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One image of the plan. `cost_usd` is 0 where nothing is sent and None where the price is unknown."""

    entry: Entry
    target: str
    prompt_file: str
    references: tuple[PlannedReference, ...]
    composed: Composed | None
    inputs: Inputs | None
    """None while they can't be told: no prompt, a bad size, or a reference that is still to be built."""
    fingerprint: Fingerprint | None
    judgement: Judgement
    route: Route | None
    quality: str | None = None
    cost_usd: Decimal | None = Decimal(0)
    repair: bool = False
    """The picture is fine and the YAML lacks its slots."""
    drift: tuple[Reason, ...] = ()
    """Declared provider, model or quality that differs from what made the present image."""
    notes: tuple[str, ...] = ()
    """What the provider's adapter changes in the request."""
    problems: tuple[Problem, ...] = ()
    obstacles: tuple[Reason, ...] = ()
    """What stands in the way of a new picture, besides problems of the entry itself."""

    @property
    def id(self) -> EntryId:
        """The entry's id."""
        return self.entry.id

    @property
    def verdict(self) -> Verdict:
        """What the judge decided."""
        return self.judgement.verdict

    @property
    def can_be_requested(self) -> bool:
        """True where a request can be put together, whatever the verdict is."""
        return self.composed is not None and self.entry.size is not None and self.route is not None

    @property
    def acts(self) -> bool:
        """True where a build does anything at all: a call, a restore, an adoption or a repair of slots."""
        return self.verdict.spends or self.verdict is Verdict.RESTORABLE or self.judgement.adopt or self.repair

    @property
    def needs(self) -> tuple[EntryId, ...]:
        """Ids of the planned portraits it references."""
        return tuple(reference.entry_id for reference in self.references if reference.entry_id)

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `plan --json` (docs/design.md, fixed names)."""
        entry = self.entry
        return {
            "id": entry.id,
            "kind": entry.kind,
            "file": entry.file,
            "line": entry.position.line,
            "target": self.target,
            "prompt_file": self.prompt_file,
            "references": [reference.path for reference in self.references],
            "verdict": self.verdict.value,
            "reasons": [str(reason) for reason in self.judgement.reasons],
            "provider": self.route.provider if self.route else None,
            "model": self.route.model if self.route else None,
            "quality": self.quality,
            "size": str(entry.size) if entry.size else None,
            "cost_usd": number(self.cost_usd),
        }


@dataclass(frozen=True)
class Plan:
    """All images in build order, and every problem of the input."""

    images: tuple[Planned, ...]
    problems: tuple[Problem, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[EntryId, Planned]:
        """The images by id."""
        return {image.id: image for image in self.images}

    @cached_property
    def unplanned(self) -> tuple[Problem, ...]:
        """Errors that belong to no image: a file that can't be read, so that nobody knows what is planned in it."""
        of_images = {problem for image in self.images for problem in image.problems}
        errors = (problem for problem in self.problems if problem.severity is Severity.ERROR)
        return tuple(problem for problem in errors if problem not in of_images)

    @cached_property
    def needs(self) -> Mapping[EntryId, tuple[EntryId, ...]]:
        """For each image the planned portraits it references."""
        return {image.id: image.needs for image in self.images if image.references}


def unknown_file(kind: str, slug: str, position: Position | None) -> Problem:
    """Return the warning of what a file names and no file describes."""
    return warning(f"{kind} `{slug}` has no imagery file", position)


def totals(images: Iterable[Planned]) -> dict[str, int]:
    """Count images by verdict, in the verdicts' order."""
    counted = Counter(image.verdict for image in images)
    return {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}


def total_cost(images: Iterable[Planned]) -> Decimal | None:
    """Add up the prices; None where one of them is unknown."""
    total = Decimal(0)
    for image in images:
        if image.cost_usd is None:
            return None
        total += image.cost_usd
    return total


def plan_json(images: Iterable[Planned], problems: Iterable[Problem]) -> dict[str, Any]:
    """The whole object of `plan --json`."""
    shown = tuple(images)
    return {
        "images": [image.to_json() for image in shown],
        "problems": [problem.to_json() for problem in problems],
        "totals": totals(shown),
        "cost_usd": number(total_cost(shown)),
    }
