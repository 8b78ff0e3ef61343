"""Reading the author's files: every imagery file below the roots, recognised by content, with all problems kept.

One bad file stays one bad file: what else can be read is read.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from chargen import kinds
from chargen.app.project import Project
from chargen.app.remembering.index import digest, files_below
from chargen.core.document import parse
from chargen.core.entries import Character, Imagery
from chargen.edge.files import printable
from chargen.edge.inside import read_inside
from chargen.errors import InputError, Position, Problem, error, warning

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


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """One file as it was read: an imagery, or nothing of ours, or broken; `digest` is of the bytes that were read."""

    file: str
    digest: str
    imagery: Imagery | None = None
    broken: Position | None = None
    problems: tuple[Problem, ...] = ()


def scan(project: Project) -> Scan:
    """Read every imagery file of the project, files by path."""
    problems: list[Problem] = []
    files = imagery_files(project, problems)
    with collector_at_rest():
        return together([scan_file(project, file) for file in files], problems)


def scan_file(project: Project, file: str) -> ScannedFile:
    """Read one file below the roots."""
    try:
        data = read_inside(project.root, file)
    except InputError as failure:
        return ScannedFile(file, "", None, Position(file), failure.problems)
    found = digest(data)
    try:
        document = parse(data, file)
    except InputError as failure:
        if _may_be_a_plan(file, data):
            return ScannedFile(file, found, None, failure.problems[0].position or Position(file), failure.problems)
        unread = warning("this file can't be read and seems to be no plan: ignored", Position(file))
        return ScannedFile(file, found, problems=(unread,))
    imagery = kinds.scan(document, project.settings.default_size, project.settings.generated)
    if imagery is None:
        odd = kinds.overlooked(document)
        return ScannedFile(file, found, problems=() if odd is None else (odd,))
    return ScannedFile(file, found, imagery, None, imagery.problems)


def together(files: Iterable[ScannedFile], problems: Iterable[Problem] = ()) -> Scan:
    """Put scanned files, in path order, together; `problems` are those told before theirs."""
    found = tuple(files)
    imageries = tuple(item.imagery for item in found if item.imagery is not None)
    broken = {item.file: item.broken for item in found if item.broken is not None}
    told = (*problems, *(problem for item in found for problem in item.problems), *kinds.clashes(imageries))
    return Scan(imageries, broken, told)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep Python's cycle collector from walking thousands of living nodes again and again: they all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def scan_bytes(project: Project, data: bytes, file: str) -> Imagery | None:
    """Read one file's bytes; None where it is no imagery file. Raises InputError where it is not readable YAML."""
    return kinds.scan(parse(data, file), project.settings.default_size, project.settings.generated)


def imagery_files(project: Project, problems: list[Problem]) -> list[str]:
    """Return the YAML files below the roots, project-relative and in path order; add a problem for a missing root."""
    hint = "make it, or change `imagery` in `[tool.chargen]`"
    here = Position("pyproject.toml")
    problems.extend(
        error(f"the imagery folder `{printable(root)}` is missing", here, hint)
        for root in project.settings.imagery
        if not project.path(root).is_dir()
    )
    return list(files_below(project.root, project.settings.imagery))


def _may_be_a_plan(file: str, data: bytes) -> bool:
    return "imagery" in file.rpartition("/")[2] or _LOOKS_LIKE_A_PLAN.search(data) is not None
