"""What a file has beside its bytes and must not lose when it is replaced: owner, group, extended attributes.

Laws: nothing is lost without a word; what the system sets itself (security labels, attributes of the kernel) is left to
it. Must not know what the files mean.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from chargen.errors import InputError, Position, Problem, error

_OF_THE_SYSTEM = ("security.", "trusted.")
"""Namespaces of attributes that the system gives a new file by its own rules."""

_UNKNOWN = (errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)


def lost_on_replacement(path: Path, shown: str) -> Problem | None:
    """Say why a replacement of a file would change whose it is; None where it would not. Asked before work is paid."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return None
    try:
        status = path.stat()
    except OSError:
        return None  # whoever reads it next says why
    if status.st_uid != os.geteuid():
        message = "this file belongs to another user, and writing slots would make it yours"
        return error(
            message, Position(shown), f"take it over with `chown`, or build as its owner (uid {status.st_uid})"
        )
    if status.st_gid not in {os.getegid(), *os.getgroups()}:
        message = "this file belongs to a group you are not in, which writing slots would change"
        return error(message, Position(shown), "take it over with `chgrp`, or join the group")
    return None


def closed_to_replacement(path: Path, shown: str) -> Problem | None:
    """Say why nothing can be put in a file's place; None where it can be. Asked before work is paid."""
    if os.access(path.parent, os.W_OK | os.X_OK):
        return None
    hint = "check who owns this path, its permissions, and that its file system is writable"
    return error("not sent: slots could not be written, because its folder can't be", Position(shown), hint)


def copy_attributes(old: Path, new: Path) -> None:
    """Give `new` the owner, group and extended attributes of `old`. Raises InputError, OSError."""
    if hasattr(os, "chown"):
        was, now = old.stat(), new.stat()
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            if lost := lost_on_replacement(old, str(old)):
                raise InputError(lost)
            os.chown(new, was.st_uid, was.st_gid)
            new.chmod(was.st_mode & 0o7777)  # a change of owner takes some bits away
    if hasattr(os, "listxattr"):  # Linux
        for name in _attributes(old):
            os.setxattr(new, name, os.getxattr(old, name))


def _attributes(path: Path) -> list[str]:
    try:
        names = os.listxattr(path)
    except OSError as failure:
        if failure.errno in _UNKNOWN:
            return []
        raise
    return [name for name in names if not name.startswith(_OF_THE_SYSTEM)]
