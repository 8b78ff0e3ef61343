"""What `orphans` and `gc` leave alone: pictures of a file in which something is wrong, each with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import build, opened, verdicts
from support.project import Project

from chargen.actions.orphans import Unplanned, unneeded
from chargen.model.values import Verdict

CHAPTER = "imagery/chapters/ch01/imagery.yaml"
PLACE = "imagery/locations/quay/imagery.yaml"
PICTURES = ("generated/chapters/ch01/a.png", "generated/prompts/chapters/ch01/a.txt")
PARTS = ("generated/locations/quay/crane.png", "generated/prompts/locations/quay/crane.txt")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A chapter of one image and a place with one zone, built."""
    made = Project(tmp_path_factory.mktemp("book"))
    made.chapter("ch01", {"a": "A lamp."})
    made.write(
        PLACE,
        "entity_type: location-imagery\nslug: quay\n"
        "generation_defaults: {provider: sketch, model: sketch, size: 64x64}\n"
        "zones:\n  - slug: crane\n    prompt_used: A crane.\n    generated_images: []\n",
    )
    assert build(made) == 0
    assert looked(made).files == looked(made).left == ()
    return made


@pytest.fixture
def book(built: Project, tmp_path: Path) -> Project:
    """A copy of it."""
    return built.copy(tmp_path)


def looked(book: Project) -> Unplanned:
    """Return what may go to the trash, and what is left alone."""
    with opened(book, read_only=True) as (session, _):
        return unneeded(session)


def left(book: Project, told: str) -> tuple[str, ...]:
    """Return the paths that are left alone for a reason; nothing is proposed."""
    found = looked(book)
    assert found.files == ()
    assert all(told in item.why for item in found.left), found.left
    return tuple(item.path for item in found.left)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("images:", "image:", "unknown key `image`"),
        ("custom_id", "id", "this entry has no `custom_id`"),
        ("slug:", "Slug:", "this chapter has no `slug`"),
        ("metadata:", "meta:", CHAPTER),
        ("images:", "imgs:", CHAPTER),
        ("images:", "pictures:", f"{CHAPTER} names its picture"),
    ],
)
def test_pictures_of_a_chapter_with_a_slip_are_left_alone(book: Project, old: str, new: str, told: str) -> None:
    """What it planned before it may plan again."""
    book.edit(CHAPTER, old, new)
    assert left(book, told) == PICTURES


@pytest.mark.parametrize("text", ["", "# all gone\n", "other: program\n", "images: []\n"])
def test_pictures_of_a_file_that_plans_nothing_now_are_left_alone(book: Project, text: str) -> None:
    """Emptied by an editor, or no imagery file any more: the picture's record names it."""
    book.write(CHAPTER, text)
    assert PICTURES[0] in {item.path for item in looked(book).left}
    assert PICTURES[0] not in {item.path for item in looked(book).files}


def test_pictures_of_a_zone_that_is_not_planned_are_left_alone(book: Project) -> None:
    """A slip in the key that lists them."""
    book.edit(PLACE, "zones:", "zone:")
    assert left(book, f"{PLACE}:4:1: unknown key `zone`") == PARTS


def test_pictures_of_an_entry_that_was_taken_out_are_proposed(book: Project) -> None:
    """Where nothing is wrong in its file; so are those of a file that is gone."""
    book.chapter("ch01", {"b": "A door."})
    (book.root / PLACE).unlink()
    found = looked(book)
    assert {item.path for item in found.files} == {*PICTURES, *PARTS}
    assert found.left == ()


@pytest.mark.parametrize("name", ["imagery.YAML", "my imagery (1).Yml"])
def test_an_imagery_file_is_read_whatever_the_case_of_its_suffix(book: Project, name: str) -> None:
    path = book.root / CHAPTER
    path.rename(path.with_name(name))
    assert looked(book).files == looked(book).left == ()
    assert set(verdicts(book).values()) == {Verdict.FRESH}
