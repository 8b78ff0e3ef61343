"""Pictures and prompt files that no entry plans any more, and what else may go to the trash.

Laws: only files the program made places for are looked at (pictures and prompt files below the folder of pictures, the
program's own temporary files); what an entry or a reference still names is in use; what a file in which something is
wrong may plan again is left alone, with the reason; and nothing is an orphan where imagery is missing or closed. Reads
only, but for `throw_away`, which moves to the trash.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import Position, Problem, Severity, StartError, error, printable
from chargen.model.amounts import number
from chargen.model.record import Record
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.book import Book
from chargen.plan.plan import Plan
from chargen.plan.planner import Planner
from chargen.plan.scan import unread_folders
from chargen.plan.session import Session
from chargen.store.files import kind_of
from chargen.store.pictures import own_record
from chargen.store.places import read_inside
from chargen.store.spelling import folding

PICTURE, PROMPT, TEMPORARY = "picture", "prompt", "temporary"

_SLUG = re.compile(rb"^[ \t]*(?:location_)?slug[ \t]*:[ \t]*[\"']?([^\"'\s#]+)", re.MULTILINE)


class Orphan(Struct, frozen=True):
    """A file nobody plans: project-relative path, size in bytes, what it is, and its record where it has one."""

    path: str
    size: int
    kind: str
    record: Record | None = None

    def to_json(self) -> dict[str, Any]:
        """One element of `files[]` in `orphans --json` and `gc --json`."""
        record = self.record
        return {
            "path": self.path,
            "kind": self.kind,
            "bytes": self.size,
            "id": record.entry_id if record else None,
            "at": record.received_at if record else None,
            "by": str(record.route) if record else None,
            "cost_usd": number(record.cost_usd) if record else None,
        }


class LeftAlone(Struct, frozen=True):
    """A file that nothing plans and that is no orphan: its project-relative path, and `why`."""

    path: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """One element of `left[]` in `orphans --json` and `gc --json`."""
        return {"path": self.path, "why": self.why}


class Unplanned(Struct, frozen=True):
    """Files that nothing plans, by path; those of `left` may be planned again once something is mended.

    `moved` are how many went to the trash, None where nobody was asked to.
    """

    files: tuple[Orphan, ...]
    left: tuple[LeftAlone, ...] = ()
    moved: int | None = None

    @property
    def size(self) -> int:
        """Their size in bytes."""
        return sum(orphan.size for orphan in self.files)

    @property
    def by_kind(self) -> Mapping[str, tuple[Orphan, ...]]:
        """The files by what they are; kinds there are none of are left out."""
        kinds = {kind: tuple(each for each in self.files if each.kind == kind) for kind in (PICTURE, PROMPT, TEMPORARY)}
        return {kind: found for kind, found in kinds.items() if found}

    def to_json(self) -> dict[str, Any]:
        """The object of `orphans --json`; with `moved` that of `gc --json`."""
        found = {"files": [orphan.to_json() for orphan in self.files], "bytes": self.size}
        found["left"] = [item.to_json() for item in self.left]
        return found if self.moved is None else {**found, "moved": self.moved}


def orphans(session: Session, planner: Planner) -> Unplanned:
    """Return the pictures and prompt files that no entry plans any more.

    Raises StartError where an imagery folder is missing, or imagery can't be read: then nobody can say what is planned.
    """
    _check_roots(session)
    _check_readable(planner)
    project = session.project
    plan = planner.plan()
    used = {image.target for image in plan.images} | {image.prompt_file for image in plan.images}
    used |= _named_elsewhere(planner, plan)
    # Another spelling of a name is the same file, or was put there by a system that spells names its own way.
    path_key = folding(project.root)
    used = {path_key(path) for path in used}
    wrong = _Wrong.of(session, planner.book)
    found: list[Orphan] = []
    left: list[LeftAlone] = []
    for path in _files(project.root, project.settings.generated):
        kind = PROMPT if path.startswith(f"{project.settings.generated}/prompts/") else PICTURE
        if path_key(path) in used or not path.endswith(".png" if kind == PICTURE else ".txt"):
            continue
        full = project.path(path)
        if not kind_of(full).kind.is_picture:  # a pipe, a device
            continue
        told = own_record(read_plain(full, PICTURE_BYTES)) if kind == PICTURE else None
        record = told[0] if told is not None else None
        name = path.removeprefix(f"{project.settings.generated}/").removeprefix("prompts/")
        picture = f"{project.settings.generated}/{name.removesuffix('.txt').removesuffix('.png')}.png"
        why = wrong.may_plan(name, record, unknown=kind == PICTURE and record is None) or wrong.names(picture)
        if why:
            left.append(LeftAlone(path, why))
        else:
            found.append(Orphan(path, full.lstat().st_size, kind, record))
    return Unplanned(tuple(found), tuple(left))


def temporaries(session: Session) -> tuple[Orphan, ...]:
    """Return the program's own temporary files and folders whose process is gone, by path.

    Those of the originals are left to the next build: one of them may be a whole reply that only needs its name.
    """
    found = []
    for path in session.left_behind():
        if path.parent == session.project.originals:
            continue
        size = sum(item.lstat().st_size for item in (path, *path.rglob("*")) if not item.is_dir())
        found.append(Orphan(path.relative_to(session.project.root).as_posix(), size, TEMPORARY))
    return tuple(sorted(found, key=lambda orphan: orphan.path))


def unneeded(session: Session) -> Unplanned:
    """Return all that may go to the trash: orphans, then temporary files. Raises StartError like `orphans`."""
    found = orphans(session, session.planner())
    return replace(found, files=found.files + temporaries(session))


def throw_away(session: Session, found: tuple[Orphan, ...]) -> int:
    """Move files to the trash and return how many were still there. Raises InputError."""
    return len(session.trash.move(session.project.path(orphan.path) for orphan in found))


class _Wrong(Struct, frozen=True):
    """Imagery files of which something is wrong, and what else tells that they plan more than is read of them."""

    files: Mapping[str, str]
    """What is wrong with each."""
    slugs: Mapping[str, str]
    """For each slug that one of them may stand for, the file."""
    ignored: frozenset[str]
    """Files below the roots that are no imagery files."""
    texts: Mapping[str, bytes]

    @classmethod
    def of(cls, session: Session, book: Book) -> _Wrong:
        texts = {file: read_inside(session.project.root, file) for file in book.heads}
        files: dict[str, str] = {}
        slugs: dict[str, str] = {}
        for file, head in book.heads.items():
            # A warning keeps a whole file from being planned where the file is none of ours for it.
            told = [problem for problem in head.problems if problem.severity is Severity.ERROR or not head.kind]
            if not told and head.broken is None:
                continue
            files[file] = _said(told[0]) if told else f"{file} can't be read"
            folder, _, name = file.rpartition("/")
            own = (match.decode("utf-8", "replace") for match in _SLUG.findall(texts[file]))
            for slug in (folder.rpartition("/")[2], name.partition(".")[0], *own):
                slugs.setdefault(slug, file)
        ignored = frozenset(file for file, head in book.heads.items() if not head.kind)
        return cls(files, slugs, ignored, texts)

    def may_plan(self, path: str, record: Record | None, *, unknown: bool) -> str:
        """Say why one of these files may plan what is at `path` (below its folder); of an `unknown` one any may."""
        if record is not None and record.file in self.files:
            return self.files[record.file]
        if record is not None and record.file in self.ignored:
            return f"{record.file}, for which it was made, is no imagery file now"
        parts = path.split("/")
        if self.files and (unknown or len(parts) < 3):
            return next(iter(self.files.values()))
        return self.files[self.slugs[parts[1]]] if len(parts) > 1 and parts[1] in self.slugs else ""

    def names(self, picture: str) -> str:
        """Say which file has the path of a picture in it, be it in a place from which nothing is planned."""
        written = picture.encode("utf-8", "surrogateescape")
        found = next((file for file, text in self.texts.items() if written in text), "")
        return found and f"{found} names its picture"


def _said(problem: Problem) -> str:
    return f"{problem.position}: {problem.message}"


def _check_roots(session: Session) -> None:
    for root in session.project.settings.imagery:
        if not session.project.path(root).is_dir():
            message = f"the imagery folder `{root}` is missing, so nobody can say what is planned"
            hint = "make it, or change `imagery` in `[tool.chargen]`"
            raise StartError(error(message, Position("pyproject.toml"), hint))


def _check_readable(planner: Planner) -> None:
    message = "this could not be read, so nobody can say what it plans and which pictures are needed"
    hint = "make it readable, or take it out of the imagery folders"
    unread = (*unread_folders(planner.project), *planner.book.unread)
    if unread:
        raise StartError([error(message, Position(printable(path)), hint) for path in unread])


def _named_elsewhere(planner: Planner, plan: Plan) -> set[str]:
    """Return the paths that entries and inventories have pictures at besides targets.

    Also what comes along to an entry: from the name it had, or from where somebody put it by hand.
    """
    found: set[str] = set()
    for image in plan.images:
        if own := planner.evidence.owned(image.id).path:
            found.add(own)
        found.update(reference.path for reference in image.references)
        if image.named:
            found.add(image.named)
    for head in planner.book.heads.values():
        found.update(head.pictures)
        for name, claim in head.left_out.items():  # its id may be spelled another way
            target = planner.project.target(name)
            found.update((target, planner.project.prompt_file(name), claim.named or target))
    return found


def _files(root: Path, folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        base = Path(place).relative_to(root).as_posix()
        yield from (f"{base}/{name}" for name in sorted(names) if not name.startswith("."))
