"""Reading the author's files: every imagery file below the roots, recognised by content, with all problems kept.

One bad file stays one bad file: what else can be read is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chargen import kinds
from chargen.app.project import Project
from chargen.core.document import parse
from chargen.core.entries import Character, Imagery
from chargen.edge.files import printable
from chargen.errors import InputError, Position, Problem, error, warning

SUFFIXES = (".yaml", ".yml")
_LOOKS_LIKE_A_PLAN = re.compile(rb"^(?:images|image_inventory|overview|zones|parts)[ \t]*:", re.MULTILINE)


@dataclass(frozen=True)
class Scan:
    """What was read. `broken` are files that may hold plans and can't be read, with the place of the first error."""

    imageries: tuple[Imagery, ...]
    broken: Mapping[str, Position]
    problems: tuple[Problem, ...]

    @cached_property
    def characters(self) -> Mapping[str, Character]:
        """Characters by slug; of two files with one slug the first in path order."""
        found: dict[str, Character] = {}
        for imagery in self.imageries:
            for character in imagery.characters:
                found.setdefault(character.slug, character)
        return found

    @cached_property
    def broken_slugs(self) -> Mapping[str, Position]:
        """Slugs that a broken file may stand for: its folder's name and its own."""
        found: dict[str, Position] = {}
        for file, position in self.broken.items():
            folder, _, name = file.rpartition("/")
            for slug in (folder.rpartition("/")[2], name.partition(".")[0]):
                found.setdefault(slug, position)
        return found


def scan(project: Project) -> Scan:
    """Read every imagery file of the project, files by path."""
    imageries: list[Imagery] = []
    broken: dict[str, Position] = {}
    problems: list[Problem] = []
    for file in imagery_files(project, problems):
        try:
            data = project.path(file).read_bytes()
        except OSError as failure:
            reason = (failure.strerror or type(failure).__name__).lower()
            broken[file] = Position(file)
            problems.append(error(f"can't read this file: {reason}", Position(file)))
            continue
        try:
            imagery = scan_bytes(project, data, file)
        except InputError as failure:
            if _may_be_a_plan(file, data):
                broken[file] = failure.problems[0].position or Position(file)
                problems.extend(failure.problems)
            else:
                problems.append(warning("this file can't be read and seems to be no plan: ignored", Position(file)))
            continue
        if imagery is not None:
            imageries.append(imagery)
            problems.extend(imagery.problems)
    problems.extend(kinds.clashes(tuple(imageries)))
    return Scan(tuple(imageries), broken, tuple(problems))


def scan_bytes(project: Project, data: bytes, file: str) -> Imagery | None:
    """Read one file's bytes; None where it is no imagery file. Raises InputError where it is not readable YAML."""
    return kinds.scan(parse(data, file), project.settings.default_size, project.settings.generated)


def imagery_files(project: Project, problems: list[Problem]) -> Iterator[str]:
    """Yield the YAML files below the roots, project-relative and in path order; add a problem for a missing root."""
    for root in project.settings.imagery:
        folder = project.path(root)
        if not folder.is_dir():
            hint = "make it, or change `imagery` in `[tool.chargen]`"
            problems.append(
                error(f"the imagery folder `{printable(root)}` is missing", Position("pyproject.toml"), hint)
            )
            continue
        yield from sorted(_walk(project.root, folder))


def _walk(root: Path, folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):  # links to folders are not followed: they may lead anywhere
        folders[:] = [name for name in folders if not name.startswith(".")]
        base = Path(place).relative_to(root).as_posix()
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield f"{base}/{name}"


def _may_be_a_plan(file: str, data: bytes) -> bool:
    return "imagery" in file.rpartition("/")[2] or _LOOKS_LIKE_A_PLAN.search(data) is not None
