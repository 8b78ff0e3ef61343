"""Where a path of a project really leads: a project's folder may come from a stranger, links and all.

Laws: what is read is a file inside the project, what is written stays inside it, whatever links lead there; the
program's own folder holds no links where it writes; nothing above the project is looked at for a relative path, for
this is asked often. Must not know what the files mean.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from chargen.config.layout import HISTORY, LOCKS, ORIGINALS, TRASH
from chargen.errors import InputError, Position, StartError, error, printable
from chargen.plain_file import TEXT_BYTES, read_plain

_OWN_FOLDERS = frozenset({ORIGINALS, HISTORY, TRASH, LOCKS})


class OutsideError(InputError):
    """A path that is not in the project; `why` goes on from its name."""

    def __init__(self, path: str, why: str, hint: str) -> None:
        self.why = why
        super().__init__(f"path `{printable(path)}` {why}", hint=hint)


def contained(root: Path, relative: str) -> Path:
    """Join a project-relative path (`/` between its parts) to `root`, refusing to leave the project.

    Raises OutsideError for an absolute path, one that climbs out, and one that a symbolic link leads out.
    """
    joined = os.path.normpath(relative) if relative else ""
    climbs = joined == ".." or joined.startswith(".." + os.sep)
    if not joined or "\0" in relative or climbs or os.path.isabs(joined):  # noqa: PTH117 - asked often
        raise OutsideError(relative, "leaves the project", "name a file inside the project")
    if not _is_below(_followed(root, joined), _real_root(os.fspath(root))):
        why = "leads out of the project through a symbolic link"
        raise OutsideError(relative, why, "keep the file inside the project, or move the link")
    return root / joined


def _followed(root: Path, relative: str) -> str:
    """Follow the links of a normal path below `root`, and look at nothing above it: this is asked often."""
    place = real_root = _real_root(os.fspath(root))
    for part in relative.split(os.sep):  # noqa: PTH206 - making a Path costs more than looking
        place = f"{place}{os.sep}{part}"
        # Windows has other things than links that lead elsewhere.
        if os.name == "nt" or os.path.islink(place):  # noqa: PTH114 - as above
            return os.path.realpath(f"{real_root}{os.sep}{relative}")
    return place


@lru_cache(maxsize=8)
def _real_root(root: str) -> str:
    return os.path.realpath(root)


def _is_below(real: str, base: str) -> bool:
    return real == base or real.startswith(base.rstrip(os.sep) + os.sep)


def real_target(path: Path, root: Path | None) -> Path:
    """Follow the links of `path`. Raises InputError for one that leaves `root`, IsADirectoryError for a folder."""
    text, prefix = os.fspath(path), "" if root is None else os.fspath(root) + os.sep
    if root is not None and text.startswith(prefix) and os.pardir not in path.parts:
        real = _followed(root, text[len(prefix) :])
        outside = not _is_below(real, _real_root(os.fspath(root)))
    else:
        real = os.path.realpath(path)
        outside = path.is_symlink() if root is None else not _is_below(real, os.path.realpath(root))
    if outside:
        raise InputError(
            error(
                "this path leads out of the project through a symbolic link",
                Position(printable(str(path))),
                "replace the link by a file",
            )
        )
    if os.path.isdir(real):  # noqa: PTH112 - asked often
        raise IsADirectoryError(errno.EISDIR, "a folder stands here", str(path))
    return Path(real)


def read_inside(root: Path, relative: str) -> bytes:
    """Return the bytes of a project-relative file. Raises InputError: it leads out, or can't be read."""
    try:
        return read_plain(contained(root, relative), TEXT_BYTES)
    except InputError as failure:
        where = Position(printable(relative))
        raise InputError([problem.at(where) for problem in failure.problems]) from None
    except OSError as failure:
        reason = (failure.strerror or type(failure).__name__).lower()
        hint = "put a plain file there" if failure.errno in (errno.EINVAL, errno.EFBIG) else ""
        raise InputError(error(f"can't read this file: {reason}", Position(printable(relative)), hint)) from failure


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


def folder_inside(here: Path, root: Path) -> str:
    """Return where a command was given in the project at `root`: names may be written from there too.

    Empty at its top and outside of it.
    """
    within = here.relative_to(root).as_posix() if here.is_relative_to(root) else ""
    return "" if within == "." else within


def name_inside(name: str, root: Path) -> str:
    """Return an absolute path as the project at `root` names it, whatever links it goes through; others as they are."""
    if not Path(name).is_absolute():
        return name
    for path in (Path(name), Path(os.path.realpath(name)), Path(os.path.realpath(Path(name).parent), Path(name).name)):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return name
