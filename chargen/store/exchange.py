"""Replacing an author's file only if nobody saved it meanwhile: exchange, look at what came out, swap back.

Laws: what came out is let go of only if it is what was read and nobody has it open for writing; else it goes back,
and where this process dies before, the next run gives it back: the temporary's name tells what was read and written.
Where the system can't exchange two files at once (neither `renameat2` nor `renamex_np`, or a file system without them),
the file is compared immediately before the rename, and the moment between the two is not covered; where it can't tell
of writers (it is not Linux, or the file is somebody else's), a program that writes through a descriptor it opened
before is not. What a file has beside its bytes it keeps (owner, group, extended attributes), or it is not replaced;
what the system sets itself (security labels, attributes of the kernel) is left to it.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from chargen.errors import InputError, Position, Problem, error
from chargen.plain_file import PICTURE_BYTES, TEXT_BYTES, open_plain, read_plain
from chargen.store.files import FileKind, as_input_error, kind_of, make_file, sync_folder
from chargen.store.places import real_target
from chargen.store.temporaries import note_of, temporary_name

try:
    import fcntl

    _LEASES = hasattr(fcntl, "F_SETLEASE")
except ImportError:  # Windows
    _LEASES = False

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
"""From linux/fcntl.h, linux/fs.h and macOS's sys/stdio.h."""


_OF_THE_SYSTEM = ("security.", "trusted.")
"""Namespaces of attributes that the system gives a new file by its own rules."""

_UNKNOWN = (errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)


def replace_unchanged(path: Path, before: bytes, after: bytes, *, root: Path) -> bool:
    """Put `after` at `path` durably if it still holds `before`; else leave it as it is and return False.

    The file keeps its owner, group, permission bits and extended attributes. Raises InputError where it can't be
    written, or can't keep them.
    """
    with as_input_error(path, root):
        real = real_target(path, root)
        temporary = real.parent / temporary_name(_digest(before) + _digest(after))
        try:
            make_file(temporary, after, mode=real.stat().st_mode & 0o7777)
            copy_attributes(real, temporary)
            if not _holds(real, before):
                return False
            if not _exchange(temporary, real):
                temporary.replace(real)
            elif not _holds(temporary, before) or is_being_written(temporary):
                _give_back(temporary, real, after)
                return False
            sync_folder(real.parent)
            return True
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()


def given_back(temporary: Path) -> Path | None:
    """Finish an exchange in which a process died; return the author's file whose newest save had come out, if one had.

    What came out stands in `temporary`. What is the program's own there is removed; what nobody can tell stays. Hold
    the project: nobody else may be finishing it.
    """
    note = note_of(temporary)
    before, after = note[: len(note) // 2], note[len(note) // 2 :]
    if not note or not temporary.is_file():
        return None
    with suppress(OSError):
        beside = {_digest(read_plain(path, TEXT_BYTES)): path for path in _texts_beside(temporary)}
        real = beside.get(after)
        if _digest(read_plain(temporary, TEXT_BYTES)) in (before, after) or (real is None and before in beside):
            temporary.unlink()  # nobody saved anything; or it never came to the exchange
        elif real is not None:
            ours = read_plain(real, TEXT_BYTES)
            _give_back(temporary, real, ours)
            if _holds(temporary, ours):
                temporary.unlink()
                sync_folder(real.parent)
                return real
    return None


def _texts_beside(temporary: Path) -> Iterator[Path]:
    for path in temporary.parent.iterdir():
        if path != temporary and kind_of(path).kind is FileKind.FILE and kind_of(path).size <= TEXT_BYTES:
            yield path


def _digest(data: bytes) -> str:
    """Return enough of a digest to know a text again among those of one folder."""
    return hashlib.sha256(data).hexdigest()[:16]


def is_being_written(path: Path) -> bool:
    """Say whether a program has this file open for writing; False where the system does not tell.

    Linux grants a read lease only on a file that nobody writes; the lease ends as it is asked for. Of a file that can't
    be opened nothing is told: whoever reads it next says why.
    """
    if not _LEASES:
        return False
    try:
        with open_plain(path, PICTURE_BYTES) as file:
            return _has_writer(file.fileno())
    except OSError:
        return False


def _has_writer(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # who opens it meanwhile must not end us by SIGIO
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as failure:
        return failure.errno == errno.EAGAIN
    return False


def _give_back(temporary: Path, real: Path, after: bytes) -> None:
    """Swap the author's file back in.

    A file the author saved on top of ours meanwhile is the newer one: it stays, and ours is dropped. Where that save
    falls between the look and the exchange, it comes out and is swapped in again.
    """
    expected = after
    while _holds(real, expected) and not is_being_written(real):
        try:
            goes_back = read_plain(temporary, TEXT_BYTES)
        except OSError:  # no text at all, which goes back once
            _exchange(temporary, real)
            break
        if not _exchange(temporary, real) or _holds(temporary, expected):
            break
        expected = goes_back
    sync_folder(real.parent)


def _holds(path: Path, data: bytes) -> bool:
    """Say whether a file has just these bytes; what can't be read has not."""
    try:
        return read_plain(path, TEXT_BYTES) == data
    except OSError:
        return False


def _exchange(one: Path, other: Path) -> bool:
    """Swap two files at once; False where the system can't."""
    call = _swap_call()
    if call is None or call(os.fsencode(one), os.fsencode(other)) == 0:
        return call is not None
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), os.fspath(other))


@cache
def _swap_call() -> Callable[[bytes, bytes], int] | None:
    """Return the system's call that swaps two paths: `renameat2` on Linux, `renamex_np` on macOS."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):
        return None
    if linux := getattr(library, "renameat2", None):
        linux.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
        linux.restype = ctypes.c_int
        return lambda one, other: int(linux(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE))
    if mac := getattr(library, "renamex_np", None):
        mac.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
        mac.restype = ctypes.c_int
        return lambda one, other: int(mac(one, other, _RENAME_SWAP))
    return None


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
        try:
            names = os.listxattr(old)
        except OSError as failure:
            if failure.errno not in _UNKNOWN:
                raise
            names = []
        for name in names:
            if not name.startswith(_OF_THE_SYSTEM):
                os.setxattr(new, name, os.getxattr(old, name))
