"""Accepting and forgetting through sessions: what is written, what is refused, and what a later build pays for."""

import shutil
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from support.inside import build
from support.project import Project

from chargen.actions.accept import accept
from chargen.doit_plugin.forgetting import forget, ignore
from chargen.model.reason import ReasonCode
from chargen.model.values import Verdict
from chargen.plan.session import open_session

A = "chapters/ch01/a"
FILE = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A chapter of one image, built."""
    found = Project(tmp_path)
    found.chapter("ch01", {"a": "A lamp."})
    build(found)
    return found


def session(book: Project):
    return open_session(book.root, {})


def verdict(book: Project, entry_id: str = A) -> Verdict:
    with session(book) as opened:
        return opened.plan().by_id[entry_id].verdict


def taken(book: Project, entry_id: str = A):
    with session(book) as opened:
        planner = opened.planner()
        return accept(opened, planner, planner.images([entry_id]))[0]


def forgotten(book: Project, entry_id: str = A):
    with session(book) as opened:
        return forget(opened, opened.planner(), [entry_id])[0]


def test_what_is_current_is_left_as_it_is(book: Project) -> None:
    """Accepting a fresh image changes no byte."""
    before = book.read(FILE)
    assert not taken(book).changed
    assert book.read(FILE) == before


def test_a_changed_prompt_is_taken_without_a_call_and_a_later_edit_counts_again(book: Project) -> None:
    """The record tells today's inputs from then on, and still who made the picture."""
    book.edit(FILE, "A lamp.", "A lantern.")
    assert verdict(book) is Verdict.STALE
    assert taken(book).changed
    assert verdict(book) is Verdict.FRESH
    assert "by=sketch/sketch" in book.records(FILE)[0]
    assert len(book.originals()) == 1
    book.edit(FILE, "A lantern.", "A torch.")
    assert verdict(book) is Verdict.STALE


def test_a_painted_picture_is_taken_and_its_maker_is_not_claimed(book: Project) -> None:
    """Nobody's record fits the new bytes, so the line names no provider."""
    book.image(A).write_bytes(picture())
    assert verdict(book) is Verdict.EDITED
    assert taken(book).changed
    assert verdict(book) is Verdict.FRESH
    assert " by=" not in book.records(FILE)[0]


def test_a_picture_from_before_is_adopted(book: Project) -> None:
    """Without record, journal and originals the present file is taken over with today's inputs."""
    book.chapter("ch02", {"b": "A door."})
    book.write("generated/chapters/ch02/b.png", picture())
    assert taken(book, "chapters/ch02/b").changed
    assert verdict(book, "chapters/ch02/b") is Verdict.FRESH


def test_a_rejected_picture_that_was_painted_over_is_not_rebuilt_once_accepted(book: Project) -> None:
    """The painted picture answers the rejection."""
    book.edit(FILE, "    size:", "    status: rejected\n    size:")
    book.image(A).write_bytes(picture())
    assert taken(book).changed
    assert verdict(book) is Verdict.FRESH


@pytest.mark.parametrize("content", [None, b"", b"no picture", "folder"])
def test_what_is_no_picture_is_refused_and_nothing_is_written(book: Project, content) -> None:
    """An absent file, an empty one, a text and a folder are told with the entry's place."""
    path = book.image(A)
    path.unlink()
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    before = book.read(FILE)
    refused = taken(book)
    assert refused.refused.startswith(f"{FILE}:")
    assert not refused.changed
    assert book.read(FILE) == before


def test_forgetting_builds_a_new_one_once(book: Project) -> None:
    """The mark in the record makes it stale, the new picture's record has no mark, the old one is in the history."""
    assert forgotten(book).marked
    assert forgotten(book).done == "forgotten already"
    assert verdict(book) is Verdict.STALE
    assert build(book) == 0
    assert len(book.originals()) == 2
    assert build(book) == 0
    assert len(book.originals()) == 2
    assert verdict(book) is Verdict.FRESH
    assert len(list((book.root / ".chargen/history").rglob("*.png"))) == 1


def test_a_reply_that_came_after_forgetting_is_not_paid_for_twice(book: Project) -> None:
    """A run that died between its reply and the picture leaves an original newer than the mark: it is restored."""
    assert forgotten(book).marked
    marked, picture_before = book.read(FILE), book.image(A).read_bytes()
    build(book)
    assert len(book.originals()) == 2
    book.write(FILE, marked)
    book.image(A).write_bytes(picture_before)
    assert verdict(book) is Verdict.RESTORABLE
    assert build(book) == 0
    assert len(book.originals()) == 2
    assert verdict(book) is Verdict.FRESH


@pytest.mark.parametrize("status", ["approved", "locked"])
def test_what_a_build_leaves_alone_is_not_forgotten(book: Project, status: str) -> None:
    """A locked image is refused with the way that works, and its file stays as it is."""
    book.edit(FILE, "    size:", f"    status: {status}\n    size:")
    before = book.read(FILE)
    refused = forgotten(book)
    assert "`doit --rebuild generated/chapters/ch01/a.png`" in refused.refused
    assert book.read(FILE) == before


def test_a_painted_picture_is_not_forgotten(book: Project) -> None:
    """What the author painted over would stay all the same, so it is said."""
    book.image(A).write_bytes(picture())
    assert "painted over by hand" in forgotten(book).refused


def test_forgetting_what_is_ignored_only_takes_it_up_again(book: Project) -> None:
    """Ending an ignore never costs an image."""
    with session(book) as opened:
        ignore(opened, [A])
    assert verdict(book) is Verdict.SKIPPED
    assert not forgotten(book).marked
    assert verdict(book) is Verdict.FRESH


def picture() -> bytes:
    """A small picture of somebody else's making."""
    file = BytesIO()
    Image.new("RGB", (128, 96), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("made", ["accepted", "painted", "adopted"])
def test_a_line_that_tells_its_inputs_itself_is_short_and_names_what_changed(book: Project, made: str) -> None:
    """In a fresh clone too, where nothing but the line knows what the author took the picture for."""
    if made == "accepted":
        book.edit(FILE, "A lamp.", "A lantern.")
    else:
        book.image(A).write_bytes(picture())
    if made == "adopted":
        book.edit(FILE, 'record: "', 'was: "')
        shutil.rmtree(book.root / ".chargen")
        build(book)
    else:
        assert taken(book).changed
    (line,) = book.records(FILE)
    assert len(line) <= 300
    assert " sums=" in line
    shutil.rmtree(book.root / ".chargen", ignore_errors=True)
    assert verdict(book) is Verdict.FRESH
    book.edit(FILE, "A l", "At night a l")
    with session(book) as opened:
        reasons = opened.plan().by_id[A].reasons
    assert [reason.values[0] for reason in reasons if reason.code is ReasonCode.INPUT_CHANGED] == ["prompt.prompt_used"]
