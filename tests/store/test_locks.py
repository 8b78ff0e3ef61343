"""Locks hold between processes and between threads, and name who holds them."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chargen.errors import InputError, StartError
from chargen.store import locks
from chargen.store.locks import file_lock, project_lock, target_lock

HOLD = """
import sys
from pathlib import Path
from chargen.store.locks import file_lock, project_lock, target_lock
root = Path(sys.argv[1])
locks = {"target": target_lock, "file": file_lock}
with project_lock(root) if sys.argv[2] == "project" else locks[sys.argv[2]](root, "a"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path: Path):
    processes = []

    def start(sort: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path), sort], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def test_a_second_process_is_told_who_builds_and_may_give_up(tmp_path: Path, hold) -> None:
    """With no waiting the error names the holder's process id."""
    holder = hold("project")
    with pytest.raises(StartError, match=f"process {holder.pid} is building"), project_lock(tmp_path, wait=False):
        pass


def test_a_second_process_waits_until_the_first_ends(tmp_path: Path, hold) -> None:
    """The waiter hears the holder's process id once and gets the lock when the holder ends."""
    holder = hold("project")
    told: list[int | None] = []

    def on_wait(pid: int | None) -> None:
        told.append(pid)
        holder.stdin.close()

    with project_lock(tmp_path, on_wait=on_wait):
        assert holder.wait(10) == 0
    assert told == [holder.pid]


def test_a_killed_holder_lets_go(tmp_path: Path, hold) -> None:
    """No lock outlives its process, and its stale process id does not confuse."""
    holder = hold("project")
    holder.kill()
    holder.wait(10)
    with project_lock(tmp_path, wait=False):
        pass


def test_a_project_is_held_also_where_its_locks_are_deleted(tmp_path: Path, hold) -> None:
    """Whatever is deleted below `.chargen` while a build runs, a second one does not begin."""
    holder = hold("project")
    shutil.rmtree(tmp_path / ".chargen")
    with pytest.raises(StartError, match="another process is building"), project_lock(tmp_path, wait=False):
        pass
    told: list[int | None] = []

    def on_wait(pid: int | None) -> None:
        told.append(pid)
        holder.stdin.close()

    with project_lock(tmp_path, on_wait=on_wait):
        assert holder.wait(10) == 0
    assert told == [None]


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.ENOTSUP])
def test_a_folder_that_can_not_be_locked_leaves_it_to_the_file(tmp_path: Path, monkeypatch, number: int) -> None:
    """As on network file systems: what keeps two builds apart there is the file below `.chargen/locks` alone."""
    lock = locks.fcntl.flock

    def refused(descriptor: int, how: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        lock(descriptor, how)

    monkeypatch.setattr(locks.fcntl, "flock", refused)
    with project_lock(tmp_path, wait=False), pytest.raises(StartError), project_lock(tmp_path, wait=False):
        pass


@pytest.mark.parametrize(("sort", "lock"), [("target", target_lock), ("file", file_lock)])
def test_small_locks_hold_between_processes(tmp_path: Path, hold, sort: str, lock) -> None:
    """While another process holds it, taking it does not return; afterwards it does."""
    holder = hold(sort)
    taken = threading.Event()

    def take() -> None:
        with lock(tmp_path, "a"):
            taken.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert not taken.wait(0.2)
    with lock(tmp_path, "b"):  # another name is free
        pass
    holder.stdin.close()
    assert taken.wait(10)
    thread.join(10)


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    """Unprotected increments by four threads add up under the lock."""
    counter = tmp_path / "n"
    counter.write_text("0")

    def work() -> None:
        for _ in range(10):
            with file_lock(tmp_path, "chapters/a.yaml"):
                counter.write_text(str(int(counter.read_text()) + 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert counter.read_text() == "40"


def test_an_error_in_the_block_passes_and_frees_the_lock(tmp_path: Path) -> None:
    """What happens under a lock is not the lock's business."""
    with pytest.raises(OSError, match="mine"), project_lock(tmp_path):
        raise OSError("mine")
    with project_lock(tmp_path, wait=False):
        pass


def test_a_project_that_can_not_be_written_to_is_an_input_error(tmp_path: Path) -> None:
    """A file where the folder of locks belongs is said, with a next step."""
    (tmp_path / ".chargen").write_text("")
    with pytest.raises(InputError), project_lock(tmp_path):
        pass


def test_a_file_system_without_locks_gets_the_other_sort(tmp_path: Path, monkeypatch) -> None:
    """Where the system has no such locks a file that is there says who holds what, until it is let go of."""

    def none(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOSYS, "no locks here")

    monkeypatch.setattr(locks.fcntl, "flock", none)
    for _ in range(2):
        with target_lock(tmp_path, "a"), project_lock(tmp_path, wait=False):
            with pytest.raises(StartError), project_lock(tmp_path, wait=False):
                pass
            assert {path.name[:6] for path in (tmp_path / ".chargen/locks").glob("*.held")} == {"target", "projec"}
        assert not list((tmp_path / ".chargen/locks").glob("*.held"))


def test_a_lock_that_can_not_be_taken_leaves_nothing_open(tmp_path: Path, monkeypatch) -> None:
    """Any other refusal of the system is an input error, and the file is closed again."""

    def broken(_descriptor: int, _how: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(locks.fcntl, "flock", broken)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(InputError, match="can't lock"), target_lock(tmp_path, "a"):
        pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
