"""Opening files for reading: only plain ones, and never more of one than a limit.

A project may come from a stranger, and so may everything in its folder of state: a pipe is waited for without end, a
device or a link to one read without end, a sparse file of a terabyte takes no room in an archive. Law: no other part
opens a file to read it (a test looks), so none of this can be met anywhere. What is refused is an OSError, as is any
file that can't be read.
"""

from __future__ import annotations

import errno
import io
import json
import os
import stat
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_Else = TypeVar("_Else")

SMALL_BYTES = 16 << 20
"""Bytes of a file that the program writes itself, or that holds settings; a record has a few thousand."""
TEXT_BYTES = 64 << 20
"""Bytes of an author's text: more than is parsed (32 MiB), so that its own message tells of one that is too long."""
PICTURE_BYTES = 512 << 20
"""Bytes of a picture: 64 million pixels of four channels with 16 bits each, as no compression leaves them."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
"""What is a pipe by the time it is opened is not waited for."""
_BLOCK = 1 << 20


def open_plain(path: Path | str, limit: int) -> io.FileIO:
    """Open a plain file of at most `limit` bytes, following links. Raises OSError."""
    _check(path, os.stat(path), limit)  # noqa: PTH116 - a plan opens thousands; opening a device may do something
    file = io.FileIO(os.open(path, _FLAGS), "rb")
    try:
        _check(path, os.fstat(file.fileno()), limit)
    except BaseException:
        file.close()
        raise
    return file


def read_plain(path: Path | str, limit: int = SMALL_BYTES) -> bytes:
    """Return the bytes of a plain file of at most `limit` bytes, following links. Raises OSError."""
    with open_plain(path, limit) as file:
        data = file.read(os.fstat(file.fileno()).st_size + 1)
        while len(data) <= limit and (more := file.read(_BLOCK)):  # it grows, or its size is made up
            data += more
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def read_json(path: Path, kind: type[_T], otherwise: _Else) -> _T | _Else:
    """Return what a small JSON file of the program's own holds, as a `kind` that msgspec knows.

    `otherwise` where it is absent, damaged or another.
    """
    from msgspec import convert  # noqa: PLC0415 - an up-to-date run does without it

    try:
        return convert(json.loads(read_plain(path)), kind)
    except (OSError, ValueError, RecursionError):
        return otherwise


def _check(path: Path | str, status: os.stat_result, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", os.fspath(path))
    if status.st_size > limit:
        raise _too_large(path, limit)


def _too_large(path: Path | str, limit: int) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB", os.fspath(path))
