"""Nothing outside a project is read or written through what a stranger put into it."""

import os
import sqlite3
from pathlib import Path

import pytest

from chargen.errors import InputError, StartError
from chargen.store.hash_cache import FileHashes
from chargen.store.history import History
from chargen.store.journal import Journal
from chargen.store.locks import project_lock, target_lock
from chargen.store.originals import Originals
from chargen.store.places import name_inside, read_inside, refuse_link, refuse_links


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder with a secret beside it."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "project" / ".chargen" / "locks").mkdir(parents=True)
    return tmp_path / "project"


def test_files_are_read_inside_only(root: Path) -> None:
    """A link within the project is followed, one that leads out is refused, a pipe is not waited for."""
    (root / "real").write_bytes(b"mine")
    (root / "inner").symlink_to("real")
    (root / "outer").symlink_to("../secret")
    os.mkfifo(root / "pipe")
    assert read_inside(root, "inner") == b"mine"
    for name in ("outer", "../secret", str(root.parent / "secret"), "pipe", "absent"):
        with pytest.raises(InputError):
            read_inside(root, name)


@pytest.mark.parametrize("name", ["", "journal.sqlite", "originals", "chargen.log"])
def test_the_own_folder_holds_no_links(root: Path, name: str) -> None:
    """Neither the folder nor what lies in it may lead elsewhere, not even to something inside."""
    state = root / ".chargen"
    refuse_links(state)
    if name:
        (state / name).symlink_to("locks")
    else:
        state.rename(root / "elsewhere")
        state.symlink_to("elsewhere")
    with pytest.raises(StartError, match="a symbolic link stands where only the program writes"):
        refuse_links(state)


def test_no_lock_empties_what_a_link_leads_to(root: Path) -> None:
    """A lock file is opened to be written: as a link it would cut a file outside to nothing."""
    for name in ("project.lock", "project.pid"):
        link = root / ".chargen" / "locks" / name
        link.symlink_to(root.parent / "secret")
        with pytest.raises(InputError, match="symbolic link"), project_lock(root):
            pass
        link.unlink()
    with target_lock(root, "a"):
        lock = next((root / ".chargen" / "locks").glob("target-*"))
    lock.unlink()
    lock.symlink_to(root.parent / "secret")
    with pytest.raises(InputError, match="symbolic link"), target_lock(root, "a"):
        pass
    assert (root.parent / "secret").read_bytes() == b"secret"


def test_links_further_down_are_refused_too(root: Path) -> None:
    """History and originals lie in folders named by ids and fingerprints, each of which could be a link."""
    (root / ".chargen" / "history").mkdir()
    (root / ".chargen" / "history" / "a").symlink_to(root.parent)
    (root / "target.png").write_bytes(b"picture")
    with pytest.raises(InputError, match="symbolic link"):
        History(root / ".chargen" / "history").keep("a/b", root / "target.png")
    with pytest.raises(InputError, match="symbolic link"):
        refuse_link(root / ".chargen" / "history" / "a", root / ".chargen" / "history")
    assert sorted(path.name for path in root.parent.iterdir()) == ["project", "secret"]


@pytest.mark.parametrize("made", ["TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END", "VIEW v AS SELECT 1"])
def test_a_journal_that_acts_on_its_own_is_set_aside(root: Path, made: str) -> None:
    """What a trigger does to our rows is a stranger's doing: such a journal goes to the trash and is made anew."""
    journal = Journal(root, Originals(root / ".chargen" / "originals"))
    journal.begin_run("one", "doit")
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        connection.execute(f"CREATE {made}")
    connection.close()
    journal.begin_run("two", "doit")
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        assert [row[0] for row in connection.execute("SELECT run_id FROM runs")] == ["two"]
    connection.close()
    assert list((root / ".chargen" / "trash").rglob("journal.sqlite"))


def test_a_cache_that_acts_on_its_own_is_made_anew(root: Path) -> None:
    """The same for the cache of hashes, where a view could count for ever."""
    database = root / ".chargen" / "cache.sqlite"
    (root / "file").write_bytes(b"x")
    later = FileHashes(root, database, now_ns=lambda: 2**62)
    later.hash_of(root / "file")
    later.save()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE VIEW v AS SELECT 1")
    connection.close()
    FileHashes(root, database).hash_of(root / "file")
    assert not database.exists()


def test_an_absolute_path_in_the_project_is_named_as_the_project_names_it(root: Path) -> None:
    """Through a link as well, and where nothing is there yet; what lies elsewhere, and what is relative, stays."""
    (root.parent / "link").symlink_to(root)
    for top in (root, root.parent / "link"):
        assert name_inside(f"{top}/generated/chapters/ch01/*", root) == "generated/chapters/ch01/*"
    (root / "picture.png").symlink_to(root.parent / "secret")
    assert name_inside(f"{root.parent / 'link'}/picture.png", root) == "picture.png"
    assert name_inside("generated/a.png", root) == "generated/a.png"
    assert name_inside(str(root.parent / "secret"), root) == str(root.parent / "secret")
