"""Files on disk: what stands at a path, its hash, writing so that a crash leaves the old or the new, never half.

Laws: a file is replaced by rename after its bytes are on the disk, and the folder is synced after the rename;
nothing is written through a link that leaves the project. Must not know what the files mean.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from io import FileIO
from pathlib import Path

from chargen.errors import InputError, Position, error, printable
from chargen.model.values import FileHash
from chargen.plain_file import PICTURE_BYTES, open_plain, read_plain
from chargen.store.places import real_target
from chargen.store.temporaries import temporary_name

try:
    import fcntl

    _FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
except ImportError:  # Windows
    _FULL_SYNC = None

LFS_LIMIT = 1024
"""Bytes; the specification of Git LFS calls what is longer no pointer."""
_LFS_POINTER = re.compile(
    rb"(?:\xef\xbb\xbf)?version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d{1,19})\n?"
)
_BLOCK = 1 << 20
_HINTS = {
    errno.ENOSPC: "free some space on this disk, then run again",
    errno.EDQUOT: "your disk quota is used up: free some space, then run again",
    errno.EACCES: "check who owns this path and its permissions",
    errno.EPERM: "check who owns this path and its permissions",
    errno.EROFS: "this file system is read-only: work on a writable copy",
    errno.EISDIR: "a folder stands where a file belongs: move it away",
    errno.ENOTDIR: "a file stands where a folder belongs: move it away",
    errno.EEXIST: "a file stands where a folder belongs: move it away",
    errno.ENAMETOOLONG: "shorten the slug or id that this path is made of",
}


class FileKind(str, Enum):
    """What stands at a path."""

    ABSENT = "absent"
    FILE = "file"
    DIRECTORY = "directory"
    LFS_POINTER = "lfs-pointer"
    OTHER = "other"
    """A device, a socket, a pipe, a file that is too large to read, or a path that may not be looked at."""

    @property
    def told(self) -> str:
        """What there is, in words."""
        return "something that is no readable file" if self is FileKind.OTHER else f"a {self.value}"

    @property
    def is_picture(self) -> bool:
        """True where a picture may stand: the file itself, or Git LFS's pointer to it."""
        return self in (FileKind.FILE, FileKind.LFS_POINTER)


@dataclass(frozen=True, slots=True)
class StatKey:
    """What changes whenever a file's bytes change: size in bytes, times in nanoseconds, and the inode number."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> StatKey:
        """Take the key out of a stat result."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class FileState:
    """What stands at a path. For a Git LFS pointer `size` and `oid` are those of the picture it stands for."""

    kind: FileKind
    size: int = 0
    oid: FileHash | None = None
    key: StatKey | None = None


ABSENT = FileState(FileKind.ABSENT)


def kind_of(path: Path | str) -> FileState:
    """Say what stands at `path`, following links; one stat, and one read where the size could be a pointer's."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called ten thousand times in a plan; building a Path costs more
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except (OSError, ValueError):  # a loop of links, no permission, a name with a NUL
        return FileState(FileKind.OTHER)
    if stat.S_ISDIR(status.st_mode):
        return FileState(FileKind.DIRECTORY)
    if not stat.S_ISREG(status.st_mode) or status.st_size > PICTURE_BYTES:
        return FileState(FileKind.OTHER)
    key = StatKey.of(status)
    if key.size <= LFS_LIMIT and (pointer := _read_pointer(path)):
        return FileState(FileKind.LFS_POINTER, int(pointer["size"]), FileHash(pointer["oid"].decode()), key)
    return FileState(FileKind.FILE, key.size, None, key)


def _read_pointer(path: Path | str) -> re.Match[bytes] | None:
    try:
        return _LFS_POINTER.fullmatch(read_plain(path, LFS_LIMIT).replace(b"\r\n", b"\n"))
    except OSError:
        return None


def hash_bytes(data: bytes) -> FileHash:
    """Return the SHA-256 of bytes in memory."""
    return FileHash(hashlib.sha256(data).hexdigest())


def hash_file(path: Path | str) -> tuple[FileHash, StatKey]:
    """Read a file and return its SHA-256 with the key it had all the while. Raises OSError.

    A file that changes while it is read is read again.
    """
    while True:
        digest = hashlib.sha256()
        with open_plain(path, PICTURE_BYTES) as file:
            before = StatKey.of(os.fstat(file.fileno()))
            while block := file.read(_BLOCK):
                digest.update(block)
            after = StatKey.of(os.fstat(file.fileno()))
        if before == after:
            return FileHash(digest.hexdigest()), after


def write_durably(path: Path, data: bytes, *, root: Path | None = None) -> None:
    """Put `data` at `path`, replacing what is there at once; on return it survives a power loss.

    A replaced file keeps its permission bits. A link inside `root` is followed and stays a link.
    Raises InputError: a folder stands there, a link leaves `root` (any link, where `root` is None), no space, no
    permission; the old file is then untouched.
    """
    with as_input_error(path, root):
        folder = _replace(path, data, root, synced=True)
        sync_folder(folder)


def write_whole(path: Path, data: bytes, *, root: Path | None = None) -> None:
    """Do as `write_durably`, but sync nothing: for what is recorded elsewhere too.

    After a power loss the file may be empty; after this process was killed it is the old one or the new.
    """
    with as_input_error(path, root):
        _replace(path, data, root, synced=False)


def _replace(path: Path, data: bytes, root: Path | None, *, synced: bool) -> Path:
    """Put a file in its place by a rename and return its folder."""
    real = real_target(path, root)
    folder = real.parent
    make_folder(folder)
    temporary = folder / temporary_name()
    try:
        make_file(temporary, data, mode=_mode_of(real), synced=synced)
        temporary.replace(real)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return folder


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents so that they survive a power loss; nothing happens where it exists."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Bring a file someone else wrote to the disk."""
    with open_plain(path, PICTURE_BYTES) as file:
        _sync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk."""
    if os.name == "nt":  # Windows has no such call; its renames are journalled by the file system
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync(descriptor)
    except OSError as failure:
        if failure.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems can't sync a folder
            raise
    finally:
        os.close(descriptor)


@contextmanager
def as_input_error(path: Path, root: Path | None = None, *, doing: str = "write") -> Iterator[None]:
    """Turn an OSError of the block into an InputError about `path` (shown relative to `root`) with the next step.

    `doing` is what can't be done to it: write, keep, move.
    """
    try:
        yield
    except OSError as failure:
        shown = path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else str(path)
        reason = (failure.strerror or type(failure).__name__).lower()
        hint = _HINTS.get(failure.errno or 0, f"see that you may {doing} this path, then run again")
        raise InputError(error(f"can't {doing} this file: {reason}", Position(printable(shown)), hint)) from failure


def make_file(path: Path, data: bytes, *, mode: int | None = None, synced: bool = True) -> None:
    """Write a file that must not exist yet and sync it, but not its folder. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb", buffering=0) as file:
        write_all(file, data)
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        if synced:
            _sync(file.fileno())


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of `data` to a file without a buffer: a full disk takes a part first. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _sync(descriptor: int) -> None:
    """Bring what was written to the disk itself: on macOS `fsync` ends at the drive's own cache."""
    if _FULL_SYNC is not None:
        try:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        except OSError as failure:
            if failure.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOTTY):  # a network volume knows only `fsync`
                raise
        else:
            return
    os.fsync(descriptor)


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
