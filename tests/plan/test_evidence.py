"""What is found of an image on the disk, and what the plan makes of it: real files, no process and no picture made."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from servers import pictures
from support.project import Project

from chargen.actions.check import check
from chargen.errors import Severity
from chargen.model.inputs import parts
from chargen.model.reason import ReasonCode
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, FileHash, Verdict
from chargen.plan.plan import Planned
from chargen.plan.session import open_session

A = EntryId("chapters/ch01/a")
CHAPTER = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A chapter of one image, which shows a character with a portrait of the author's."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [ivo]")
    book.write(
        "imagery/characters/ivo/imagery.yaml",
        "entity_type: character\nslug: ivo\nimage_inventory:\n"
        "  - {id: face, path: face.png, is_reference_portrait: true}\n",
    )
    book.write("imagery/characters/ivo/face.png", pictures.png(32, 32, 1))
    return book


def planned(book: Project) -> Planned:
    with open_session(book.root, {}, read_only=True) as session:
        return session.plan().by_id[A]


def record(book: Project, data: bytes) -> None:
    """Put a picture at the target, and its record line into the entry."""
    found = planned(book)
    assert found.inputs is not None
    assert found.fingerprint is not None
    line = RecordLine(
        found.fingerprint,
        FileHash(hashlib.sha256(data).hexdigest()),
        len(data),
        "sketch/sketch",
        parts=tuple(parts(found.inputs).items()),
    )
    book.write(found.target, data)
    book.edit(CHAPTER, "provider_metadata: {}", f'provider_metadata: {{record: "{line.format()}"}}')


def test_a_picture_painted_over_at_equal_size_is_never_replaced(book: Project) -> None:
    """Its size is evidence while it stays; before it would be replaced its bytes are read."""
    record(book, pictures.png(128, 96, 1))
    painted = pictures.png(128, 96, 2)
    assert len(painted) == book.image(A).stat().st_size
    book.image(A).write_bytes(painted)
    assert planned(book).verdict is Verdict.FRESH
    book.edit(CHAPTER, "A lamp.", "A lamp at night.")
    assert planned(book).verdict is Verdict.EDITED


def test_what_changed_is_told_from_the_original_or_the_picture_where_the_line_has_no_parts(book: Project) -> None:
    """A new line names no parts: the reasons are those of the full record, beside the original or in the picture."""
    assert book.chargen("batch", "chapters").code == 0
    (line,) = book.records(CHAPTER)
    assert line.startswith("2 in=")
    assert "parts=" not in line
    assert len(line) <= 300
    book.edit(CHAPTER, "A lamp.", "A lamp at night.")
    with_original = planned(book)
    shutil.rmtree(book.root / ".chargen")
    alone = planned(book)
    for image in (with_original, alone):
        assert image.verdict is Verdict.STALE
        assert [reason.code for reason in image.reasons] == [ReasonCode.INPUT_CHANGED]
        assert image.reasons[0].values[0] == "prompt.prompt_used"


def test_what_hinders_only_a_new_picture_is_no_error_of_one_that_exists(book: Project) -> None:
    """`check` ends well where nothing has to be made, and with an error where it has."""
    record(book, pictures.png(128, 96, 1))
    (book.root / "imagery/characters/ivo/face.png").unlink()
    for there, severity in ((True, Severity.WARNING), (False, Severity.ERROR)):
        if not there:
            book.image(A).unlink()
        with open_session(book.root, {}, read_only=True) as session:
            checked = check(session)
        assert planned(book).verdict is (Verdict.FRESH if there else Verdict.BLOCKED)
        assert checked.exit_code == (0 if there else 1)
        (told,) = (item.problem for item in checked.findings if "is not there" in item.problem.message)
        assert told.severity is severity
