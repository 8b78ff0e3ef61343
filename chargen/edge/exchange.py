"""Replacing an author's file only if nobody saved it meanwhile: exchange, compare what came out, swap back.

Where the system can't exchange two files at once (no `renameat2`, or a file system without it), the file is compared
immediately before the rename; the moment between the two is then not covered.
"""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from chargen.edge.files import as_input_error, real_target, sync_folder, temporary_name, write_new_durably

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""From linux/fcntl.h and linux/fs.h."""


def replace_unchanged(path: Path, before: bytes, after: bytes, *, root: Path) -> bool:
    """Put `after` at `path` durably if it still holds `before`; else leave it as it is and return False.

    The file keeps its permission bits. Raises InputError where it can't be written.
    """
    with as_input_error(path, root):
        real = real_target(path, root)
        temporary = real.parent / temporary_name()
        try:
            write_new_durably(temporary, after, mode=real.stat().st_mode & 0o7777)
            if real.read_bytes() != before:
                return False
            if not _exchange(temporary, real):
                temporary.replace(real)
            elif temporary.read_bytes() != before:
                return _give_back(temporary, real, after)
            sync_folder(real.parent)
            return True
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()


def _give_back(temporary: Path, real: Path, after: bytes) -> bool:
    """Swap the author's file back in; a file the author saved on top of ours meanwhile stays and ours is dropped."""
    if real.read_bytes() == after:
        _exchange(temporary, real)
        sync_folder(real.parent)
    return False


def _exchange(one: Path, other: Path) -> bool:
    """Swap two files at once; False where the system can't."""
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), os.fspath(other))


@cache
def _renameat2() -> ctypes._NamedFuncPointer | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call
