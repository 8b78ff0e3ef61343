"""Whose scenes a file without a slug tells of: the character beside it, else its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import inside
from support.project import Project

from chargen.model.values import EntryId, Verdict
from chargen.plan.scan import scan_document
from chargen.plan.session import open_session
from chargen.yaml.document import parse

SCENES = """\
character: {name: Mara}
scenes: [{title: A Lamp, scene: Mara holds a lamp.}]
generation_defaults: {provider: sketch, model: sketch}
"""
CHARACTER = "entity_type: character\nslug: mara-vey\nappearance: tall\nimage_inventory: []\n"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A character whose slug is not the name of their folder, and their scenes."""
    book = Project(tmp_path)
    book.write("imagery/cast/mara/ideas.yaml", SCENES)
    book.write("imagery/cast/mara/imagery.yaml", CHARACTER)
    return book


def planned(book: Project) -> set[str]:
    return set(inside.verdicts(book))


def test_the_character_beside_it_gives_the_slug(book: Project) -> None:
    """Also when its slots are written, and when they are read again."""
    assert planned(book) == {"characters/mara-vey/a-lamp"}
    assert inside.build(book) == 0
    assert inside.verdicts(book) == {EntryId("characters/mara-vey/a-lamp"): Verdict.FRESH}
    assert "generated/characters/mara-vey/a-lamp.png" in book.read("imagery/cast/mara/ideas.yaml")


@pytest.mark.parametrize(
    "text",
    [
        CHARACTER.replace("entity_type", "status: archived\nentity_type"),
        CHARACTER.replace("slug: mara-vey", "name: Mara"),
        "slug: mara-vey\n",
        "slug: mara-vey\n  entity_type: [\n",
    ],
)
def test_without_one_the_folder_does(book: Project, text: str) -> None:
    """What is set aside, no character, or no YAML gives none."""
    book.write("imagery/cast/mara/imagery.yaml", text)
    assert planned(book) == {"characters/mara/a-lamp"}


def test_its_own_slug_goes_first(book: Project) -> None:
    book.write("imagery/cast/mara/ideas.yaml", f"slug: somebody\n{SCENES}")
    assert planned(book) == {"characters/somebody/a-lamp"}


def test_a_kept_plan_sees_another_slug_beside(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenes' own file did not change: what they are called does."""
    inside.let_settle(monkeypatch)
    with inside.opened(book) as (session, planner):
        planner.plan()
        session.keep(planner)
        book.edit("imagery/cast/mara/imagery.yaml", "mara-vey", "mara-thorn")
        assert list(session.planner().plan().by_id) == ["characters/mara-thorn/a-lamp"]
        (book.root / "imagery/cast/mara/imagery.yaml").unlink()
        assert list(session.planner().plan().by_id) == ["characters/mara/a-lamp"]


def test_a_folder_that_went_away_lends_no_slug(book: Project) -> None:
    """What was read a moment ago is still read: that the folder is gone is no fault of the program."""
    with open_session(book.root, {}, read_only=True) as session:
        imagery = scan_document(session.project, parse(SCENES.encode(), "imagery/cast/gone/ideas.yaml"))
    assert imagery is not None
    assert [entry.id for entry in imagery.entries] == ["characters/gone/a-lamp"]
