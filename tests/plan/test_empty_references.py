"""`empty_references` and unknown ids in a whole plan: what goes along, and what blocks a picture that is to be made."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.pictures import png
from support.project import Project

from chargen.cli.main import run
from chargen.plan.plan import Planned
from chargen.plan.session import open_session

CHARACTER = """\
entity_type: character
slug: mara
appearance: A tall girl.
image_inventory:
  - {id: portrait, path: images/portrait.png}
"""


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A chapter that declares a character with an empty list."""
    book = Project(tmp_path, 'empty_references = "portrait"\n')
    extra = "characters: [{ref: mara, reference_images: []}]"
    book.chapter("ch01", {"a": "A lamp."}, extra=extra, entry="depicts_characters: [mara]")
    book.write("imagery/characters/mara/imagery.yaml", CHARACTER)
    return book


def planned(book: Project) -> Planned:
    with open_session(book.root, {}, read_only=True) as session:
        (image,) = session.planner().plan().images
        assert isinstance(image, Planned)
        return image


def test_the_portrait_goes_along(book: Project) -> None:
    book.write("imagery/characters/mara/images/portrait.png", png(64, 64, 1))
    image = planned(book)
    assert [reference.path for reference in image.references] == ["imagery/characters/mara/images/portrait.png"]
    assert (image.verdict.value, image.problems) == ("missing", ())


def test_a_portrait_that_is_not_there_gives_way_to_words(book: Project) -> None:
    """Nobody asked for that very picture: the image is not blocked by it."""
    image = planned(book)
    assert (image.references, image.verdict.value) == ((), "missing")
    assert image.composed is not None
    assert image.composed.text.endswith("Mara looks like this: A tall girl.")
    assert "described in words instead" in image.problems[0].message


def test_without_the_setting_nothing_is_sent(book: Project) -> None:
    book.write("imagery/characters/mara/images/portrait.png", png(64, 64, 1))
    book.settings("")
    assert planned(book).references == ()


def test_an_unknown_id_blocks_a_new_picture_and_no_present_one(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made when words were good enough stays fresh; the slip is an error only where it keeps from sending."""
    book.settings('missing_references = "describe"\n')
    book.edit("imagery/chapters/ch01/imagery.yaml", "reference_images: []", "reference_images: [potrait]")
    monkeypatch.chdir(book.root)
    assert run(["batch", "all"]) == 0
    book.settings('missing_references = "block"\n')
    image = planned(book)
    assert (image.verdict.value, [problem.severity.value for problem in image.problems]) == ("fresh", ["warning"])
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lantern.")
    image = planned(book)
    assert (image.verdict.value, [problem.severity.value for problem in image.problems]) == ("blocked", ["error"])
    assert run(["batch", "all"]) == 1
    assert len(book.originals()) == 1


def test_a_character_the_chapter_does_not_declare_has_one_too(book: Project) -> None:
    """Of whom nothing is listed because nothing is declared: the reference portrait, else a picture of that name."""
    book.write("imagery/characters/mara/images/portrait.png", png(64, 64, 1))
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [mara]")
    assert [reference.character for reference in planned(book).references] == ["mara"]
    book.settings("")
    image = planned(book)
    assert image.references == ()
    assert image.problems[0].hint.endswith('`empty_references = "portrait"` sends `portrait`')
