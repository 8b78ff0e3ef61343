"""An author's save at any moment of a replacement is never lost: each window is entered on purpose."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from chargen.store import exchange
from chargen.store.exchange import given_back, is_being_written, replace_unchanged
from chargen.store.temporaries import abandoned

BEFORE, OURS, FIRST, SECOND = b"before\n", b"before\nslots\n", b"the author's\n", b"the author's second\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of the author's."""
    path = tmp_path / "imagery.yaml"
    path.write_bytes(BEFORE)
    return path


def in_place(path: Path, data: bytes) -> None:
    """Save as editors do that keep the file."""
    path.write_bytes(data)


def by_rename(path: Path, data: bytes) -> None:
    """Save as editors do that write beside it and rename."""
    new = path.with_name("editor.tmp")
    new.write_bytes(data)
    new.replace(path)


Save = Callable[[Path, bytes], None]
both = pytest.mark.parametrize("save", [in_place, by_rename])


def around(monkeypatch: pytest.MonkeyPatch, before: dict[int, Callable[[], object]], after=None) -> None:
    """Do something before, or after, the exchange of that number."""
    plain, count = exchange._exchange, 0

    def exchanging(one: Path, other: Path) -> bool:
        nonlocal count
        count += 1
        before.get(count, lambda: None)()
        done = plain(one, other)
        (after or {}).get(count, lambda: None)()
        return done

    monkeypatch.setattr(exchange, "_exchange", exchanging)


def replaced(path: Path) -> bool:
    """Replace, and check that nothing of ours is left beside the file."""
    result = replace_unchanged(path, BEFORE, OURS, root=path.parent)
    assert list(path.parent.glob(".chargen*")) == []
    return result


def test_nobody_saves(file: Path) -> None:
    """Without a save in between the file is replaced and keeps its permissions."""
    file.chmod(0o640)
    assert replaced(file)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (OURS, 0o640)


@both
def test_saved_before_the_last_look(file: Path, save: Save) -> None:
    """A file that differs from what was read is left alone."""
    save(file, FIRST)
    assert not replaced(file)
    assert file.read_bytes() == FIRST


@both
def test_saved_between_the_last_look_and_the_exchange(file: Path, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes out of the exchange is the author's save: it is swapped back in."""
    around(monkeypatch, {1: lambda: save(file, FIRST)})
    assert not replaced(file)
    assert file.read_bytes() == FIRST


@both
def test_saved_on_top_of_ours(file: Path, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two saves, the second after the exchange: the second is the newer one and stays."""
    around(monkeypatch, {1: lambda: save(file, FIRST)}, {1: lambda: save(file, SECOND)})
    assert not replaced(file)
    assert file.read_bytes() == SECOND


@both
def test_saved_again_while_the_first_save_is_swapped_back(
    file: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two saves, the second between the look and the swap back: what comes out then is swapped in again."""
    around(monkeypatch, {1: lambda: save(file, FIRST), 2: lambda: save(file, SECOND)})
    assert not replaced(file)
    assert file.read_bytes() == SECOND


def test_an_editor_that_is_in_the_middle_of_writing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A descriptor opened before the exchange still writes into the author's file, which is given back to it."""
    with file.open("r+b") as editor:
        assert is_being_written(file)
        around(monkeypatch, {1: lambda: editor.write(b"BEF")})
        assert not replaced(file)
        editor.write(b"ORE")
    assert file.read_bytes() == b"BEFORE\n"
    assert not is_being_written(file)


def test_an_editor_that_is_about_to_save_on_top_of_ours(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save came out and would go back; meanwhile ours was opened for the next one, which would be lost with it."""
    opened: list[IO[bytes]] = []
    around(monkeypatch, {1: lambda: by_rename(file, FIRST)}, {1: lambda: opened.append(file.open("r+b"))})
    assert not replaced(file)
    with opened[0] as editor:
        editor.truncate()
        editor.write(SECOND)
    assert file.read_bytes() == SECOND


def test_what_can_t_be_opened_counts_as_not_being_written(tmp_path: Path) -> None:
    """A file that goes at this instant must not end a write-back as a fault of the program: its reader says why."""
    assert not is_being_written(tmp_path / "absent")
    assert not is_being_written(tmp_path)


def test_an_editor_that_writes_only_after_the_exchange(file: Path) -> None:
    """Nothing differs yet when the file comes out, but it is open for writing: it goes back."""
    with file.open("ab") as editor:
        assert not replaced(file)
        editor.write(b"more\n")
    assert file.read_bytes() == BEFORE + b"more\n"


def test_a_reader_is_no_writer(file: Path) -> None:
    """A program that only reads, such as a preview, holds nothing up."""
    with file.open("rb"):
        assert replaced(file)


def test_without_exchange_the_file_is_compared_last(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system can't exchange, a save before the last look is still seen, and the rest is a rename."""
    monkeypatch.setattr(exchange, "_swap_call", lambda: None)
    assert replaced(file)
    assert file.read_bytes() == OURS
    by_rename(file, FIRST)
    assert not replaced(file)
    assert file.read_bytes() == FIRST


KILL = """
import os, signal, sys
from pathlib import Path
from chargen.store import exchange
path, save, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
plain = exchange._exchange
def exchanging(one, other):
    if how != "before" and save:
        new = path.with_name("editor.tmp")
        new.write_text(save)
        new.replace(path)
    if how != "before":
        plain(one, other)
    if how == "saved again":
        path.write_text("the author's second\\n")
    os.kill(os.getpid(), signal.SIGKILL)
exchange._exchange = exchanging
if how == "while writing":
    def half(path, data, **_named):
        path.write_bytes(data[:9])
        os.kill(os.getpid(), signal.SIGKILL)
    exchange.make_file = half
exchange.replace_unchanged(path, b"before\\n", b"before\\nslots\\n", root=path.parent)
"""


@pytest.mark.parametrize(
    ("how", "save", "expected", "returned"),
    [
        ("killed", FIRST, FIRST, True),
        ("killed", b"", OURS, False),
        ("before", b"", BEFORE, False),
        ("while writing", b"", BEFORE, False),
    ],
)
def test_a_process_that_dies_in_an_exchange_loses_no_save(
    file: Path, how: str, save: bytes, expected: bytes, returned: bool
) -> None:
    """Killed right after the two files were swapped: the author's newest save had come out, and the next run knows."""
    file.with_name("other.yaml").write_bytes(b"another file\n")
    ended = subprocess.run([sys.executable, "-c", KILL, str(file), save.decode(), how], check=False, timeout=30)
    assert ended.returncode == -9
    (left,) = file.parent.glob(".chargen*")
    assert list(abandoned(file.parent)) == [left]
    assert given_back(left) == (file if returned else None)
    assert file.read_bytes() == expected
    assert not left.exists()
    assert file.with_name("other.yaml").read_bytes() == b"another file\n"


def test_what_nobody_can_tell_stays_where_it_is(file: Path) -> None:
    """The author saved again on top of ours: what came out is an older save, and is left to be looked at."""
    ended = subprocess.run(
        [sys.executable, "-c", KILL, str(file), FIRST.decode(), "saved again"], check=False, timeout=30
    )
    assert ended.returncode == -9
    (left,) = file.parent.glob(".chargen*")
    assert given_back(left) is None
    assert (file.read_bytes(), left.read_bytes()) == (SECOND, FIRST)
    old = left.with_name(f".chargen-99999-{'0' * 16}.tmp")
    left.rename(old)  # as an earlier version named them
    assert given_back(old) is None
    assert old.read_bytes() == FIRST
