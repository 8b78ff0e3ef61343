"""Every version of an image, and any of them brought back: file and slots, without a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import build, one, opened, verdicts
from support.project import Project

from chargen.actions.history import ImageHistory, Where, history
from chargen.actions.restore import Restored, restore, users
from chargen.errors import InputError, StartError
from chargen.model.values import Verdict

A = "chapters/ch01/a"
CH01 = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """One image, built with one prompt and then with another."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp."})
    build(made)
    made.edit(CH01, "A lamp.", "A door.")
    build(made)
    return made


def versions(book: Project, entry_id: str = A) -> ImageHistory:
    with opened(book, read_only=True) as (session, planner):
        return history(session, one(planner, entry_id))


def back(book: Project, name: str, entry_id: str = A) -> Restored:
    with opened(book) as (session, planner):
        image = one(planner, entry_id)
        return restore(session, image, history(session, image).named(name))


def test_versions_are_numbered_from_the_oldest_and_say_where_they_are(book: Project) -> None:
    """The former one lies in the history; JSON has the prompt, the reason and the hash of each."""
    found = versions(book).versions
    assert [(version.number, version.where) for version in found] == [(1, Where.HISTORY), (2, Where.CURRENT)]
    shown = versions(book).to_json()
    assert (shown["id"], shown["target"]) == (A, f"generated/{A}.png")
    first, second = shown["versions"]
    assert "A lamp." in first["prompt"]
    assert "A door." in second["prompt"]
    assert second["why"] == [f"prompt used changed ({CH01}:7:18)"]
    assert (first["by"], first["by_hand"], first["cost_usd"]) == ("sketch/sketch", False, 0.0)
    assert len(first["file_sha256"]) == 64


def test_a_version_is_named_by_number_hash_or_attempt(book: Project) -> None:
    """What names none or could be several says what there is."""
    found = versions(book)
    first = found.versions[0]
    assert found.named("1") is first
    assert found.named(first.file[:8].upper()) is first
    assert found.named(first.attempt) is first
    with pytest.raises(StartError, match="there is no version `3`"):
        found.named("3")
    with pytest.raises(StartError, match="a number from 1 to 2"):
        found.named("zz")


def test_what_was_painted_over_by_hand_is_a_version_too(book: Project) -> None:
    """It has no maker; brought back, its slots say so and builds leave it alone."""
    (book.root / "generated" / f"{A}.png").write_bytes(book.originals()[0].joinpath("reply.png").read_bytes() + b"hand")
    assert versions(book).versions[-1].by_hand


def test_the_very_file_comes_back_and_a_build_leaves_it(book: Project) -> None:
    """It counts as current for today's inputs until they change; nothing is sent."""
    now = book.image(A).read_bytes()
    done = back(book, "1")
    assert (done.to_json()["version"], done.to_json()["other_inputs"]) == (1, True)
    assert book.image(A).read_bytes() != now
    assert done.to_json()["file_sha256"] == versions(book).named("1").file
    assert verdicts(book)[A] is Verdict.FRESH
    assert build(book) == 0
    assert len(book.originals()) == 2
    back(book, "2")
    assert book.image(A).read_bytes() == now
    book.edit(CH01, "A door.", "A gate.")
    assert verdicts(book)[A] is Verdict.STALE


def test_what_can_not_come_back_says_why_and_changes_nothing(book: Project) -> None:
    """The present one, and one over a Git LFS pointer."""
    before = book.read(CH01)
    with pytest.raises(InputError, match=r"stands at `generated/chapters/ch01/a\.png` already"):
        back(book, "2")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    book.image(A).write_text(pointer)
    with pytest.raises(InputError, match="nothing is put over one"):
        back(book, "1")
    assert (book.read(CH01), book.image(A).read_text()) == (before, pointer)


def test_users_of_a_restored_portrait_are_counted(tmp_path: Path) -> None:
    """Another picture is their reference then; what they were made with before is paid for already."""
    book = Project(tmp_path)
    file = book.character("alice", "A girl.")
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [alice]")
    build(book)
    book.edit(file, "A girl.", "A lady.")
    build(book)
    with opened(book, read_only=True) as (_, planner):
        assert users(planner.plan(), one(planner, "alice-portrait")) == 1
    back(book, "1", "alice-portrait")
    assert verdicts(book)[A] is Verdict.RESTORABLE
