"""Rows that are written at once share one commit; one that can't be written fails nobody else's."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from chargen.errors import InputError
from chargen.store.clock import SystemClock
from chargen.store.journal_file import JournalFile


@pytest.fixture
def file(tmp_path: Path):
    opened = JournalFile(
        tmp_path, read_only=False, clock=SystemClock(), fill=lambda _made: 0, report=lambda _told: None
    )
    opened.run(lambda connection: connection.execute("CREATE TABLE told(word TEXT NOT NULL)"))
    yield opened
    opened.close()


def tell(word: str | None):
    return lambda connection: connection.execute("INSERT INTO told VALUES(?)", (word,)).lastrowid


def words(file: JournalFile) -> list[str]:
    return sorted(file.read(lambda connection: [row[0] for row in connection.execute("SELECT word FROM told")]))


def commits(file: JournalFile) -> list[str]:
    seen: list[str] = []
    assert file._connection is not None
    file._connection.set_trace_callback(lambda said: seen.append(said) if said == "COMMIT" else None)
    return seen


def at_once(file: JournalFile, given: list[str | None]) -> list[object]:
    """Let threads write while the file is held, until all of them wait; return what each got, in order."""
    found: list[object] = [None] * len(given)

    def work(number: int) -> None:
        try:
            found[number] = file.run(tell(given[number]))
        except sqlite3.IntegrityError as failure:
            found[number] = failure

    with file._lock:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(given))]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 10
        while len(file._jobs) < len(given) and time.monotonic() < until:
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join(10)
    return found


def test_what_waits_shares_a_commit(file: JournalFile) -> None:
    """Four threads that wait for the file are all served by the first of them, each with its own answer."""
    seen = commits(file)
    found = at_once(file, ["a", "b", "c", "d"])
    assert words(file) == ["a", "b", "c", "d"]
    assert sorted(found) == [1, 2, 3, 4]  # type: ignore[type-var]
    assert len(seen) == 1


def test_one_that_fails_fails_alone(file: JournalFile) -> None:
    """A row that may not be written is told to whoever wrote it; the others are there."""
    found = at_once(file, ["a", None, "c"])
    assert words(file) == ["a", "c"]
    assert isinstance(found[1], sqlite3.IntegrityError)
    assert isinstance(found[0], int)
    assert isinstance(found[2], int)


def test_a_row_that_is_written_soon_goes_along_with_the_next(file: JournalFile) -> None:
    """It costs no commit of its own, is there after the next one, and at the latest when the file is closed."""
    seen = commits(file)
    file.soon(tell("soon"))
    assert words(file) == []
    assert seen == []
    file.run(tell("next"))
    assert words(file) == ["next", "soon"]
    assert len(seen) == 1
    file.soon(tell("last"))
    file.close()
    assert words(file) == ["last", "next", "soon"]


def test_a_disk_that_takes_nothing_is_told_to_all(file: JournalFile) -> None:
    """Nobody is told that a row is safe which is not."""

    def full(_connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(InputError, match="disk is full"):
        file.run(full)
    assert words(file) == []
