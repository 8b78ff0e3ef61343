"""Who owns which picture, as values: what entries claim, where pictures are asked for, whose is which, and what moves.

`chargen.plan.ownership` decides it, `chargen.plan.picture_owners` is asked. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol

from msgspec import Struct, field

from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, FileHash


class PictureClaim(Struct, frozen=True):
    """What an entry says of its picture: `named` is what its `file_path` names in the project, empty where nothing."""

    id: EntryId
    target: str
    named: str = ""
    line: RecordLine | None = None


class FileAtPlace(Struct, frozen=True):
    """A file at a place: the size in bytes of the picture, and its hash where that costs nothing (a pointer)."""

    size: int
    file: FileHash | None = None


class PictureSources(Protocol):
    """Where pictures are. Paths are project-relative; an empty path means that there is none."""

    def look(self, path: str) -> FileAtPlace | None:
        """Say what stands at a path."""
        ...

    def file_at(self, path: str) -> FileHash:
        """Return the hash of the file that stands at a path (a pointer's oid)."""
        ...

    def is_made(self, path: str) -> bool:
        """Say whether a file is a picture that the program made, as it itself tells, and no byte was changed since."""
        ...

    def kept(self, entry_id: EntryId, file: FileHash) -> str:
        """Return where the history keeps a file."""
        ...

    def original(self, line: RecordLine) -> str:
        """Return where the delivered bytes are that a line's file was made from."""
        ...

    def of_size(self, size: int) -> Iterable[str]:
        """Return the pictures of a size below the folder of pictures, wherever they lie."""
        ...

    def made_for(self, line: RecordLine) -> EntryId | None:
        """Return the id that a line's attempt was made for."""
        ...

    def put_at(self, line: RecordLine) -> Sequence[str]:
        """Return where a line's picture was put, the last place first, as the original or the journal tells it."""
        ...

    def under_way(self, named: str, recorded: FileHash) -> FileHash | None:
        """Return the file that a move, begun and not finished, brings to the entry that names and records these."""
        ...

    def path_key(self, path: str) -> str:
        """Return what two spellings of one place have in common on this volume (`normal`, or without case too)."""
        ...

    def may_vacate(self, path: str) -> bool:
        """Say whether a place is the program's own, so that a picture that moves away leaves it."""
        ...


class PicturePlace(str, Enum):
    """Where an entry's picture is."""

    TARGET = "target"
    """At its target."""
    ELSEWHERE = "elsewhere"
    """At another place, from where it moves to the target."""
    NAMED = "named"
    """Where its `file_path` says, a picture that the program neither made nor keeps: it stays there."""
    HISTORY = "history"
    ORIGINAL = "original"
    NOWHERE = "nowhere"


class Owned(Struct, frozen=True):
    """An entry's picture. `path` is where its bytes are; `file` their hash, where it is known."""

    place: PicturePlace = PicturePlace.NOWHERE
    path: str = ""
    file: FileHash | None = None
    copied: EntryId | None = None
    """The entry whose record this one repeats: the record counts for nothing here."""


class Move(Struct, frozen=True):
    """A picture on its way to its entry's target. `leaves` is the place to be empty afterwards, if any.

    `source` is the target itself where the file has arrived and the entry does not say so yet.
    """

    id: EntryId
    source: str
    target: str
    file: FileHash
    leaves: str = ""


class Group(Struct, frozen=True):
    """Moves that touch each other's places, and the entries whose targets they touch: done together or not at all."""

    moves: tuple[Move, ...]
    entries: tuple[EntryId, ...]


class Ownership(Struct, frozen=True):
    """Who owns what. An entry that is not in `owned` has its picture at its target, or none."""

    owned: Mapping[EntryId, Owned] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    attempts: Mapping[str, EntryId] = field(default_factory=dict)
    """The attempts that made the pictures of living entries, and whose they are."""
