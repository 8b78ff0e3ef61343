"""The program's temporary files and folders: their one recognisable name, and sweeping those of dead processes.

Laws: what another living process writes is never swept, nor anything that only looks alike. Must not know what is in
them.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TEMPORARY = re.compile(
    r"\.chargen-(?P<pid>\d{1,10})-(?P<process>[0-9a-f]{8})[0-9a-f]{8}(?:-(?P<note>[0-9a-f]+))?\.tmp"
)
_BEGINNING = ".chargen-"
_PROCESS = os.urandom(4).hex()
_ABANDONED_AFTER = 3600.0
"""Seconds; no single write takes an hour, so an older temporary is abandoned even if its process id is in use again."""


_SYNCHRONIZE = 0x00100000
_ACCESS_DENIED = 5
_WAIT_TIMEOUT = 0x102
"""From winnt.h, winerror.h and winbase.h."""


def temporary_name(note: str = "") -> str:
    """Make a name for a temporary file or folder of this process, which `abandoned` knows.

    `note`, hexadecimal digits, is for whoever finds it once this process is gone.
    """
    return f".chargen-{os.getpid()}-{_PROCESS}{os.urandom(4).hex()}{'-' * bool(note)}{note}.tmp"


def note_of(path: Path) -> str:
    """Return the note in a temporary's name."""
    match = _TEMPORARY.fullmatch(path.name)
    return (match["note"] or "") if match else ""


def abandoned(folder: Path) -> Iterator[Path]:
    """Yield the temporary files and folders in `folder` that this process did not make; not those further down.

    For who holds the project, so that no other process can be writing there: whether theirs is alive is not asked,
    because the id of a process that died may be another's by now.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a folder holds thousands of pictures
    except OSError:
        return
    for name in names:
        if name.startswith(_BEGINNING) and _other_pid(folder / name) is not None:
            yield folder / name


def abandoned_below(top: Path) -> Iterator[Path]:
    """Yield this program's temporary files and folders in `top` and below it whose process is gone."""
    waiting = [os.fspath(top)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:  # every run goes through ten thousand pictures
            for entry in entries:
                if entry.name.startswith(_BEGINNING):
                    if _is_abandoned(path := Path(entry.path)):
                        yield path
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def remove(path: Path) -> None:
    """Remove a temporary file or folder that was left behind."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def process_alive(pid: int) -> bool:
    """Say whether a process with this id runs on this machine (it may be another one with the same id)."""
    if pid <= 0:
        return False
    if os.name == "nt":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _alive_on_windows(pid: int) -> bool:
    """Ask for a handle of the process: `os.kill(pid, 0)` would send it a Ctrl-C there."""
    import ctypes  # noqa: PLC0415 - only Windows needs it

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
    if not handle:
        return bool(ctypes.get_last_error() == _ACCESS_DENIED)  # type: ignore[attr-defined,unused-ignore]
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
    finally:
        kernel.CloseHandle(handle)


def _other_pid(path: Path) -> int | None:
    """Return the id of the process a temporary is of; None for what is this one's own or no temporary."""
    match = _TEMPORARY.fullmatch(path.name)
    if match is None or (int(match["pid"]), match["process"]) == (os.getpid(), _PROCESS):
        return None
    return int(match["pid"])


def _is_abandoned(path: Path) -> bool:
    pid = _other_pid(path)
    if pid is None:
        return False
    if pid == os.getpid() or not process_alive(pid):  # the same id again: in a container it is always 1
        return True
    try:
        return time.time() - path.lstat().st_mtime > _ABANDONED_AFTER
    except OSError:
        return False
