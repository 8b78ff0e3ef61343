"""A project's folder may come from a stranger: what is read is a file inside it, what is written stays inside it.

Laws: no link out of the project is followed when an author's file is read; the program's own folder holds no links
where it writes; a pipe or a device is never opened. Must not know what the files mean.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from chargen.config.layout import HISTORY, LOCKS, ORIGINALS, TRASH
from chargen.errors import InputError, Position, StartError, error
from chargen.store.files import FileKind, contained, kind_of, printable

_OWN_FOLDERS = frozenset({ORIGINALS, HISTORY, TRASH, LOCKS})


def read_inside(root: Path, relative: str) -> bytes:
    """Return the bytes of a project-relative file. Raises InputError: it leads out, or can't be read."""
    where = Position(printable(relative))
    try:
        path = contained(root, relative)
    except InputError as failure:
        raise InputError([error(item.message, where, item.hint) for item in failure.problems]) from None
    if kind_of(path).kind is FileKind.OTHER:
        hint = "put a plain file there, or see that you may read it"
        raise InputError(error("can't read this file: it is no plain file, or closed to you", where, hint))
    try:
        return path.read_bytes()
    except OSError as failure:
        reason = (failure.strerror or type(failure).__name__).lower()
        raise InputError(error(f"can't read this file: {reason}", where)) from failure


def refuse_links(state: Path) -> None:
    """Raise StartError where the program's own folder, or what lies directly in it, is a symbolic link or no file.

    What it writes there would go wherever a stranger's link leads.
    """
    for path in (state, *_listed(state)):
        if path.is_symlink():
            shown = printable(path.relative_to(state.parent).as_posix())
            hint = "put in its place what it leads to, or move it away"
            raise StartError(error("a symbolic link stands where only the program writes", Position(shown), hint))
        odd = not (path.is_dir() or kind_of(path).kind is not FileKind.OTHER)
        name = path.relative_to(state.parent).as_posix()
        if odd or (name in _OWN_FOLDERS and not path.is_dir()):
            raise StartError(
                error("this is not what the program keeps here", Position(printable(name)), "move it away")
            )


def refuse_link(path: Path, root: Path) -> None:
    """Raise InputError where a path below the program's own folder is, or lies behind, a symbolic link."""
    place = os.fspath(root)
    for part in path.relative_to(root).parts:
        place = f"{place}{os.sep}{part}"
        if os.path.islink(place):  # noqa: PTH114 - asked several times for every image
            shown = printable(Path(place).relative_to(root).as_posix())
            hint = "put in its place what it leads to, or move it away"
            raise InputError(error("a symbolic link stands where only the program writes", Position(shown), hint))


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
