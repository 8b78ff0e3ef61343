"""Remembered hashes never hide an edit, and a broken cache is only a slow one."""

import hashlib
import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from chargen.store import hash_cache
from chargen.store.files import hash_bytes, hash_file
from chargen.store.hash_cache import FileHashes

LATER = 10_000_000_000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def later() -> int:
    return time.time_ns() + LATER


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / ".chargen" / "cache.sqlite"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    real = hash_file
    monkeypatch.setattr(hash_cache, "hash_file", lambda path: (seen.append(str(path)), real(path))[1])
    return seen


def test_a_known_file_is_not_read_again_even_by_another_process(
    tmp_path: Path, database: Path, reads: list[str]
) -> None:
    """The second look-up and the next process's first come from the cache."""
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    first = FileHashes(tmp_path, database, now_ns=later)
    assert first.hash_of(path) == first.hash_of(str(path)) == sha(b"x")
    first.save()
    assert FileHashes(tmp_path, database, now_ns=later).hash_of(path) == sha(b"x")
    assert len(reads) == 1


def test_a_file_changed_a_moment_ago_is_not_trusted(tmp_path: Path, database: Path, reads: list[str]) -> None:
    """A hash taken within two seconds of the change is not remembered, nor one of a file from the future."""
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    cache = FileHashes(tmp_path, database)
    cache.hash_of(path)
    cache.hash_of(path)
    os.utime(path, (time.time() + 3600,) * 2)
    cache.hash_of(path)
    cache.hash_of(path)
    assert len(reads) == 4


def test_an_edit_of_equal_size_and_mtime_is_seen(tmp_path: Path, database: Path) -> None:
    """The change time gives away what size and modification time hide."""
    path = tmp_path / "x.png"
    path.write_bytes(b"one")
    cache = FileHashes(tmp_path, database, now_ns=later)
    before = path.stat()
    assert cache.hash_of(path) == sha(b"one")
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.hash_of(path) == sha(b"two")


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 50, None])
def test_a_broken_cache_is_thrown_away(tmp_path: Path, database: Path, damage: bytes | None) -> None:
    """Empty, garbage, or a database of another shape: the hash is right and the cache is whole afterwards."""
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    database.parent.mkdir()
    if damage is None:
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE files(path, other)")
            connection.execute("PRAGMA user_version=1")
        connection.close()
    else:
        database.write_bytes(damage)
    cache = FileHashes(tmp_path, database, now_ns=later)
    assert cache.hash_of(path) == sha(b"x")
    cache.save()
    connection = sqlite3.connect(database)
    assert connection.execute("SELECT path, sha256 FROM files").fetchall() == [("x.png", sha(b"x"))]
    connection.close()


def test_reading_only_writes_nothing(tmp_path: Path, database: Path) -> None:
    """A dry run leaves no cache behind."""
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    cache = FileHashes(tmp_path, database, read_only=True, now_ns=later)
    cache.hash_of(path)
    cache.save()
    assert [item.name for item in tmp_path.iterdir()] == ["x.png"]


def test_threads_may_share_it(tmp_path: Path, database: Path) -> None:
    """Eight threads over the same files agree and save once."""
    for number in range(50):
        (tmp_path / f"{number}.png").write_bytes(bytes([number]))
    cache = FileHashes(tmp_path, database, now_ns=later)
    wrong: list[int] = []

    def work() -> None:
        wrong.extend(n for n in range(50) if cache.hash_of(tmp_path / f"{n}.png") != sha(bytes([n])))
        cache.save()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_an_absent_file_is_an_os_error(tmp_path: Path) -> None:
    """The caller decides what absence means."""
    with pytest.raises(FileNotFoundError):
        FileHashes(tmp_path, tmp_path / "cache.sqlite").hash_of(tmp_path / "absent")


def test_bytes_and_files_hash_alike(tmp_path: Path) -> None:
    """One hash for what is in memory and what is on the disk, over more than one block."""
    data = os.urandom((1 << 20) + 7)
    (tmp_path / "x").write_bytes(data)
    assert hash_bytes(data) == hash_file(tmp_path / "x")[0] == sha(data)


def test_a_cache_that_another_process_has_in_its_hands_is_left_alone(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By SQLite's code, whatever it says; one that is damaged is made anew."""
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    first = FileHashes(tmp_path, database, now_ns=later)
    first.hash_of(path)
    first.save()

    def failing(code: int) -> None:
        failure = sqlite3.OperationalError("whatever")
        failure.sqlite_errorcode = code
        monkeypatch.setattr(hash_cache, "refuse_foreign", lambda _: (_ for _ in ()).throw(failure))
        assert FileHashes(tmp_path, database, now_ns=later).hash_of(path) == sha(b"x")

    failing(sqlite3.SQLITE_BUSY)
    assert database.exists()
    failing(sqlite3.SQLITE_CORRUPT)
    assert not database.exists()
