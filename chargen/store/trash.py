"""The trash: where files go that nothing plans any more, until a person empties it.

Laws: what is moved here keeps its path below a folder named by the time; nothing is removed but by `empty`; what comes
back lands inside the project, never over anything, and never in git's own folder, because what lies here may be a
stranger's. Must not know why something was thrown away.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from chargen.config.layout import TRASH
from chargen.errors import InputError, Position, error, printable
from chargen.store.clock import Clock, SystemClock, compact_stamp
from chargen.store.files import as_input_error, make_folder, sync_file, sync_folder


class Trashed(Struct, frozen=True):
    """One file in the trash: where it lies, the project-relative path it had, its size in bytes, and when it came."""

    path: Path
    was: str
    size: int
    moved_at: str


class Trash:
    """The trash of the project at `root`, in `.chargen/trash`."""

    def __init__(self, root: Path, clock: Clock | None = None) -> None:
        self._root = root
        self._clock = clock or SystemClock()
        self.folder = root / TRASH

    def move(self, paths: Iterable[Path]) -> tuple[Path, ...]:
        """Move files or folders of the project into the trash and return where they are; what is gone is left out.

        Raises InputError where one can't be moved; it then stays where it was.
        """
        batch = self.folder / compact_stamp(self._clock.now())
        moved = []
        for path in paths:
            if not path.exists() and not path.is_symlink():
                continue
            inside = path.is_relative_to(self._root)
            target = _free(batch / (path.relative_to(self._root) if inside else Path(path.name)))
            with as_input_error(path, self._root, doing="move"):
                make_folder(target.parent)
                _move(path, target)
            moved.append(target)
        return tuple(moved)

    def list(self) -> tuple[Trashed, ...]:
        """Return every file in the trash, oldest first."""
        found = []
        for path in sorted(self.folder.rglob("*")):
            batch, *parts = path.relative_to(self.folder).parts
            if parts and (path.is_file() or path.is_symlink()):
                found.append(Trashed(path, "/".join(parts), path.lstat().st_size, batch))
        return tuple(found)

    def restore(self, item: Trashed) -> Path:
        """Move a file back to where it was and return its place.

        Raises InputError where something stands there now, and where that place, or what a link in the trash leads to,
        is not the project's.
        """
        place = Position(printable(item.was))
        target = self._root / item.was
        if target.exists() or target.is_symlink():
            hint = "move that away first, then restore"
            raise InputError(error(f"`{place}` is there already", place, hint))
        if not self._is_ours(target) or (item.path.is_symlink() and not self._is_ours(target.parent, item.path)):
            hint = f"nothing is put there; look at `{printable(str(item.path))}` and move it by hand if you want it"
            raise InputError(error("a link leads out of the project here, or into git's own folder", place, hint))
        with as_input_error(target, self._root):
            make_folder(target.parent)
            _move(item.path, target)
        return target

    def _is_ours(self, place: Path, link: Path | None = None) -> bool:
        """Say whether a path really lies in the project, git's folder left out; of a `link` put there, its target."""
        root = Path(os.path.realpath(self._root))
        real = Path(os.path.realpath(place if link is None else place / link.readlink()))
        return real.is_relative_to(root) and ".git" not in (part.casefold() for part in real.relative_to(root).parts)

    def empty(self) -> int:
        """Remove everything in the trash for good, and return how many bytes that was. Raises InputError.

        Less is free then where a file is also linked from elsewhere.
        """
        size = sum(item.size for item in self.list())
        with as_input_error(self.folder, self._root, doing="empty"):
            if self.folder.is_dir():
                shutil.rmtree(self.folder)
        return size


def _free(target: Path) -> Path:
    number = 1
    candidate = target
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = target.with_name(f"{target.stem}-{number}{target.suffix}")
    return candidate


def _move(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except OSError as failure:
        if failure.errno != errno.EXDEV or not (path.is_symlink() or path.is_file()):
            raise
        shutil.copy2(path, target, follow_symlinks=False)
        if not target.is_symlink():
            sync_file(target)
        sync_folder(target.parent)
        path.unlink()
    sync_folder(target.parent)
    sync_folder(path.parent)
