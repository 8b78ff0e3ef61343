"""The trash keeps what is moved there until it is emptied."""

import errno
import os
from pathlib import Path

import pytest

from chargen.errors import InputError
from chargen.store.trash import Trash


def test_files_keep_their_path_and_can_be_found_again(tmp_path: Path) -> None:
    """Files and folders move with their project-relative path; absent ones are left out."""
    (tmp_path / "generated" / "a").mkdir(parents=True)
    (tmp_path / "generated" / "a" / "x.png").write_bytes(b"123")
    (tmp_path / "generated" / "y.png").write_bytes(b"4567")
    trash = Trash(tmp_path)
    moved = trash.move([tmp_path / "generated" / "a", tmp_path / "generated" / "y.png", tmp_path / "absent"])
    assert len(moved) == 2 and list((tmp_path / "generated").iterdir()) == []
    assert [(item.was, item.size) for item in trash.list()] == [("generated/a/x.png", 3), ("generated/y.png", 4)]


def test_only_emptying_frees_space(tmp_path: Path) -> None:
    """Emptying says how much it freed, and an empty trash is no error."""
    trash = Trash(tmp_path)
    assert trash.empty() == 0
    (tmp_path / "x").write_bytes(b"123")
    trash.move([tmp_path / "x"])
    assert trash.empty() == 3
    assert trash.list() == ()


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


def planted(root: Path, was: str) -> None:
    """A file in the trash that nobody threw away."""
    path = root / ".chargen" / "trash" / "20261122T000000000000Z" / was
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"planted")


@pytest.mark.parametrize("to", ["outside", "project/.git/hooks"])
def test_nothing_comes_back_through_a_link(to: str, tmp_path: Path) -> None:
    """Neither to a folder outside of the project nor into git's own, whatever stands in the trash."""
    root = tmp_path / "project"
    (tmp_path / to).mkdir(parents=True)
    (root / "generated").mkdir(parents=True)
    (root / "generated" / "out").symlink_to(tmp_path / to)
    planted(root, "generated/out/deep/x.png")
    trash = Trash(root)
    (item,) = trash.list()
    with pytest.raises(InputError, match="leads out of the project here"):
        trash.restore(item)
    assert list((tmp_path / to).iterdir()) == [] and item.path.exists()


def test_git_s_own_folder_gets_nothing_back(tmp_path: Path) -> None:
    """What lies in the trash may have come with a stranger's project, and git runs what lies there."""
    planted(tmp_path, ".git/hooks/post-checkout")
    (item,) = Trash(tmp_path).list()
    with pytest.raises(InputError):
        Trash(tmp_path).restore(item)
    assert not (tmp_path / ".git").exists()


def test_a_link_comes_back_only_if_it_leads_into_the_project(tmp_path: Path) -> None:
    """Where it would lead from its place counts, not where it leads from the trash."""
    root = tmp_path / "project"
    (root / "generated").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"1")
    for name, to in (("in.png", "a.png"), ("out.png", "../../secret")):
        (root / "generated" / name).symlink_to(to)
    trash = Trash(root)
    trash.move([root / "generated" / "in.png", root / "generated" / "out.png"])
    inside, outside = trash.list()
    assert trash.restore(inside).is_symlink()
    with pytest.raises(InputError):
        trash.restore(outside)
    assert not (root / "generated" / "out.png").is_symlink()


def test_what_lies_in_the_trash_itself_is_no_file_of_the_project(tmp_path: Path) -> None:
    """Only what has a path below the folder of its time was thrown away."""
    folder = tmp_path / ".chargen" / "trash"
    folder.mkdir(parents=True)
    (folder / "x").write_bytes(b"1")
    (folder / "20261122T000000000000Z").symlink_to(tmp_path)
    assert Trash(tmp_path).list() == ()
