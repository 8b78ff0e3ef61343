"""Where a project-relative path really leads: inside the project, whatever links it goes through, or not at all.

Law: nothing above the project is looked at, for this is asked often. Must not know what the files mean.
"""

from __future__ import annotations

import errno
import os
from functools import lru_cache
from pathlib import Path

from chargen.errors import InputError, Position, error, printable


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
