"""What is in the trash, and which of it is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from chargen.errors import StartError, error
from chargen.store.trash import Trash, Trashed
from chargen.text.names import did_you_mean


class TrashList(Struct, frozen=True):
    """The files in the trash, oldest first."""

    files: tuple[Trashed, ...]

    @property
    def size(self) -> int:
        """Their size in bytes."""
        return sum(item.size for item in self.files)

    def to_json(self) -> dict[str, Any]:
        """The object of `trash list --json`."""
        files = [{"name": item.was, "bytes": item.size, "moved_at": item.moved_at} for item in self.files]
        return {"files": files, "bytes": self.size}

    def named(self, names: Sequence[str]) -> tuple[Trashed, ...]:
        """Return the files that names mean, of several with one name the newest. Raises StartError."""
        wanted: dict[str, Trashed] = {}
        problems = []
        for name in names:
            meant = [item for item in self.files if item.was == name or fnmatchcase(item.was, name)]
            if not meant:
                hint = did_you_mean(name, [item.was for item in self.files])
                problems.append(
                    error(f"`{name}` is not in the trash", hint=hint or "`chargen trash` lists what is there")
                )
            wanted.update((item.was, item) for item in meant)
        if problems:
            raise StartError(problems)
        return tuple(wanted.values())


class RestoredFiles(Struct, frozen=True):
    """Files that are back where they were."""

    files: tuple[Trashed, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of `trash restore --json`."""
        return {"restored": [item.was for item in self.files]}


class Emptied(Struct, frozen=True):
    """How many files were deleted for good, and how many bytes that freed."""

    files: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """The object of `trash empty --json`."""
        return {"files": self.files, "bytes": self.size}


def trash_list(trash: Trash) -> TrashList:
    """List the trash."""
    return TrashList(tuple(trash.list()))


def bring_back(trash: Trash, names: Sequence[str]) -> Iterator[Trashed]:
    """Move the files that names mean back to where they were, and yield each. Raises StartError, InputError."""
    for item in trash_list(trash).named(names):
        trash.restore(item)
        yield item
