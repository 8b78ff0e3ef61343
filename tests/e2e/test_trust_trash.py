"""`orphans`, `gc` and `trash`: what nothing plans any more is proposed, moved, brought back, and only then freed."""

from __future__ import annotations

import errno
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.forks import Forks
from support.project import Project, Run

CH01 = "imagery/chapters/ch01/imagery.yaml"
CH02 = "imagery/chapters/ch02/imagery.yaml"
ORPHAN = "generated/chapters/ch01/b.png"


@pytest.fixture
def book(tmp_path: Path, forks: Forks) -> Project:
    """Two chapters of two images, one entry of the first taken out since."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    made.chapter("ch02", {"c": "A cat.", "d": "A dog."})
    _ok(forks.run(made, "doit"))
    made.chapter("ch01", {"a": "A lamp."})
    return made


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _orphans(forks: Forks, book: Project) -> dict[str, dict[str, Any]]:
    return {item["path"]: item for item in _ok(forks.run(book, "chargen", "orphans", "--json")).json["files"]}


def test_orphans_are_pictures_and_prompt_files_that_no_entry_plans(book: Project, forks: Forks) -> None:
    """With their size and what they were; an author's own files beside them are none of ours."""
    book.write("generated/notes.md", "mine")
    found = _orphans(forks, book)
    assert set(found) == {ORPHAN, "generated/prompts/chapters/ch01/b.txt"}
    assert found[ORPHAN]["id"] == "chapters/ch01/b"
    assert found[ORPHAN]["by"] == "sketch/sketch"
    assert found[ORPHAN]["bytes"] == (book.root / ORPHAN).stat().st_size
    text = _ok(forks.run(book, "chargen", "orphans")).out
    assert "1 picture, 1 prompt file: " in text
    assert (book.root / ORPHAN).is_file()


def test_what_is_still_named_is_no_orphan(book: Project, forks: Forks) -> None:
    """An entry's `file_path`, an inventory's `path`, and the picture a renamed entry takes along."""
    book.edit(CH01, "file_path: null", f"file_path: {ORPHAN}")
    assert ORPHAN not in _orphans(forks, book)
    book.edit(CH01, f"file_path: {ORPHAN}", "file_path: null")
    book.write(
        "imagery/characters/bill/imagery.yaml",
        f"entity_type: character\nslug: bill\nimage_inventory:\n  - {{id: face, path: ../../../{ORPHAN}}}\n",
    )
    assert ORPHAN not in _orphans(forks, book)
    book.edit(CH02, '"c"', '"renamed"')
    assert "generated/chapters/ch02/c.png" not in _orphans(forks, book)
    _ok(forks.run(book, "doit"))
    assert not book.image("chapters/ch02/c").exists(), "it has left its old place"


def test_pictures_of_a_file_that_can_not_be_read_are_no_orphans(book: Project, forks: Forks) -> None:
    """A slip in the YAML, or a conflict of a merge, must not send a chapter to the trash."""
    book.write(CH02, "images: [\n" + book.read(CH02))
    assert set(_orphans(forks, book)) == {ORPHAN, "generated/prompts/chapters/ch01/b.txt"}
    _ok(forks.run(book, "chargen", "gc", "--yes"))
    assert book.image("chapters/ch02/c").is_file()
    (book.root / "imagery").rename(book.root / "plans")
    run = forks.run(book, "chargen", "orphans")
    assert run.code == 3
    assert "nobody can say what is planned" in run.err


def test_gc_proposes_and_moves_only_when_told_to(book: Project, forks: Forks) -> None:
    """Without a terminal and without `--yes` nothing moves; with it all goes to the trash, and comes back."""
    temporary = book.write("generated/.chargen-99999999-0123456789abcdef.tmp", b"x" * 1500)
    run = _ok(forks.run(book, "chargen", "gc"))
    assert "1 picture, 1 prompt file, 1 abandoned temporary file" in run.out
    assert "nothing was moved" in run.out
    assert (book.root / ORPHAN).is_file()
    before = (book.root / ORPHAN).read_bytes()
    assert "moved 3 to the trash" in _ok(forks.run(book, "chargen", "gc", "--yes")).out
    assert not (book.root / ORPHAN).exists()
    assert not temporary.exists()
    assert book.image("chapters/ch01/a").is_file()
    listed = _ok(forks.run(book, "chargen", "trash", "list", "--json")).json
    assert _ok(forks.run(book, "chargen", "trash", "--json")).json == listed
    assert ORPHAN in [item["name"] for item in listed["files"]]
    assert _ok(forks.run(book, "chargen", "gc")).out == "nothing to move to the trash\n"
    assert f"restored {ORPHAN}" in _ok(forks.run(book, "chargen", "trash", "restore", ORPHAN)).out
    assert (book.root / ORPHAN).read_bytes() == before


def test_trash_restore_never_overwrites_and_names_what_it_lacks(book: Project, forks: Forks) -> None:
    """A file that stands there now stays; a misspelt name is answered with the nearest."""
    _ok(forks.run(book, "chargen", "gc", "--yes"))
    book.write(ORPHAN, b"new")
    run = forks.run(book, "chargen", "trash", "restore", ORPHAN)
    assert run.code == 1
    assert "is there already" in run.err
    assert (book.root / ORPHAN).read_bytes() == b"new"
    run = forks.run(book, "chargen", "trash", "restore", "generated/chapters/ch01/bb.png")
    assert run.code == 3
    assert f"did you mean `{ORPHAN}`?" in run.err


def test_emptying_the_trash_needs_a_word(book: Project, forks: Forks) -> None:
    """Without a terminal it takes `--yes`; the size is said; nothing else is touched."""
    _ok(forks.run(book, "chargen", "gc", "--yes"))
    run = forks.run(book, "chargen", "trash", "empty")
    assert (run.code, run.out) == (3, "")
    assert "deletes 2 files" in run.err
    assert _ok(forks.run(book, "chargen", "trash")).out.count("thrown away") == 2
    originals = book.originals()
    assert "deleted 2 files, " in _ok(forks.run(book, "chargen", "trash", "empty", "--yes")).out
    assert _ok(forks.run(book, "chargen", "trash")).out == "the trash is empty\n"
    assert book.originals() == originals
    assert _ok(forks.run(book, "chargen", "trash", "empty", "--yes", "--json")).json == {"files": 0, "bytes": 0}


def test_on_a_terminal_both_ask_and_take_no_for_an_answer(book: Project) -> None:
    """`gc` and `trash empty` ask with the size; no leaves everything, yes does it."""
    assert "move these to the trash? [y/N]" in _typed(book, "n", "gc")
    assert (book.root / ORPHAN).is_file()
    _typed(book, "y", "gc")
    assert not (book.root / ORPHAN).exists()
    assert "for good? [y/N]" in _typed(book, "n", "trash", "empty")
    assert list((book.root / ".chargen/trash").rglob("*.png"))
    _typed(book, "y", "trash", "empty")
    assert not list((book.root / ".chargen").rglob("trash/**/*.png"))


def _typed(book: Project, answer: str, *arguments: str) -> str:
    """Run `chargen` on a terminal, answer its question, and return what the terminal showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "chargen", *arguments]
    process = subprocess.Popen(
        command, cwd=book.root, env={**book.env, "TERM": "dumb"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError as failure:  # the other end is closed: Linux says so with EIO
            assert failure.errno == errno.EIO
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait(timeout=60) == 0, shown
    return shown.decode()


def test_nothing_of_a_stranger_s_trash_leaves_the_project(book: Project, forks: Forks, tmp_path_factory) -> None:
    """What came with a project can name any place: it lands neither behind a link out of it nor in `.git`."""
    outside = tmp_path_factory.mktemp("outside")
    (book.root / "generated/out").symlink_to(outside)
    for was in ("generated/out/x.png", ".git/hooks/post-checkout"):
        book.write(f".chargen/trash/20261122T000000000000Z/{was}", "planted")
        run = forks.run(book, "chargen", "trash", "restore", was)
        assert run.code == 1, run.all
        assert f"{was}: error: a link leads out of the project here, or into git's own folder" in run.err
    assert list(outside.iterdir()) == [] and not (book.root / ".git").exists()
