"""Replacing an author's file only if nobody saved it meanwhile: exchange, look at what came out, swap back.

Laws: what came out is let go of only if it is what was read and nobody has it open for writing; else it goes back.
Where the system can't exchange two files at once (no `renameat2`, or a file system without it), the file is compared
immediately before the rename, and the moment between the two is not covered; where it can't tell of writers (it is not
Linux, or the file is somebody else's), a program that writes through a descriptor it opened before is not.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from contextlib import suppress
from functools import cache
from pathlib import Path

from chargen.store.files import as_input_error, real_target, sync_folder, write_new_durably
from chargen.store.temporaries import temporary_name

try:
    import fcntl

    _LEASES = hasattr(fcntl, "F_SETLEASE")
except ImportError:  # Windows
    _LEASES = False

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
            elif is_being_written(temporary) or temporary.read_bytes() != before:
                _give_back(temporary, real, after)
                return False
            sync_folder(real.parent)
            return True
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()


def is_being_written(path: Path) -> bool:
    """Say whether a program has this file open for writing; False where the system does not tell.

    Linux grants a read lease only on a file that nobody writes; the lease ends as it is asked for.
    """
    if not _LEASES:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # who opens it meanwhile must not end us by SIGIO
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as failure:
        return failure.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


def _give_back(temporary: Path, real: Path, after: bytes) -> None:
    """Swap the author's file back in.

    A file the author saved on top of ours meanwhile is the newer one: it stays, and ours is dropped. Where that save
    falls between the look and the exchange, it comes out and is swapped in again.
    """
    expected = after
    while real.read_bytes() == expected and not is_being_written(real):
        goes_back = temporary.read_bytes()
        if not _exchange(temporary, real) or temporary.read_bytes() == expected:
            break
        expected = goes_back
    sync_folder(real.parent)


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
