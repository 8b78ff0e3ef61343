"""The trash keeps what is moved there until it is emptied."""

import errno
import os
from pathlib import Path

import pytest

from chargen.edge.trash import Trash
from chargen.errors import InputError


def test_files_keep_their_path_and_can_be_found_again(tmp_path: Path) -> None:
    """Files and folders move with their project-relative path; absent ones are left out."""
    (tmp_path / "generated" / "a").mkdir(parents=True)
    (tmp_path / "generated" / "a" / "x.png").write_bytes(b"123")
    (tmp_path / "generated" / "y.png").write_bytes(b"4567")
    trash = Trash(tmp_path)
    moved = trash.move([tmp_path / "generated" / "a", tmp_path / "generated" / "y.png", tmp_path / "absent"])
    assert len(moved) == 2 and list((tmp_path / "generated").iterdir()) == []
    assert [(item.was, item.size) for item in trash.list()] == [("generated/a/x.png", 3), ("generated/y.png", 4)]
    assert trash.size() == 7


def test_only_emptying_frees_space(tmp_path: Path) -> None:
    """Emptying says how much it freed, and an empty trash is no error."""
    trash = Trash(tmp_path)
    assert trash.empty() == 0
    (tmp_path / "x").write_bytes(b"123")
    trash.move([tmp_path / "x"])
    assert trash.empty() == 3
    assert trash.list() == () and trash.size() == 0


def test_equal_names_do_not_meet(tmp_path: Path) -> None:
    """Two files of one name from outside the project both stay."""
    root = tmp_path / "project"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_text(name)
    trash = Trash(root)
    moved = trash.move([tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"])
    assert [path.read_text() for path in moved] == ["a", "b"]


def test_another_file_system_gets_a_copy_first(tmp_path: Path, monkeypatch) -> None:
    """Where a rename can't reach, the file is copied, synced, and only then removed."""

    def refuse(*_args: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    (tmp_path / "x").write_bytes(b"123")
    monkeypatch.setattr(Path, "rename", refuse)
    (moved,) = Trash(tmp_path).move([tmp_path / "x"])
    assert moved.read_bytes() == b"123" and not (tmp_path / "x").exists()


def test_what_can_not_be_moved_stays(tmp_path: Path) -> None:
    """A trash that can't be made is an error with a next step, and the file stays."""
    (tmp_path / ".chargen").write_text("")
    (tmp_path / "x").write_bytes(b"123")
    with pytest.raises(InputError):
        Trash(tmp_path).move([tmp_path / "x"])
    assert (tmp_path / "x").read_bytes() == b"123"


def test_a_file_comes_back_to_where_it_was(tmp_path: Path) -> None:
    """Restoring moves it; its place is the one it had; an existing file there is never overwritten."""
    trash = Trash(tmp_path)
    path = tmp_path / "generated" / "a.png"
    path.parent.mkdir()
    path.write_bytes(b"first")
    trash.move([path])
    (item,) = trash.list()
    path.write_bytes(b"second")
    with pytest.raises(InputError, match="is there already"):
        trash.restore(item)
    assert path.read_bytes() == b"second"
    path.unlink()
    assert trash.restore(item) == path
    assert path.read_bytes() == b"first"
    assert trash.list() == ()
