"""A book in memory: entries with claims, a tree of files, a history; what ownership asks is answered from these."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, FileHash, Fingerprint
from chargen.plan.owned import FileAtPlace, Ownership, PictureClaim
from chargen.plan.ownership import ownership
from chargen.plan.picture_owners import PictureOwners
from chargen.plan.read_trace import ReadTrace
from chargen.text.names import normal


def digest(text: str) -> FileHash:
    return FileHash(hashlib.sha256(text.encode()).hexdigest())


@dataclass
class Kept:
    """An entry: its id, what its `file_path` names, its record line."""

    id: EntryId
    named: str = ""
    line: RecordLine | None = None

    def picture(self, text: str) -> None:
        assert self.line is not None
        self.line = replace(self.line, file=digest(text), size=len(text))


class Book:
    """Files are texts: their length is the size of a picture."""

    def __init__(self) -> None:
        self.entries: list[Kept] = []
        self.files: dict[str, str] = {}
        self.history: dict[tuple[str, FileHash], str] = {}
        self.originals: set[str] = set()
        self.pointers: set[str] = set()
        self.begun: dict[tuple[str, FileHash], FileHash] = {}
        self.made_files: set[str] = set()
        self.hashed: list[str] = []
        self.ignores_case = False
        self.made: dict[str, EntryId] = {}
        self.places: dict[str, list[str]] = {}
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> Kept:
        return next(entry for entry in self.entries if entry.id == name)

    hash = staticmethod(digest)

    # what an author does

    def add(self, name: str, *, picture: str = "", named: str = "") -> Kept:
        entry = Kept(EntryId(name), named)
        if picture:
            self.record(entry, picture, f"try-{name}")
        self.entries.append(entry)
        return entry

    def record(self, entry: Kept, picture: str, attempt: str) -> None:
        target = f"generated/{entry.id}.png"
        self.files[target] = picture
        entry.named = target
        entry.line = RecordLine(Fingerprint("0" * 64), digest(picture), len(picture), attempt=attempt)
        self.made[attempt] = entry.id
        self.places[attempt] = [target]

    def rename(self, name: str, to: str) -> None:
        self[name].id = EntryId(to)

    def replace_all(self, name: str, to: str) -> None:
        """Rename an entry as an editor's search-and-replace does it, in `file_path` too."""
        entry = self[name]
        entry.id, entry.named = EntryId(to), f"generated/{to}.png"

    def swap(self, one: str, other: str) -> None:
        first, second = self[one], self[other]
        first.id, second.id = second.id, first.id

    def copy(self, name: str, to: str, *, before: str = "") -> None:
        place = self.entries.index(self[before]) if before else len(self.entries)
        self.entries.insert(place, dataclasses.replace(self[name], id=EntryId(to)))

    # what ownership asks

    def ownership(self) -> Ownership:
        claims = [
            PictureClaim(entry.id, f"generated/{entry.id}.png", entry.named, entry.line) for entry in self.entries
        ]
        found = ownership(claims, self)
        by_id = {claim.id: claim for claim in claims}
        recorded = [entry.line.file for entry in self.entries if entry.line]

        def asked() -> PictureOwners:
            return PictureOwners(by_id, by_id.__getitem__, recorded, self, trace=ReadTrace({}), home={})

        assert dict(asked().attempts) == found.attempts
        for name in by_id:  # one by one, each as if nothing else had been asked
            owned, groups = found.owned.get(name), [group for group in found.groups if name in group.entries]
            assert asked().of(name) == owned
            moves = tuple(move for group in found.groups for move in group.moves if move.id == name)
            assert asked().told(name) == (name, owned, moves)
            assert asked().group_of(name) == next(iter(groups), None)
        return found

    def look(self, path: str) -> FileAtPlace | None:
        text = self.files.get(self._spelled(path))
        if text is None:
            return None
        return FileAtPlace(len(text), digest(text) if path in self.pointers else None)

    def file_at(self, path: str) -> FileHash:
        self.hashed.append(path)
        return digest(self.files[self._spelled(path)])

    def is_made(self, path: str) -> bool:
        return self._spelled(path) in self.made_files

    def kept(self, entry_id: EntryId, file: FileHash) -> str:
        return f"history/{entry_id}" if (entry_id, file) in self.history else ""

    def original(self, line: RecordLine) -> str:
        return f"originals/{line.attempt}" if line.attempt in self.originals else ""

    def of_size(self, size: int) -> Iterable[str]:
        found = (path for path, text in self.files.items() if len(text) == size)
        return sorted(path for path in found if path.startswith("generated/"))

    def made_for(self, line: RecordLine) -> EntryId | None:
        return self.made.get(line.attempt or "")

    def put_at(self, line: RecordLine) -> list[str]:
        self.asked.append(line.attempt or "")
        return self.places.get(line.attempt or "", [])

    def under_way(self, named: str, recorded: FileHash) -> FileHash | None:
        return self.begun.get((named, recorded))

    def path_key(self, path: str) -> str:
        return normal(path).casefold() if self.ignores_case else normal(path)

    def may_vacate(self, path: str) -> bool:
        return path.startswith("generated/")

    def _spelled(self, path: str) -> str:
        return next((name for name in self.files if self.path_key(name) == self.path_key(path)), path)
