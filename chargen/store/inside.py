"""A project's folder may come from a stranger: what is read is a file inside it, what is written stays inside it.

Laws: no link out of the project is followed when an author's file is read; the program's own folder holds no links
where it writes; a pipe or a device is never opened. Must not know what the files mean.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from chargen.config.layout import HISTORY, LOCKS, ORIGINALS, TRASH
from chargen.errors import InputError, Position, StartError, error, printable
from chargen.plain_file import TEXT_BYTES, read_plain
from chargen.store.places import contained

_OWN_FOLDERS = frozenset({ORIGINALS, HISTORY, TRASH, LOCKS})


def read_inside(root: Path, relative: str) -> bytes:
    """Return the bytes of a project-relative file. Raises InputError: it leads out, or can't be read."""
    where = Position(printable(relative))
    try:
        path = contained(root, relative)
    except InputError as failure:
        raise InputError([error(item.message, where, item.hint) for item in failure.problems]) from None
    try:
        return read_plain(path, TEXT_BYTES)
    except OSError as failure:
        reason = (failure.strerror or type(failure).__name__).lower()
        hint = "put a plain file there" if failure.errno in (errno.EINVAL, errno.EFBIG) else ""
        raise InputError(error(f"can't read this file: {reason}", where, hint)) from failure


def refuse_links(state: Path) -> None:
    """Raise StartError where the program's own folder, or what lies directly in it, is a symbolic link or no file.

    What it writes there would go wherever a stranger's link leads.
    """
    for path in (state, *_listed(state)):
        if path.is_symlink():
            shown = printable(path.relative_to(state.parent).as_posix())
            hint = "put in its place what it leads to, or move it away"
            raise StartError(error("a symbolic link stands where only the program writes", Position(shown), hint))
        name = path.relative_to(state.parent).as_posix()
        if _is_odd(path) or (name in _OWN_FOLDERS and not path.is_dir()):
            raise StartError(
                error("this is not what the program keeps here", Position(printable(name)), "move it away")
            )


def refuse_link(path: Path, root: Path) -> None:
    """Raise InputError where a path below the program's own folder is, or lies behind, what is no file and no folder.

    A symbolic link leads elsewhere; a pipe or a device would be waited for.
    """
    place = os.fspath(root)
    for part in path.relative_to(root).parts:
        place = f"{place}{os.sep}{part}"
        if _is_odd(place):
            shown = Position(printable(Path(place).relative_to(root).as_posix()))
            if not Path(place).is_symlink():
                raise InputError(error("this is not what the program keeps here", shown, "move it away"))
            hint = "put in its place what it leads to, or move it away"
            raise InputError(error("a symbolic link stands where only the program writes", shown, hint))


def _is_odd(path: Path | str) -> bool:
    """Say whether neither a file nor a folder stands at a path, nor nothing; links are not followed."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _listed(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def name_inside(name: str, root: Path) -> str:
    """Return an absolute path as the project at `root` names it, whatever links it goes through; others as they are."""
    if not Path(name).is_absolute():
        return name
    for path in (Path(name), Path(os.path.realpath(name)), Path(os.path.realpath(Path(name).parent), Path(name).name)):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return name
