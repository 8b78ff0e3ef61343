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
OLD = "imagery/characters/a-old/imagery.yaml"
"""Before the other one in path order."""
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


def test_nothing_of_an_archived_file_is_planned_and_its_pictures_stay(book: Project) -> None:
    """Also one that nobody recorded, and its prompt; taken back, the file has the picture it had."""
    text = book.read(MARA)
    portrait, prompt = f"generated/{PORTRAIT}.png", f"generated/prompts/{PORTRAIT}.txt"
    book.character("mara", "A face.")
    for archived in (text, book.read(MARA)):
        book.write(MARA, "status: archived\n" + archived)
        assert verdicts(book) == {}
        assert errors(book) == []
        assert proposed(book) == []
    assert (book.root / portrait).is_file()
    assert (book.root / prompt).is_file()
    book.write(MARA, text)
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}


def test_the_living_file_has_the_ids_and_pictures_of_an_archived_copy(book: Project) -> None:
    """The copy has the same records, and stands first."""
    book.write(OLD, "status: archived\n" + book.read(MARA))
    assert errors(book) == []
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}
    with opened(book, read_only=True) as (session, planner):
        assert not [each for each in check(session).findings if "two files" in each.problem.message]
        assert planner.image(PORTRAIT).entry.file == MARA
    book.edit(MARA, "A face.", "A scarred face.")
    before = book.read(OLD)
    assert verdicts(book) == {PORTRAIT: Verdict.STALE}
    assert build(book) == 0
    assert verdicts(book) == {PORTRAIT: Verdict.FRESH}
    assert book.read(OLD) == before


def test_a_renamed_file_takes_its_picture_from_an_archived_copy(book: Project) -> None:
    """The copy stands where the picture does; what was paid for goes to the file that counts."""
    book.write(OLD, "status: archived\n" + book.read(MARA))
    book.edit(MARA, "slug: mara", "slug: maren")
    assert verdicts(book) == {"characters/maren/mara-portrait": Verdict.RESTORABLE}
    assert build(book) == 0
    assert verdicts(book) == {"characters/maren/mara-portrait": Verdict.FRESH}
    assert len(book.originals()) == 1


def test_no_entry_is_moved_into_a_file_that_plans_nothing(book: Project) -> None:
    """Its picture would be nobody's there."""
    book.write(OLD, "status: archived\nentity_type: character\nslug: old\nimage_inventory: []\n")
    with opened(book) as (session, planner), pytest.raises(StartError, match=r"nothing in .* is planned"):
        move(session, planner, EntryId(PORTRAIT), OLD)
    with opened(book) as (session, planner), pytest.raises(StartError, match="there is no character `old`"):
        move(session, planner, EntryId(PORTRAIT), "characters/old/x")
