"""Locks between processes and threads: one builder a project, one an image, one writer a target or imagery file.

Laws: a lock is a lock of the operating system on a file below `.chargen/locks/`, so a process that dies lets go of
it; the files stay, because removing one while another process waits for it would give two holders. Somebody may remove
them all the same: so the project's lock is one on its folder too, where the system has such locks. The order is
project, image, target, imagery file; no two of one sort are held at once. Must not know what is done under a lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from chargen.config.layout import LOCKS
from chargen.errors import InputError, StartError
from chargen.plain_file import read_plain
from chargen.store.files import as_input_error, make_folder
from chargen.store.places import refuse_link

try:
    import fcntl
except ImportError:  # Windows has no locks on folders
    fcntl = None  # type: ignore[assignment,unused-ignore]

_POLL = 0.05
"""Seconds between two looks at a lock someone else holds."""


@contextmanager
def project_lock(
    root: Path, *, wait: bool = True, on_wait: Callable[[int | None], None] | None = None
) -> Iterator[None]:
    """Hold the project against other building processes.

    Where another process holds it: with `wait`, `on_wait` gets its process id once (None where it is not known yet)
    and this call blocks; otherwise StartError names it. Raises InputError where the project can't be written to.
    """
    path = _lock_path(root, "project.lock")
    holder = path.with_name("project.pid")
    refuse_link(holder, root)
    with as_input_error(path, root, doing="lock"):
        held = _project_taken(root)
        if held is None:
            pid = _read_pid(holder)
            if not wait:
                raise busy(pid)
            if on_wait is not None:
                on_wait(pid)
        while held is None:
            time.sleep(_POLL)
            held = _project_taken(root)
    with held:
        with suppress(OSError):  # only a courtesy to whoever waits
            holder.write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            yield
        finally:
            with suppress(OSError):
                holder.unlink()


def _project_taken(root: Path) -> ExitStack | None:
    """Take the project's locks and return what lets go of them; None where another process holds one."""
    with ExitStack() as held:
        if not _folder_taken(root, held):
            return None
        let_go = _taken(_lock_path(root, "project.lock"))
        if let_go is None:
            return None
        held.callback(let_go)
        return held.pop_all()


def _folder_taken(root: Path, held: ExitStack) -> bool:
    """Take the lock of the project's folder; False where another process holds it, True also where there are none."""
    if fcntl is None:
        return True
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    held.callback(os.close, descriptor)
    try:
        return _locked(descriptor)
    except OSError:  # on a network file system a folder may be none that is locked
        return True


def build_lock(root: Path, entry_id: str) -> AbstractContextManager[None]:
    """Hold one image while it is made, its request included, so that nobody else sends for it. Raises InputError."""
    return _held(root, "build", entry_id)


def free_image(root: Path, entry_id: str) -> AbstractContextManager[None]:
    """Hold one image that nobody is making just now, as `build_lock` does. Raises InputError where somebody is."""
    return _held(root, "build", entry_id, wait=False)


def target_lock(root: Path, entry_id: str) -> AbstractContextManager[None]:
    """Hold one target and what is recorded of it while they are changed: an instant. Raises InputError."""
    return _held(root, "target", entry_id)


def file_lock(root: Path, file: str) -> AbstractContextManager[None]:
    """Hold one imagery file (project-relative path) while its slots are written. Raises InputError."""
    return _held(root, "file", file)


@contextmanager
def _held(root: Path, sort: str, name: str, *, wait: bool = True) -> Iterator[None]:
    # A digest, because an id may be longer than a file name or differ from another by case alone.
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    path = _lock_path(root, f"{sort}-{digest}.lock")
    with as_input_error(path, root, doing="lock"):
        while (let_go := _taken(path)) is None and wait:
            time.sleep(_POLL)
    if let_go is None:
        message = f"`{name}` is being built at this moment"
        raise InputError(message, hint="wait until its picture is there, then run the command again")
    try:
        yield
    finally:
        let_go()


def _taken(path: Path) -> Callable[[], object] | None:
    """Take the lock of a file and return what lets go of it; None where someone else holds it."""
    with ExitStack() as held:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        held.callback(os.close, descriptor)
        try:
            return held.pop_all().close if _locked(descriptor) else None
        except OSError as failure:
            if failure.errno == errno.EACCES:  # so some file systems say that it is held
                return None
            if failure.errno != errno.ENOSYS:
                raise
    from filelock import SoftFileLock, Timeout  # noqa: PLC0415 - for the file systems that have no locks

    lock = SoftFileLock(path.with_suffix(".held"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock.release


def _locked(descriptor: int) -> bool:
    """Lock an open file or folder; False where someone else holds it."""
    if fcntl is None:
        from filelock import lock_descriptor  # noqa: PLC0415 - ten milliseconds that only Windows needs

        return lock_descriptor(descriptor, blocking=False)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_path(root: Path, name: str) -> Path:
    """Return where the file of a lock is, its folder made; nothing but a file stands there. Raises InputError."""
    path = root / LOCKS / name
    with as_input_error(path.parent, root):
        make_folder(path.parent)
    refuse_link(path, root)
    return path


def _read_pid(holder: Path) -> int | None:
    try:
        return int(read_plain(holder))
    except (OSError, ValueError):
        return None


def busy(pid: int | None) -> StartError:
    """Return the error that a process is building the project."""
    return StartError(f"{builder_told(pid)} is building this project", hint="wait until it ends")


def builder_told(pid: int | None) -> str:
    """Name a process that holds the project, by its id where that is known."""
    return f"process {pid}" if pid else "another process"
