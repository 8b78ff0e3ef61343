"""What entries claim, and what stands where: a project's side of `chargen.plan.ownership`. Reads only."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from chargen import kinds
from chargen.config.project import Project
from chargen.model.entries import Entry
from chargen.model.record_line import RecordLine, last_attempt
from chargen.model.values import EntryId, FileHash
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.owned import FileAtPlace, PictureClaim
from chargen.plan.store_answers import NotedJournal, NotedOriginals
from chargen.store.files import LFS_LIMIT, FileKind, kind_of
from chargen.store.hash_cache import FileHashes
from chargen.store.history import History
from chargen.store.journal import Journal
from chargen.store.moves import Moves
from chargen.store.original_store import OriginalStore, StoredOriginal
from chargen.store.pictures import own_record
from chargen.store.signatures import Signatures, is_absent
from chargen.store.spelling import folding


def claim_of(entry: Entry, target: str) -> PictureClaim:
    """Return what an entry whose picture belongs at `target` says of it."""
    line = entry.record_line
    named = named_picture(entry)
    counts = line is not None or kinds.named(entry.kind).file_path_counts
    return PictureClaim(entry.id, target, named if counts else "", line)


def named_picture(entry: Entry) -> str:
    """Return the path in the project that an entry's `file_path` names, or nothing."""
    text = entry.outputs.file_path or ""
    path = posixpath.normpath(text.replace("\\", "/")) if text else ""
    inside = path and not path.startswith(("/", "../")) and path not in (".", "..") and "\0" not in path
    return str(path) if inside else ""


def original_of(
    originals: OriginalStore | NotedOriginals, journal: Journal | NotedJournal, line: RecordLine
) -> StoredOriginal | None:
    """Find the original of a line's attempt; one taken as current for other inputs is under its own."""
    if not line.attempt:
        return None
    found = originals.find(line.attempt, line.fingerprint)
    if found is not None or (attempt := journal.attempt(line.attempt)) is None:
        return found
    return originals.find(line.attempt, attempt.fingerprint)


def last_original(originals: OriginalStore, journal: Journal, line: RecordLine) -> StoredOriginal | None:
    """Find the original of the last attempt a line tells of, also where the picture is the author's own since."""
    attempt = last_attempt(line)
    if attempt is None or line.attempt is not None:
        return original_of(originals, journal, line)
    if (known := journal.attempt(attempt)) is not None:
        return originals.find(attempt, known.fingerprint)
    return originals.of_attempt(attempt)


class Archive(Struct, frozen=True):
    """Where what was paid for is kept."""

    history: History
    originals: OriginalStore
    journal: Journal


class DiskSources:
    """The pictures of a project as they are on the disk; a file is looked at once."""

    def __init__(
        self, project: Project, hashes: FileHashes, archive: Archive, moves: Moves, looked: Signatures
    ) -> None:
        self._signatures = looked
        self._project = project
        self._hashes = hashes
        self._history, self._originals, self._journal = archive.history, archive.originals, archive.journal
        self._begun = {(move.named, move.recorded): move.file for move in moves.begun()}
        self._small: dict[str, FileAtPlace | None] = {}
        self._pictures = f"{project.settings.generated}/"

    def look(self, path: str) -> FileAtPlace | None:
        """Say what picture, or pointer to one, stands at a path."""
        signature = self._signatures.of(path)
        if is_absent(signature):
            return None
        size = int(signature.partition(" ")[0])
        if size > LFS_LIMIT:  # no pointer: nothing else has to be looked at
            return FileAtPlace(size)
        if path not in self._small:
            state = kind_of(self._project.path(path))
            found = state.kind in (FileKind.FILE, FileKind.LFS_POINTER)
            self._small[path] = FileAtPlace(state.size, state.oid) if found else None
        return self._small[path]

    def file_at(self, path: str) -> FileHash:
        """Return the hash of a file; of one that can't be read none that any record describes."""
        try:
            return self._hashes.hash_of(self._project.path(path))
        except OSError:
            return FileHash("")

    def is_made(self, path: str) -> bool:
        """Say whether a file is a picture of the program's, unchanged; one that can't be read is none."""
        try:
            told = own_record(read_plain(self._project.path(path), PICTURE_BYTES))
        except OSError:
            return False
        return told is not None and told[1]

    def kept(self, entry_id: EntryId, file: FileHash) -> str:
        """Return where the history keeps a file: among the entry's own versions first, then among all."""
        path = self._history.place(entry_id, file)
        if not path.is_file():
            found = self._kept.get(file)
            if found is None:
                return ""
            path = found
        return path.relative_to(self._project.root).as_posix()

    @cached_property
    def _kept(self) -> Mapping[FileHash, Path]:
        return self._history.everywhere()

    def original(self, line: RecordLine) -> str:
        """Return where the delivered bytes of a line's attempt are."""
        stored = original_of(self._originals, self._journal, line)
        return "" if stored is None else self._originals.shown(stored)

    def of_size(self, size: int) -> Sequence[str]:
        """Return the pictures of a size below the folder of pictures; all are looked at once."""
        return self._by_size.get(size, ())

    @cached_property
    def _by_size(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        for path in pictures_below(self._project):
            if (stands := self.look(path)) is not None:
                found[stands.size].append(path)
        return found

    def made_for(self, line: RecordLine) -> EntryId | None:
        """Return the id that a line's attempt was made for, as the journal or the original tells it."""
        if not line.attempt:
            return None
        if (attempt := self._journal.attempt(line.attempt)) is not None:
            return attempt.task_id
        stored = self._originals.find(line.attempt, line.fingerprint)
        return stored.record.entry_id if stored is not None else None

    def put_at(self, line: RecordLine) -> Sequence[str]:
        """Return where the picture of a line's attempt, or of the last one before the author's own, was put."""
        stored = last_original(self._originals, self._journal, line)
        places = [] if stored is None else [file.file_path for file in reversed(stored.published)]
        attempt = last_attempt(line)
        known = None if attempt is None else self._journal.attempt(attempt)
        made_for = known.task_id if known is not None else None if stored is None else stored.record.entry_id
        return places if made_for is None else [*places, self._project.target(made_for)]

    def under_way(self, named: str, recorded: FileHash) -> FileHash | None:
        """Return what a move that was begun brings to the entry that names and records these."""
        return self._begun.get((named, recorded)) if self._begun else None

    def path_key(self, path: str) -> str:
        """Return what two spellings of one place have in common on the project's volume."""
        return self._fold(path)

    @cached_property
    def _fold(self) -> Callable[[str], str]:
        return folding(self._project.root)

    def may_vacate(self, path: str) -> bool:
        """Say whether a place is below the folder of pictures."""
        return path.startswith(self._pictures)


def pictures_below(project: Project) -> Iterable[str]:
    """Yield the PNG files below the folder of pictures, project-relative, by path."""
    top = os.fspath(project.path(project.settings.generated))
    for folder, names, files in os.walk(top):
        names.sort()
        below = os.path.relpath(folder, project.root).replace(os.sep, "/")
        yield from (f"{below}/{name}" for name in sorted(files) if name.endswith(".png"))
