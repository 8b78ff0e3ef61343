"""What is replaced stays, with hard links and without."""

import os
from pathlib import Path

import pytest

from chargen.errors import InputError
from chargen.model.values import EntryId
from chargen.store.files import hash_bytes, write_durably
from chargen.store.history import History

ALICE = EntryId("chapters/ch01/alice")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "generated" / "alice.png"
    write_durably(path, b"one")
    return path


@pytest.fixture(params=["links", "no links"])
def history(request, tmp_path: Path, monkeypatch) -> History:
    if request.param == "no links":

        def refuse(*_args: object) -> None:
            raise PermissionError("no hard links here")

        monkeypatch.setattr(os, "link", refuse)
    return History(tmp_path / ".chargen" / "history")


def test_every_replaced_version_is_listed_and_readable(history: History, target: Path) -> None:
    """Two replacements leave two versions, under the hash of their bytes; keeping one twice changes nothing."""
    for data in (b"two", b"three"):
        with history.keeping(ALICE, target) as kept:
            assert kept is not None and target.exists()
            write_durably(target, data)
    assert {kept.sha256 for kept in history.list(ALICE)} == {hash_bytes(b"one"), hash_bytes(b"two")}
    assert {history.read(kept) for kept in history.list(ALICE)} == {b"one", b"two"}
    history.keep(ALICE, target)
    history.keep(ALICE, target)
    assert len(history.list(ALICE)) == 3
    assert history.list(EntryId("chapters/ch01")) == ()


def test_painting_over_the_new_file_does_not_change_the_old(history: History, target: Path) -> None:
    """The kept version is the replaced file, not the one that stands there now."""
    with history.keeping(ALICE, target):
        write_durably(target, b"two")
    target.write_bytes(b"painted")
    assert [history.read(kept) for kept in history.list(ALICE)] == [b"one"]


def test_a_replacement_that_fails_leaves_nothing_shared(history: History, target: Path) -> None:
    """Painting over the file that stayed must not reach into the history."""
    with pytest.raises(InputError), history.keeping(ALICE, target):
        raise InputError("no space")
    target.write_bytes(b"painted in place")
    assert [history.read(kept) for kept in history.list(ALICE)] == [b"one"]


def test_a_process_that_died_before_the_replacement_leaves_nothing_shared_after_the_next(
    history: History, target: Path
) -> None:
    """Kept twice without a replacement between, the two are made apart."""
    history.keep(ALICE, target)
    history.keep(ALICE, target)
    target.write_bytes(b"painted in place")
    assert [history.read(kept) for kept in history.list(ALICE)] == [b"one"]


def test_a_file_the_author_linked_elsewhere_is_copied(history: History, target: Path) -> None:
    """An own hard link of the author's may be painted over at any time."""
    if os.link.__name__ == "link":  # not where links are refused
        (target.parent / "mine.png").hardlink_to(target)
    with history.keeping(ALICE, target):
        write_durably(target, b"two")
    if (target.parent / "mine.png").exists():
        (target.parent / "mine.png").write_bytes(b"painted")
    assert [history.read(kept) for kept in history.list(ALICE)] == [b"one"]


def test_a_kept_version_that_was_damaged_is_told_and_made_again(history: History, target: Path) -> None:
    """Bytes that don't fit their name are not given out; keeping the same version again mends it."""
    with history.keeping(ALICE, target) as kept:
        write_durably(target, b"two")
    kept.path.write_bytes(b"rot")
    assert history.read(kept) is None
    write_durably(target, b"one")
    history.keep(ALICE, target)
    assert history.read(kept) == b"one"
    kept.path.unlink()
    assert history.read(kept) is None


def test_nothing_there_nothing_kept(history: History, tmp_path: Path) -> None:
    """An absent target and a folder have no version."""
    assert history.keep(ALICE, tmp_path / "absent.png") is None
    assert history.keep(ALICE, tmp_path) is None
    assert not history.folder.exists()


def test_links_are_used_where_they_can_be(tmp_path: Path, target: Path) -> None:
    """No second copy on the disk where the file system can share the bytes."""
    inode = target.stat().st_ino
    history = History(tmp_path / ".chargen" / "history")
    with history.keeping(ALICE, target) as kept:
        write_durably(target, b"two")
    assert kept.path.stat().st_ino == inode


def test_a_history_that_can_not_be_made_is_an_input_error_and_the_target_stays(tmp_path: Path, target: Path) -> None:
    """A file where the folder belongs is said, before anything is replaced."""
    (tmp_path / ".chargen").write_text("")
    with (
        pytest.raises(InputError, match="can't keep this file"),
        History(tmp_path / ".chargen" / "history").keeping(ALICE, target),
    ):
        write_durably(target, b"two")
    assert target.read_bytes() == b"one"


def test_a_file_that_changes_while_it_is_kept_is_kept_under_its_own_name(
    tmp_path: Path, target: Path, monkeypatch
) -> None:
    """Bytes painted in between the look and the link are copied, never linked under a wrong name."""
    history = History(tmp_path / ".chargen" / "history")
    link = os.link

    def paint_then_link(source: Path, place: Path) -> None:
        target.write_bytes(b"painted just now")
        link(source, place)

    monkeypatch.setattr(os, "link", paint_then_link)
    kept = history.keep(ALICE, target)
    assert kept.sha256 == hash_bytes(b"painted just now")
    assert [history.read(each) for each in history.list(ALICE)] == [b"painted just now"]
