"""Taking pictures the author has already for their entries, so that nothing is bought for them; and taking that back.

Laws: a picture is never touched, moved or renamed; of an entry only the slots that name its picture change; a picture
is taken for one entry at most; every file is kept as it was, so that `undo` brings back its very bytes while nobody
has changed it since. Nothing is recorded of how a picture was made, because nobody here knows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chargen.build.write_back import Edit, WriteBack
from chargen.config.layout import ADOPTED
from chargen.errors import ChargenError, ExitCode, InputError, Position, Problem, StartError, error
from chargen.images.sniff import PNG, sniff
from chargen.kinds.record_edits import adopted_edit
from chargen.model.entries import Entry
from chargen.model.slots import SlotEdit
from chargen.model.values import EntryId, Verdict
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.own_pictures import OwnPicture
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.clock import compact_stamp
from chargen.store.exchange import replace_unchanged
from chargen.store.files import FileKind, kind_of, make_folder, write_durably, write_new_durably
from chargen.store.inside import read_inside
from chargen.store.locks import file_lock
from chargen.store.pictures import unsendable

_WITHOUT = frozenset({Verdict.MISSING, Verdict.BLOCKED, Verdict.LOCKED, Verdict.NO_PROMPT})
"""Verdicts of images that may have no picture."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A picture that was found for an image. `refused` says why it was not taken, else it is empty.

    `path` is the picture that counts for the image from now on: where it lies, or a copy at the target.
    """

    image: Planned
    found: OwnPicture
    path: str
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `adopt --json`: what tells whose it is, and where that is written."""
        place = self.found.place
        return {
            "id": self.image.id,
            "picture": self.found.path,
            "path": self.path,
            "told_by": self.found.told_by,
            "place": str(place) if place else None,
            "refused": self.refused or None,
        }


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was found. `ambiguous` are pictures whose name means several images; `problems` are of run logs."""

    images: tuple[Adopted, ...]
    ambiguous: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    dry_run: bool = False

    @property
    def taken(self) -> tuple[Adopted, ...]:
        """The pictures that were taken, or would be."""
        return tuple(item for item in self.images if not item.refused)

    @property
    def exit_code(self) -> ExitCode:
        """Failed where something that was found could not be taken."""
        return ExitCode.DONE if len(self.taken) == len(self.images) else ExitCode.FAILED

    def to_json(self) -> dict[str, Any]:
        """The object of `adopt --json`."""
        return {
            "images": [item.to_json() for item in self.images],
            "ambiguous": list(self.ambiguous),
            "problems": [problem.to_json() for problem in self.problems],
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True, slots=True)
class Undone:
    """Files that were brought back as they were, copies that went to the trash, and what was changed since."""

    files: tuple[str, ...]
    copies: tuple[str, ...]
    refused: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of `adopt --undo --json`."""
        return {
            "files": list(self.files),
            "copies": list(self.copies),
            "refused": [problem.to_json() for problem in self.refused],
        }


def look(session: Session, planner: Planner, images: Iterable[Planned], *, copy: bool = False) -> Adoption:
    """Find the pictures of images that have none; nothing is written. `copy` is as for `adopt`."""
    pictures, entries = planner.disk.own_pictures, planner.book.entries
    found: list[Adopted] = []
    taken: dict[str, EntryId] = {}
    files: dict[str, None] = {}
    for image in images:
        files[image.file] = None
        if not _is_without(session, planner, image):
            continue
        own = pictures.of(image.entry, entries(image.file).values())
        if own is None:
            continue
        refused = _refusal(session, own, taken.get(own.path))
        taken.setdefault(own.path, image.id)
        copied = copy and not refused and _is_png(session, own.path)
        found.append(Adopted(image, own, image.target if copied else own.path, refused))
    ambiguous = (path for file in files for path in pictures.ambiguous(file))
    folders = dict.fromkeys(file.rpartition("/")[0] for file in files)
    problems = (problem for folder in folders for problem in pictures.problems(folder))
    return Adoption(tuple(found), tuple(dict.fromkeys(ambiguous)), tuple(problems), dry_run=True)


def adopt(session: Session, planner: Planner, images: Iterable[Planned], *, copy: bool = False) -> Adoption:
    """Take the pictures of images that have none, where they lie; with `copy`, PNG files as copies at their targets."""
    seen = look(session, planner, images, copy=copy)
    undo_file = session.project.path(ADOPTED) / f"{compact_stamp(session.clock.now())}.json"
    by_file: dict[str, list[Adopted]] = {}
    for item in seen.taken:
        by_file.setdefault(item.image.file, []).append(item)
    kept = _Kept(session, undo_file, tuple(by_file))
    refused: dict[EntryId, str] = {}
    write_back = WriteBack(session.project)
    for file, items in by_file.items():
        edits: list[tuple[EntryId, Edit]] = []
        for item in items:
            try:
                if item.path == item.image.target:
                    kept.copied(item.path, _put(session, item))
            except (ChargenError, OSError) as failure:
                refused[item.image.id] = str(failure)
                continue
            edits.append((item.image.id, _edit(item.path)))
        refused |= {name: str(failure) for name, failure in write_back.write_all(file, edits).items()}
        kept.written(file)
    done = (replace(item, refused=item.refused or refused.get(item.image.id, "")) for item in seen.images)
    return replace(seen, images=tuple(done), dry_run=False)


def undo(session: Session) -> Undone:
    """Take the last adoption back. Raises StartError where there is none."""
    folder = session.project.path(ADOPTED)
    last = max(folder.glob("*.json"), default=None)
    if last is None:
        raise StartError("nothing was adopted here that could be taken back")
    told = json.loads(read_plain(last))
    files: list[str] = []
    refused: list[Problem] = []
    for file, item in told["files"].items():
        try:
            if _bring_back(session, file, item):
                files.append(file)
        except InputError as failure:
            refused += failure.problems
    copies = [path for path, digest in told["copies"].items() if _is_same(session, path, digest)]
    session.trash.move(session.project.path(path) for path in copies)
    if not refused:
        last.unlink()
    return Undone(tuple(files), tuple(copies), tuple(refused))


class _Kept:
    """What is kept to take an adoption back: the files as they were, and what they are like afterwards."""

    def __init__(self, session: Session, path: Path, files: Sequence[str]) -> None:
        self._session = session
        self._path = path
        self._files = {
            file: {"before": _packed(read_inside(session.project.root, file)), "after": ""} for file in files
        }
        self._copies: dict[str, str] = {}
        if files:
            make_folder(path.parent)
            self._save()

    def copied(self, path: str, data: bytes) -> None:
        """Note a picture that was put at its target."""
        self._copies[path] = hashlib.sha256(data).hexdigest()
        self._save()

    def written(self, file: str) -> None:
        """Note that a file has its slots."""
        self._files[file]["after"] = hashlib.sha256(read_inside(self._session.project.root, file)).hexdigest()
        self._save()

    def _save(self) -> None:
        told = {"files": self._files, "copies": self._copies}
        write_durably(self._path, json.dumps(told).encode(), root=self._session.project.root)


def _is_without(session: Session, planner: Planner, image: Planned) -> bool:
    if image.verdict not in _WITHOUT or planner.evidence.elsewhere(image.entry):
        return False
    return kind_of(session.project.path(image.target)).kind is FileKind.ABSENT


def _refusal(session: Session, own: OwnPicture, other: EntryId | None) -> str:
    if other is not None:
        return f"`{own.path}` is taken for `{other}`"
    trouble = unsendable(session.project.root, own.path)
    return "" if trouble is None or trouble.is_pointer else str(trouble)


def _is_png(session: Session, path: str) -> bool:
    return sniff(read_inside(session.project.root, path)) == PNG


def _put(session: Session, item: Adopted) -> bytes:
    """Put a copy of a picture at its target, where nothing stands."""
    data = read_inside(session.project.root, item.found.path)
    target = session.project.path(item.path)
    make_folder(target.parent)
    write_new_durably(target, data)
    return data


def _edit(path: str) -> Edit:
    def edit(entry: Entry) -> SlotEdit:
        return adopted_edit(entry, path)

    return edit


def _bring_back(session: Session, file: str, item: dict[str, str]) -> bool:
    """Put a file's former bytes back; say whether it had changed. Raises InputError where somebody else changed it."""
    root, before = session.project.root, _unpacked(item["before"])
    with file_lock(root, file):
        now = read_inside(root, file)
        if now == before:
            return False
        same = hashlib.sha256(now).hexdigest() == item["after"]
        if not (same and replace_unchanged(session.project.path(file), now, before, root=root)):
            message = "this file was changed since pictures were adopted: it stays as it is"
            hint = "take the lines `file_name` and `file_path` out yourself, or go back in version control"
            raise InputError(error(message, Position(file), hint))
    return True


def _is_same(session: Session, path: str, digest: str) -> bool:
    full = session.project.path(path)
    return full.is_file() and hashlib.sha256(read_plain(full, PICTURE_BYTES)).hexdigest() == digest


def _packed(data: bytes) -> str:
    return base64.b85encode(zlib.compress(data)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))
