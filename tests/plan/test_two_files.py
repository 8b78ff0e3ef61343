"""Two files of one character: an error that names both, until one of them is set aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import build, opened, verdicts
from support.project import Project

from chargen.actions.check import check
from chargen.actions.mv import move
from chargen.actions.orphans import unneeded
from chargen.errors import Severity, StartError
from chargen.model.values import EntryId, Verdict
from chargen.plan.month import recorded_attempts
from chargen.plan.session import open_session


def errors(book: Project) -> list[str]:
    with open_session(book.root, {}, read_only=True) as session:
        return [str(each) for each in session.planner().plan().problems if each.severity is Severity.ERROR]


def test_two_files_of_one_character_are_an_error_that_names_both(tmp_path: Path) -> None:
    """Chapters may share a character's slug; a file that says that it is archived is no second one."""
    book = Project(tmp_path)
    book.chapter("mara", {"a": "A lamp."})
    text = "entity_type: character\nslug: mara\nimage_inventory: []\n"
    book.write("imagery/characters/mara/imagery.yaml", text)
    assert errors(book) == []
    book.write("imagery/characters/mara/old.yaml", text)
    (problem,) = errors(book)
    assert problem.startswith("imagery/characters/mara/old.yaml: error: the character `mara` has two files")
    assert "`imagery/characters/mara/imagery.yaml` counts" in problem
    book.write("imagery/characters/mara/old.yaml", text + "status: Archived\n")
    assert errors(book) == []


MARA = "imagery/characters/mara/imagery.yaml"
BEFORE, BEHIND = "imagery/characters/a-old/imagery.yaml", "imagery/characters/z-old/imagery.yaml"
"""Where an archived copy may stand in path order."""
PORTRAIT = "characters/mara/mara-portrait"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A character whose portrait is built."""
    made = Project(tmp_path_factory.mktemp("book"))
    made.character("mara", "A face.")
    assert build(made) == 0
    return made


@pytest.fixture
def book(built: Project, tmp_path: Path) -> Project:
    """A copy of it."""
    return built.copy(tmp_path)


def proposed(book: Project) -> list[str]:
    """Return what may go to the trash, and what is left alone for a reason."""
    with opened(book, read_only=True) as (session, _):
        found = unneeded(session)
    return [item.path for item in (*found.files, *found.left)]


def recorded(book: Project) -> list[str]:
    """Return the requests that entries tell of, as in a clone."""
    with opened(book, read_only=True) as (_, planner):
        return [attempt.attempt_id for attempt in recorded_attempts(planner.book, ())]


def test_each_entry_of_an_archived_file_is_archived(book: Project) -> None:
    """Its picture and its record stay; also a picture without a record. Taken back, the file has what it had."""
    text = book.read(MARA)
    (attempt,) = recorded(book)
    book.write(MARA, "status: archived\n" + text.replace("A face.", "Another face."))
    assert verdicts(book) == {PORTRAIT: Verdict.SKIPPED}
    assert (errors(book), proposed(book), recorded(book)) == ([], [], [attempt])
    assert build(book) == 0
    book.character("mara", "A face.")
    book.write(MARA, "status: archived\n" + book.read(MARA))
    assert verdicts(book) == {PORTRAIT: Verdict.SKIPPED}
    assert proposed(book) == []
    book.write(MARA, text)
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}


def test_an_archived_file_keeps_its_pictures_from_a_copy_with_another_slug(book: Project) -> None:
    """The copy has its records; it makes a picture of its own."""
    text = book.read(MARA)
    picture = (book.root / f"generated/{PORTRAIT}.png").read_bytes()
    book.write(MARA, "status: archived\n" + text)
    book.write(
        "imagery/characters/nora/imagery.yaml", text.replace("slug: mara", "slug: nora").replace("A face", "Nora")
    )
    assert build(book) == 0
    assert (book.root / f"generated/{PORTRAIT}.png").read_bytes() == picture
    assert verdicts(book) == {PORTRAIT: Verdict.SKIPPED, "characters/nora/mara-portrait": Verdict.FRESH}


@pytest.mark.parametrize("rejected", [False, True])
def test_a_picture_of_an_archived_file_is_not_given_to_another_entry(book: Project, rejected: bool) -> None:
    """One that asks for the same."""
    text = book.read(MARA)
    if rejected:
        text = text.replace("    prompt_used:", "    status: rejected\n    prompt_used:")
    book.write(MARA, "status: archived\n" + text)
    book.character("nora", "A face.")
    assert verdicts(book) == {PORTRAIT: Verdict.SKIPPED, "characters/nora/nora-portrait": Verdict.MISSING}


def test_the_problems_of_an_archived_file_are_told(book: Project) -> None:
    """And keep its pictures from the trash."""
    book.write(MARA, "status: archived\n" + book.read(MARA).replace("image_inventory:", "image_inventry:"))
    assert "unknown key `image_inventry`" in errors(book)[0]
    with opened(book, read_only=True) as (session, _):
        assert unneeded(session).files == ()


@pytest.mark.parametrize("old", [BEFORE, BEHIND])
def test_the_living_file_has_the_ids_of_an_archived_copy(book: Project, old: str) -> None:
    """Whichever comes first; its record counts, and once."""
    copied = "status: archived\n" + book.read(MARA)
    book.write(old, copied)
    attempts = recorded(book)
    assert len(attempts) == 1
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}
    with opened(book, read_only=True) as (session, planner):
        assert not [each for each in check(session).findings if "two files" in each.problem.message]
        assert planner.image(EntryId(PORTRAIT)).entry.file == MARA
    book.edit(MARA, "A face.", "A scarred face.")
    assert (verdicts(book), errors(book)) == ({PORTRAIT: Verdict.STALE}, [])
    assert build(book) == 0
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}
    assert (book.read(old), proposed(book)) == (copied, [])
    assert len(recorded(book)) == 2
    assert set(attempts) < set(recorded(book))


def test_an_archived_entry_that_nobody_else_has_stays_planned(book: Project) -> None:
    """Beside one that is left out, in a plan of files together too; its picture is not in the way of gc's answer."""
    more = '  - {id: side, prompt_used: A side., size: "128x128"}\n'
    book.write(BEFORE, "status: archived\n" + book.read(MARA) + more)
    side = "characters/mara/side"
    assert verdicts(book) == {side: Verdict.SKIPPED, PORTRAIT: Verdict.FRESH}
    chapter = book.chapter("ch01", {"a": "A lamp."})
    book.write("imagery/again.yaml", book.read(chapter))
    assert verdicts(book) == {side: Verdict.SKIPPED, PORTRAIT: Verdict.FRESH, "chapters/ch01/a": Verdict.BLOCKED}
    assert [each for each in errors(book) if "mara" in each] == []


def test_an_id_in_another_case_is_the_living_files_too(book: Project) -> None:
    """Where case counts, the picture of the archived one is another, and stays."""
    book.write(BEFORE, "status: archived\n" + book.read(MARA).replace("id: mara-portrait", "id: Mara-Portrait"))
    other = "generated/characters/mara/Mara-Portrait.png"
    if not (book.root / other).exists():
        book.write(other, "x")
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}
    assert (errors(book), proposed(book)) == ([], [])


def test_no_entry_is_moved_into_an_archived_file(book: Project) -> None:
    """It would count no more; a slug is that of the living file of two."""
    book.write(BEFORE, "status: archived\nentity_type: character\nslug: old\nimage_inventory: []\n")
    for to in (BEFORE, "characters/old/x"):
        with opened(book) as (session, planner), pytest.raises(StartError, match="is archived"):
            move(session, planner, EntryId(PORTRAIT), to)
    book.write(BEHIND, "entity_type: character\nslug: old\nimage_inventory: []\n")
    with opened(book) as (session, planner):
        assert move(session, planner, EntryId(PORTRAIT), "characters/old/x").position.file == BEHIND
