"""Two files of one character: an error that names both, until one of them is set aside."""

from __future__ import annotations

from pathlib import Path

from support.project import Project

from chargen.errors import Severity
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
