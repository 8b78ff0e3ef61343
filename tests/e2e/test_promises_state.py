"""What was paid for once is never paid for again: state deleted, clones, names and prompts changed and changed back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project, Run

PAID = "openai/gpt-image-2.6-flare"
CHAPTER = "imagery/chapters/ch01/imagery.yaml"
ALICE = "imagery/characters/alice/imagery.yaml"
WALL = "imagery/locations/wall/imagery.yaml"
A, B, PORTRAIT, PLACE = (
    "chapters/ch01/a",
    "chapters/ch01/b",
    "characters/alice/alice-portrait",
    "locations/wall/overview",
)
IDS = {A, B, PORTRAIT, PLACE}

LOCATION = f"""\
metadata:
  entity_type: location-imagery
  slug: wall
  generation_defaults: {{provider: openai, model: {PAID.partition("/")[2]}}}
overview:
  title: The wall
  prompt_used: A brick wall with a shut gate.
  size: "128x96"
"""


class Built:
    """A built project: a portrait that two images of a chapter show, a location; and what was there before."""

    def __init__(self, root: Path, server: OpenAIServer, forks: Forks) -> None:
        self.server = server
        self.forks = forks
        self.book = Project(root, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=server.environ)
        self.book.character("alice", "A girl with a lamp.", route=PAID)
        images = {"a": "A lamp on a table.", "b": "A door in a wall."}
        self.book.chapter("ch01", images, entry="depicts_characters: [alice]", route=PAID)
        self.book.write(WALL, LOCATION)
        self.before = tree.yaml_files(self.book)
        run = self.doit()
        assert len(server.requests) == 4, run.all
        self.files = {entry_id: tree.sha256(self.book.image(entry_id)) for entry_id in IDS}
        self.asked = 4

    def doit(self, *arguments: str, book: Project | None = None, code: int = 0) -> Run:
        """Run `doit`, in this project if no other is given."""
        run = self.forks.run(book or self.book, "doit", *arguments)
        assert run.code == code, run.all
        return run

    def sent(self) -> int:
        """Return how many requests came since this was asked last."""
        self.asked, before = len(self.server.requests), self.asked
        return self.asked - before

    def same(self, ids: set[str] = IDS, book: Project | None = None) -> None:
        """Check that these pictures are the ones that were built first, and everything is on record."""
        book = book or self.book
        assert {entry_id: tree.sha256(book.image(entry_id)) for entry_id in ids} == {
            entry_id: self.files[entry_id] for entry_id in ids
        }
        tree.all_agrees(book, IDS)

    def status(self, status: str) -> None:
        """Give the chapter's first image a status."""
        self.book.edit(CHAPTER, '    size: "128x96"\n', f'    status: {status}\n    size: "128x96"\n')

    def clone(self, root: Path) -> Project:
        """Commit the author's files and the pictures, and clone them."""
        self.book.write(".gitignore", ".chargen/\n")
        _git(self.book.root, "init", "-q")
        _git(self.book.root, "add", ".")
        _git(self.book.root, "commit", "-qm", "the book")
        subprocess.run(["git", "clone", "-q", str(self.book.root), str(root)], check=True)
        cloned = object.__new__(Project)
        cloned.root, cloned.env = root, {**self.book.env, "HOME": str(root)}
        return cloned


def _git(root: Path, *arguments: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    subprocess.run(["git", *arguments], cwd=root, env={**os.environ, **who}, check=True)


@pytest.fixture
def built(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Built:
    """A project that is built."""
    return Built(tmp_path / "book", openai, forks)


def _no_databases(built: Built) -> None:
    for name in ("journal.sqlite", "doit.json", "cache.sqlite"):
        (built.book.root / ".chargen" / name).unlink(missing_ok=True)


def _no_state(built: Built) -> None:
    shutil.rmtree(built.book.root / ".chargen")


def _no_slots(built: Built) -> None:
    for name, data in built.before.items():
        built.book.write(name, data)


def _no_databases_and_slots(built: Built) -> None:
    _no_databases(built)
    _no_slots(built)


def _no_state_and_slots(built: Built) -> None:
    _no_state(built)
    _no_slots(built)


@pytest.mark.parametrize(
    "lose",
    [_no_databases, _no_state, _no_slots, _no_databases_and_slots, _no_state_and_slots],
    ids=lambda f: f.__name__,
)
def test_lost_state_costs_nothing(built: Built, lose: Callable[[Built], None]) -> None:
    """With the databases, all of `.chargen`, or the slots in the YAML gone, nothing is sent and slots come back."""
    lose(built)
    built.doit()
    assert built.sent() == 0
    lines = tree.recorded(built.book)
    assert set(lines) == set(built.files.values())
    assert {line.get("by") for line in lines.values()} == {PAID}, "a paid picture was taken for one of nobody's"
    assert {entry_id: tree.sha256(built.book.image(entry_id)) for entry_id in IDS} == built.files
    tree.slots_only(built.book, built.before)
    again = built.doit()
    assert "fresh 4" in again.out
    assert built.sent() == 0


def test_a_fresh_clone_sends_nothing(built: Built, tmp_path: Path) -> None:
    """A clone that has the YAML and the pictures and no `.chargen` is up to date, and stays so byte for byte."""
    clone = built.clone(tmp_path / "clone")
    run = built.doit(book=clone)
    assert "fresh 4" in run.out
    assert built.sent() == 0
    assert tree.yaml_files(clone) == tree.yaml_files(built.book)


def test_a_deleted_picture_is_restored(built: Built) -> None:
    """Deleted pictures come back without a call, the same bytes; what shows a deleted portrait stays fresh."""
    for entry_id in (A, PORTRAIT, PLACE):
        built.book.image(entry_id).unlink()
    run = built.doit()
    assert built.sent() == 0
    assert "restored 3" in run.out
    built.same()
    assert "fresh 4" in built.doit().out
    tree.slots_only(built.book, built.before)


def test_a_renamed_entry_keeps_its_picture(built: Built) -> None:
    """A changed `custom_id` takes the picture along without a call; the place under the old name is left."""
    built.book.edit(CHAPTER, 'custom_id: "a"', 'custom_id: "lamp"')
    built.doit()
    assert built.sent() == 0
    assert built.book.image("chapters/ch01/lamp").is_file()
    assert not built.book.image(A).exists()
    assert "file_path: generated/chapters/ch01/lamp.png" in built.book.read(CHAPTER).replace('"', "")
    assert "fresh 4" in built.doit().out
    assert built.sent() == 0


def test_a_renamed_chapter_keeps_its_pictures(built: Built) -> None:
    """A changed slug of a chapter takes all its pictures along without a call."""
    built.book.edit(CHAPTER, "slug: ch01", "slug: ch-one")
    built.doit()
    assert built.sent() == 0
    assert {"chapters/ch-one/a", "chapters/ch-one/b"} <= built.book.images()
    assert "fresh 4" in built.doit().out
    assert built.sent() == 0


def test_a_renamed_entry_keeps_its_picture_in_a_fresh_clone(built: Built, tmp_path: Path) -> None:
    """The same in a clone without `.chargen`, where only the picture under its old name is left."""
    clone = built.clone(tmp_path / "clone")
    clone.edit(CHAPTER, 'custom_id: "a"', 'custom_id: "lamp"')
    clone.edit(WALL, "slug: wall", "slug: old-wall")
    built.doit(book=clone)
    assert built.sent() == 0
    assert tree.sha256(clone.image("chapters/ch01/lamp")) == built.files[A]
    assert tree.sha256(clone.image("locations/old-wall/overview")) == built.files[PLACE]
    assert "fresh 4" in built.doit(book=clone).out
    assert built.sent() == 0


def test_a_prompt_changed_back_is_not_bought_again(built: Built) -> None:
    """A changed prompt is bought once; changed back, the first picture is restored, and so the second once more."""
    built.book.edit(CHAPTER, "on a table", "on a shelf")
    built.doit()
    assert built.sent() == 1
    second = tree.sha256(built.book.image(A))
    built.book.edit(CHAPTER, "on a shelf", "on a table")
    run = built.doit()
    assert "restored 1" in run.out
    built.same()
    built.book.edit(CHAPTER, "on a table", "on a shelf")
    built.doit()
    assert tree.sha256(built.book.image(A)) == second
    assert built.sent() == 0
    assert "fresh 4" in built.doit().out


def test_a_rejected_picture_is_replaced_once(built: Built) -> None:
    """`status: rejected` buys one picture, not one a run; the replaced one stays in the history."""
    built.status("rejected")
    built.doit()
    assert built.sent() == 1
    second = tree.sha256(built.book.image(A))
    assert second != built.files[A]
    kept = [tree.sha256(path) for path in built.book.root.glob(f".chargen/history/{A}/*.png")]
    assert kept == [built.files[A]]
    for _ in range(2):
        assert "fresh 4" in built.doit().out
    assert built.sent() == 0


@pytest.mark.parametrize("lose", [_no_databases, _no_slots, _no_state_and_slots], ids=lambda f: f.__name__)
def test_an_answered_rejection_stays_answered(built: Built, lose: Callable[[Built], None]) -> None:
    """What answered a rejection is known by its own record, too: lost slots or state don't buy a third picture."""
    built.status("rejected")
    built.doit()
    assert built.sent() == 1
    lose(built)
    if "status: rejected" not in built.book.read(CHAPTER):
        built.status("rejected")
    built.doit()
    built.doit()
    assert built.sent() == 0


def test_a_deleted_answer_to_a_rejection_is_restored(built: Built) -> None:
    """The picture that answered a rejection was paid for: deleted, it comes back; it is not the rejected one."""
    built.status("rejected")
    built.doit()
    second = tree.sha256(built.book.image(A))
    assert built.sent() == 1
    built.book.image(A).unlink()
    built.doit()
    assert built.sent() == 0
    assert tree.sha256(built.book.image(A)) == second
    assert "fresh 4" in built.doit().out


def test_a_rejected_picture_that_was_deleted_is_not_restored(built: Built) -> None:
    """Rejected and deleted before any answer: a new one is bought, once."""
    built.status("rejected")
    built.book.image(A).unlink()
    built.doit()
    assert built.sent() == 1
    assert tree.sha256(built.book.image(A)) != built.files[A]
    _no_slots(built)
    built.status("rejected")
    built.doit()
    assert built.sent() == 0
