"""A prompt that YAML takes for a comment: told where it stands, and only where the image has no other words."""

from __future__ import annotations

import pytest

from chargen import kinds
from chargen.model.values import Size
from chargen.yaml.document import parse

CHAPTER = "metadata: {entity_type: chapter-imagery, slug: ch01}\nimages:\n  - custom_id: a\n"
LOCATION = (
    "entity_type: location-imagery\nslug: yard\noverview: {title: Yard, prompt: The yard.}\nzones:\n  - slug: gate\n"
)
CHARACTER = "entity_type: character\nslug: mara\nimage_inventory:\n  - id: face\n"
SCENE = "character: {name: Mara}\nscenes:\n  - title: A race\n"


def told(text: str, file: str = "imagery/a/imagery.yaml") -> list[tuple[int, int, str, str]]:
    imagery = kinds.scan(parse(text.encode(), file), Size(1024, 1024), "generated")
    assert imagery is not None
    found = [*imagery.problems, *(problem for entry in imagery.entries for problem in entry.problems)]
    return [(p.position.line, p.position.column, p.message, p.hint) for p in found if "comment" in p.message]


@pytest.mark.parametrize(
    "head", [CHAPTER, LOCATION, CHARACTER, SCENE], ids=["chapter", "location", "character", "scene"]
)
def test_it_is_told_at_its_place(head: str) -> None:
    line = head.count("\n") + 1
    assert told(f"{head}    prompt_used: # A lamp.\n") == [
        (
            line,
            17,
            "`prompt_used` is empty: `# A lamp.` is a comment",
            'a text in quotes may begin with `#`: `"# A lamp."`',
        )
    ]


@pytest.mark.parametrize("key", ["prompt", "prompt_template"])
def test_every_key_of_a_prompt_is_looked_at(key: str) -> None:
    (found,) = told(f"{CHAPTER}    {key}:   # A lamp.\n")
    assert found[2].startswith(f"`{key}` is empty")


def test_a_long_one_is_told_by_its_beginning() -> None:
    (found,) = told(f"{CHAPTER}    prompt_used: # {'lamp ' * 100}\n")
    assert len(found[2]) < 120


@pytest.mark.parametrize(
    "entry",
    [
        "    prompt_used: # none yet\n    prompt: A lamp.\n",
        "    prompt_used: # of its fields\n    visual_description: A lamp.\n",
        "    prompt_used: A lamp. # a comment\n",
        "    prompt_used: ~ # on purpose\n",
        "    prompt_used:\n    # on a line of its own\n",
        "    prompt_used:\n",
        "    prompt_used: '# A lamp.'\n",
        "    title: # nothing is made of it\n",
    ],
)
def test_nothing_is_told_of_others(entry: str) -> None:
    assert told(CHAPTER + entry) == []


def test_a_picture_that_is_there_needs_no_prompt() -> None:
    assert told(f"{CHARACTER}    path: face.png\n    prompt_used: # painted by hand\n") == []
