"""A plan's problems as they are reported: each once, with the images it concerns; and those of one cause together.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from chargen.errors import NAME, Position, Problem, error, note, warning
from chargen.model.values import EntryId
from chargen.plan.plan import Plan, Shown
from chargen.text.names import did_you_mean, other_than_by_number


class Finding(Struct, frozen=True):
    """One problem, reported once. `images` are those it concerns, where it is not written at one image's own place."""

    problem: Problem
    images: tuple[EntryId, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """One element of `problems[]` in `check --json`."""
        return {**self.problem.to_json(), "images": list(self.images)}


class Cause(Struct, frozen=True):
    """Findings that differ only in their places and in the names in backticks, mended in one way; never empty.

    The first stands for all of them.
    """

    findings: tuple[Finding, ...]

    @property
    def problem(self) -> Problem:
        """The first problem."""
        return self.findings[0].problem

    @property
    def more(self) -> tuple[Problem, ...]:
        """The other problems."""
        return tuple(finding.problem for finding in self.findings[1:])

    @property
    def images(self) -> tuple[EntryId, ...]:
        """The images that the first problem concerns, those that share its very words with it among them."""
        same = (finding for finding in self.findings if finding.problem.message == self.problem.message)
        return tuple(dict.fromkeys(image for finding in same for image in finding.images))


def by_cause(found: Iterable[Finding]) -> tuple[Cause, ...]:
    """Put together what has one cause, in the order of the first of each."""
    causes: dict[tuple[object, ...], list[Finding]] = {}
    for finding in found:
        problem = finding.problem
        causes.setdefault((problem.severity, NAME.sub("``", problem.message), problem.hint), []).append(finding)
    return tuple(Cause(tuple(each)) for each in causes.values())


def findings(plan: Plan) -> tuple[Finding, ...]:
    """Gather a plan's problems, each once and with the images it concerns."""
    found: dict[Problem, list[Shown]] = {problem: [] for problem in plan.problems}
    for image in plan.images:
        for problem in image.problems:
            found.setdefault(problem, []).append(image)
    return by_place(Finding(problem, _image_names(problem, images)) for problem, images in found.items())


def _image_names(problem: Problem, images: list[Shown]) -> tuple[EntryId, ...]:
    """Leave the name out of a single image that the place tells already."""
    place = problem.position
    if place is not None and place.line and len(images) == 1 and images[0].file == place.file:
        return ()
    return tuple(dict.fromkeys(image.id for image in images))


def by_place(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by file and line."""
    return tuple(sorted(found, key=lambda finding: (finding.problem.position or Position(""), finding.problem.message)))


# problems that concern files together


def unknown_file(kind: str, slug: str, position: Position | None, known: Iterable[str]) -> Problem:
    """Return the warning of what a file names and no file describes; `known` are the slugs of its kind."""
    message = f"`{slug}` has no {kind} file"
    return warning(message, position, did_you_mean(slug, other_than_by_number(slug, known)))


def former_forms(images: Iterable[Shown]) -> Iterator[Problem]:
    """Yield one note on all pictures that are kept though today's rules and sizes would make others."""
    former = [image for image in images if image.is_former]
    if former:
        counted = "1 picture is kept as it was" if len(former) == 1 else f"{len(former)} pictures are kept as they were"
        differs = "other names of colours or characters, or no size in `generation_defaults`"
        hint = "`chargen why NAME` tells of each; a rebuild follows today's rules and sizes"
        yield note(f"{counted} made ({differs})", former[0].position, hint)


def two_files(slug: str, first: str, other: str) -> Problem:
    """Return the error of a character that two files define: which face is meant, nobody can say."""
    message = f"the character `{slug}` has two files: `{first}` counts, and this one does not"
    return error(message, Position(other), "put `status: archived` at the top of the one that is not meant")
