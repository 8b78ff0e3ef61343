"""What a change reaches: by slug, file, template, picture or image, through portraits, with what stays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support.inside import build, opened
from support.project import Project

from chargen.actions.impact import Impact, impact
from chargen.errors import StartError

PORTRAIT = "characters/alice/alice-portrait"
CH01 = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A portrait that two images show, a chapter without anybody, a location: all built as sketches."""
    made = Project(tmp_path)
    made.character("alice", "A girl.")
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [alice]")
    made.chapter("ch02", {"c": "A cat."})
    made.write(
        "imagery/locations/inn/imagery.yaml",
        "metadata: {entity_type: location-imagery, slug: inn, generation_defaults: {provider: sketch}}"
        '\noverview: {slug: yard, prompt_used: "A yard.", size: "96x64"}\nzones: []\n',
    )
    assert build(made) == 0
    return made


def reached(book: Project, what: str, within: str = "") -> Impact:
    with opened(book, read_only=True) as (session, planner):
        return impact(session, planner, what, within)


def ids(found: Impact) -> list[str]:
    return [item.image.id for item in found.reached]


@pytest.mark.parametrize(
    ("what", "words", "own"),
    [
        ("alice", "the character alice", [PORTRAIT, "chapters/ch01/a", "chapters/ch01/b"]),
        (PORTRAIT, f"the image {PORTRAIT}", [PORTRAIT, "chapters/ch01/a", "chapters/ch01/b"]),
        ("ch02", "the chapter ch02", ["chapters/ch02/c"]),
        ("inn", "the location inn", ["locations/inn/yard"]),
        (CH01, f"the file {CH01}", ["chapters/ch01/a", "chapters/ch01/b"]),
        ("prompts/location.txt.j2", "the template prompts/location.txt.j2", ["locations/inn/yard"]),
        ("chapters/*", "3 images", ["chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"]),
        ("ch02/c", "the image chapters/ch02/c", ["chapters/ch02/c"]),
    ],
)
def test_whatever_feeds_images(book: Project, what: str, words: str, own: list[str]) -> None:
    """Everything has its name in words and the images it reaches, in build order."""
    found = reached(book, what)
    assert (found.what, sorted(ids(found))) == (words, sorted(own))


def test_a_portrait_passes_a_change_on_unless_it_is_locked(book: Project) -> None:
    """Its users are reached through it; where it stays as it is, nothing of theirs is rebuilt."""
    found = reached(book, PORTRAIT)
    assert [(item.through, item.rebuilds) for item in found.reached] == [
        (None, True),
        (PORTRAIT, True),
        (PORTRAIT, True),
    ]
    book.edit("imagery/characters/alice/imagery.yaml", "is_reference", "status: locked\n    is_reference")
    kept = reached(book, PORTRAIT)
    assert [item.rebuilds for item in kept.reached] == [False, False, False]
    assert [item.image.id for item in kept.kept] == [PORTRAIT]


def test_approved_images_stay_and_a_price_nobody_knows_is_none(book: Project) -> None:
    """What a change costs is the price of what it rebuilds; JSON says the same."""
    book.edit(CH01, '    size: "128x96"', '    size: "128x96"\n    status: approved')
    found = reached(book, CH01)
    assert [item.rebuilds for item in found.reached] == [False, True]
    assert (found.price.usd, len(found.kept)) == (Decimal(0), 1)
    shown = found.to_json()
    assert (shown["locked"], shown["rebuilds"], shown["cost_usd"]) == (1, 1, 0.0)
    assert [image["rebuilds"] for image in shown["images"]] == [False, True]
    book.edit(CH01, "provider: sketch, model: sketch", "provider: openai, model: unheard-of")
    assert reached(book, CH01).price.usd is None


def test_a_template_that_is_included_reaches_whoever_includes_it(book: Project) -> None:
    """A part of the chapter's template is no part of the location's."""
    book.write("prompts/part.j2", "a part")
    text = book.read("prompts/chapter.txt.j2")
    book.write("prompts/chapter.txt.j2", text + "{% include 'part.j2' %}")
    assert ids(reached(book, "prompts/part.j2")) == ["chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"]
    assert ids(reached(book, "part.j2", within="prompts")) == ids(reached(book, "prompts/part.j2"))


def test_what_is_nothing_and_what_could_be_several(book: Project) -> None:
    """The nearest slug is suggested; a name that several have names them."""
    with pytest.raises(StartError, match="is no image, slug, imagery file, picture or template"):
        reached(book, "alcie")
    with pytest.raises(StartError, match="did you mean `alice`"):
        reached(book, "alcie")
    book.chapter("ch03", {"c": "A dog."})
    with pytest.raises(StartError, match="means 2 images"):
        reached(book, "c")


def test_of_a_character_the_picture_and_the_text_are_told_apart(book: Project) -> None:
    """Where the portrait is sent, the appearance is no part of the prompt; where there is none, only the text is."""
    found = reached(book, "alice")
    assert [item.image.id for item in found.by_picture] == ["chapters/ch01/a", "chapters/ch01/b"]
    assert (found.by_text, found.of_character) == ((), True)
    book.character("bob", appearance="a tall man in grey")
    book.chapter("ch03", {"d": "A dog."}, entry="depicts_characters: [bob]")
    told = reached(book, "imagery/characters/bob/imagery.yaml")
    assert [(item.image.id, item.shows_picture) for item in told.by_text] == [("chapters/ch03/d", False)]
    assert [image["uses_text"] for image in told.to_json()["images"]] == [True]
    assert not reached(book, "ch02").of_character
