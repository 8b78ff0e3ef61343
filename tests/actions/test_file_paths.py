"""What entries say of where their pictures are: repaired where the folder moved, told where nothing is there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.inside import build, verdicts
from support.project import Project

from chargen.actions.check import check
from chargen.errors import Severity
from chargen.model.values import Verdict
from chargen.plan.session import open_session

FILE = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """Five sketches in one chapter, built."""
    made = Project(tmp_path)
    made.chapter("ch01", {name: f"A lamp {name}." for name in "abcde"})
    assert build(made) == 0
    return made


def told(book: Project) -> list[tuple[str, str, tuple[str, ...]]]:
    with open_session(book.root, {}, read_only=True) as session:
        found = check(session).findings
    assert {finding.problem.severity for finding in found} <= {Severity.WARNING}
    return [(finding.problem.message, finding.problem.hint, finding.images) for finding in found]


def test_slots_follow_a_folder_that_was_moved(book: Project) -> None:
    """`generated` was changed and the folder moved along: nothing is made, every slot names the new place."""
    (book.root / "generated").rename(book.root / "pictures")
    book.settings('generated = "pictures"')
    assert set(verdicts(book).values()) == {Verdict.FRESH}
    assert {hint for _, hint, _ in told(book)} == {"its picture is at the usual place: the next build writes that"}
    assert build(book) == 0
    paths = re.findall(r'file_path: "(.*)"', book.read(FILE))
    assert paths == [f"pictures/chapters/ch01/{name}.png" for name in "abcde"]
    assert not (book.root / "generated").exists()
    assert told(book) == []


def test_a_place_where_nothing_is_any_more_is_told_with_what_follows(book: Project) -> None:
    """Once for a file: what a build writes anew, puts back, and what it would pay for."""
    assert told(book) == []
    book.edit(FILE, "generated/chapters/ch01/a.png", "an/old/place.png")
    ((message, hint, images),) = told(book)
    assert message == "`file_path` names a picture that is not there: `an/old/place.png`"
    assert (hint, images) == ("its picture is at the usual place: the next build writes that", ("chapters/ch01/a",))
    build(book)
    shutil.rmtree(book.root / "generated")
    ((message, hint, images),) = told(book)
    assert message.endswith("`generated/chapters/ch01/c.png` and 2 more")
    assert hint == "the next build puts it back for free"
    assert len(images) == 5
    shutil.rmtree(book.root / ".chargen")
    ((_, hint, images),) = told(book)
    assert hint.endswith("a build would pay for a new one")
    assert len(images) == 5
    assert set(verdicts(book).values()) == {Verdict.MISSING}


def test_a_place_out_of_the_project_is_not_looked_at(book: Project) -> None:
    """What is there is nobody's business here."""
    book.edit(FILE, "generated/chapters/ch01/a.png", "../outside.png")
    assert not any("outside" in message for message, _, _ in told(book))
