"""The author's word on images: what is written, what it changes for the next build, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import build, opened, verdicts
from support.project import Project

from chargen.actions.status import StatusChange, set_status
from chargen.errors import StartError
from chargen.model.values import Status, Verdict
from chargen.plan.selection import Selection

A, B = "chapters/ch01/a", "chapters/ch01/b"
PORTRAIT = "characters/alice/alice-portrait"
CH01 = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """Two images that show a planned portrait, all built."""
    made = Project(tmp_path)
    made.character("alice", "A girl with a lamp.")
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [alice]")
    assert build(made) == 0
    return made


def mark(book: Project, status: Status, *terms: str) -> StatusChange:
    with opened(book) as (session, _):
        return set_status(session, Selection(terms), status)


def test_an_approval_is_one_line_and_keeps_the_image(book: Project) -> None:
    """An edit afterwards is told, and builds nothing."""
    before = book.read(CH01).splitlines()
    change = mark(book, Status.APPROVED, A)
    added = [line for line in book.read(CH01).splitlines() if line not in before]
    assert added == ['    status: "approved"']
    assert [(item.before, item.after, item.changed) for item in change.marked] == [(None, Status.APPROVED, True)]
    assert not (change.stale or change.held or change.settled)
    book.edit(CH01, "A lamp.", "A candle.")
    assert verdicts(book)[A] is Verdict.LOCKED
    assert build(book) == 0
    assert len(book.originals()) == 3


def test_a_rejected_portrait_makes_its_users_stale(book: Project) -> None:
    """What follows is told in the words and prices of the plan; a locked user is held."""
    mark(book, Status.LOCKED, B)
    change = mark(book, Status.REJECTED, PORTRAIT)
    assert [image.id for image in change.stale] == [PORTRAIT, A]
    assert [image.id for image in change.held] == [B]
    shown = change.to_json()
    assert [image["id"] for image in shown["stale"]] == [PORTRAIT, A]
    assert shown["cost_usd"] == 0.0
    assert shown["images"][0] == {
        "id": PORTRAIT,
        "file": "imagery/characters/alice/imagery.yaml",
        "line": 6,
        "before": None,
        "after": "rejected",
        "changed": True,
        "asks_again": False,
        "confirms": False,
        "review_note": None,
        "refused": None,
        "notes": [],
    }


def test_a_rejection_of_a_painted_picture_says_that_only_a_name_replaces_it(book: Project) -> None:
    """Also where it was approved, and where it is rejected already; of a picture of ours nothing is said."""
    book.image(A).write_bytes(book.image(B).read_bytes() + b"paint")
    mark(book, Status.APPROVED, A)
    for _ in range(2):
        change = mark(book, Status.REJECTED, A, B)
        of_painted, of_ours = (item.notes for item in change.marked)
        assert (len(of_painted), of_ours) == (1, ())
        assert f"`doit --rebuild {A}` makes a new one" in of_painted[0]
        build(book)
    assert verdicts(book)[A] is Verdict.EDITED


def test_a_rejection_that_was_answered_asks_again_when_it_is_repeated(book: Project) -> None:
    """Built once for each word of the author's."""
    mark(book, Status.REJECTED, A)
    build(book)
    assert verdicts(book)[A] is Verdict.FRESH
    again = mark(book, Status.REJECTED, A)
    assert (again.marked[0].asks_again, [image.id for image in again.stale]) == (True, [A])
    assert verdicts(book)[A] is Verdict.STALE


def test_unlocking_ends_an_approval_and_nothing_else(book: Project) -> None:
    """A stale image is built after it; one that was not locked is left alone, and that is said."""
    mark(book, Status.LOCKED, A)
    book.edit(CH01, "A lamp.", "A candle.")
    change = mark(book, Status.DRAFT, A, B)
    assert [image.id for image in change.stale] == [A]
    assert [(item.changed, item.notes) for item in change.marked] == [(True, ()), (False, ("it is not locked",))]


def test_approving_settles_what_was_stale_with_a_note(book: Project) -> None:
    """Nothing is built for it any more."""
    book.edit(CH01, "A lamp.", "A candle.")
    change = mark(book, Status.APPROVED, A)
    assert [image.id for image in change.settled] == [A]
    assert change.marked[0].notes == (f"it is kept although it is stale: prompt used changed ({CH01}:7:18)",)


def test_an_image_without_a_picture_is_refused_and_the_others_are_not(book: Project) -> None:
    """Nothing is written for what is not there."""
    book.chapter("ch02", {"c": "A cat."})
    before = book.read("imagery/chapters/ch02/imagery.yaml")
    change = mark(book, Status.APPROVED, "chapters/*")
    assert [(item.image.id, item.refused, item.changed) for item in change.marked] == [
        (A, "", True),
        (B, "", True),
        ("chapters/ch02/c", "there is no picture yet", False),
    ]
    assert book.read("imagery/chapters/ch02/imagery.yaml") == before


def test_without_names_nothing_is_marked(book: Project) -> None:
    """A bare `approve` is no approval of a whole book."""
    with pytest.raises(StartError, match="name the images"):
        mark(book, Status.APPROVED)
