"""A row left open by a process that died after its slots were written is ended by the next run."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from support import tree
from support.project import Project

from chargen.build.opening import open_build


@pytest.mark.parametrize("agrees", [True, False])
def test_a_row_left_open_is_ended_only_where_picture_and_record_agree(tmp_path: Path, agrees: bool) -> None:
    """The task `building` becomes `done` with its file; one whose picture was painted over stays as it is."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    run = book.doit()
    assert run.code == 0, run.all
    database = tmp_path / ".chargen" / "journal.sqlite"
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("UPDATE tasks SET status='building', finished_at=NULL")
        connection.execute("UPDATE attempts SET file_sha256=NULL")
    connection.close()
    if not agrees:
        book.image("chapters/ch01/a").write_bytes(b"painted over")
    open_build(tmp_path, environ={}).close()
    status, ended = tree.journal(book, "SELECT status, finished_at FROM tasks")[0]
    assert (status, bool(ended)) == (("done", True) if agrees else ("building", False))
    assert bool(tree.journal(book, "SELECT 1 FROM attempts WHERE file_sha256 IS NOT NULL")) == agrees


def test_a_save_that_came_out_of_an_exchange_is_given_back_and_told(tmp_path: Path) -> None:
    """The run died right after it: the author's newest save stands in a temporary file, and ours in its place."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    before = book.read(file)
    assert book.doit().code == 0
    after, saved = book.read(file), before.replace("A lamp.", "A red lamp.")
    digests = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in (before, after))
    book.write(file.replace("imagery.yaml", f".chargen-999999999-0123456789abcdef-{''.join(digests)}.tmp"), saved)
    run = book.doit()
    assert f"{file}: warning: a run died while you were saving this file: your save is back" in run.out
    assert "A red lamp." in book.read(file)
    assert tree.stray(book) == []
    tree.all_agrees(book, {"chapters/ch01/a"})


def test_what_a_dead_run_left_beside_an_imagery_file_goes_to_the_trash(tmp_path: Path) -> None:
    """It may be what the author saved in the instant of the exchange; elsewhere it is ours and removed.

    In the trash it stays, whatever runs come after.
    """
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    name = ".chargen-999999999-0123456789abcdef.tmp"
    book.write(file.replace("imagery.yaml", name), "the author's")
    book.write(f"generated/{name}", "ours")
    build = open_build(tmp_path, environ={})
    (problem,) = build.session.state_problems
    build.close()
    open_build(tmp_path, environ={}).close()
    assert "may be a save of yours" in problem.message
    assert tree.stray(book) == []
    assert [path.read_text() for path in tmp_path.rglob(name)] == ["the author's"]


def test_what_came_to_an_imagery_file_during_a_run_is_not_removed_at_its_end(tmp_path: Path) -> None:
    """Another command died meanwhile: what may be an author's save waits for the next run, beside pictures it goes."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    name = ".chargen-999999999-0123456789abcdef.tmp"
    build = open_build(tmp_path, environ={})
    saved = book.write(file.replace("imagery.yaml", name), "the author's")
    ours = [book.write(f"{folder}/{name}", "ours") for folder in ("generated", ".chargen")]
    build.close()
    assert saved.read_text() == "the author's"
    assert not any(path.exists() for path in ours)
