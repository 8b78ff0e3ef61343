"""A plan's problems as they are told: each once, with the images it concerns.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chargen.errors import Position, Problem
from chargen.model.values import EntryId
from chargen.plan.plan import Plan, Shown


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, told once. `images` are those it concerns, where it is not written at one image's own place."""

    problem: Problem
    images: tuple[EntryId, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """One element of `problems[]` in `check --json`."""
        return {**self.problem.to_json(), "images": list(self.images)}


def findings(plan: Plan) -> tuple[Finding, ...]:
    """Gather a plan's problems, each once and with the images it concerns."""
    found: dict[Problem, list[Shown]] = {problem: [] for problem in plan.problems}
    for image in plan.images:
        for problem in image.problems:
            found.setdefault(problem, []).append(image)
    return by_place(Finding(problem, _told(problem, images)) for problem, images in found.items())


def _told(problem: Problem, images: list[Shown]) -> tuple[EntryId, ...]:
    """Leave the name out of a single image that the place tells already."""
    place = problem.position
    if place is not None and place.line and len(images) == 1 and images[0].file == place.file:
        return ()
    return tuple(dict.fromkeys(image.id for image in images))


def by_place(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by file and line."""
    return tuple(sorted(found, key=lambda finding: (finding.problem.position or Position(""), finding.problem.message)))
