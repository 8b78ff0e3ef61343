"""What an author gets wrong in scenes and fields: one clear problem each, with its place; the rest is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import inside
from support.project import Project

from chargen.errors import Problem, Severity
from chargen.model.values import EntryId, Verdict

SCENES = """\
slug: mara
character: {{name: Mara}}
generation_defaults: {{provider: sketch, model: sketch}}
scenes:
  - title: A Lamp
    scene: Mara holds a lamp.
{more}"""
LOCATION = """\
metadata: {{entity_type: location-imagery, slug: mill}}
generation_defaults: {{provider: sketch, model: sketch}}
overview: {{title: Mill, description: A mill.}}
zones:
{more}"""
MARA = "entity_type: character\nslug: mara\nappearance: tall\nimage_inventory: []\n"
FILE = "imagery/characters/mara/ideas.yaml"
PLACE = "imagery/locations/mill/imagery.yaml"


def told(book: Project) -> list[Problem]:
    """What a plan says, but for notes and for what is said of Mara, who has no portrait."""
    with inside.opened(book, read_only=True) as (_, planner):
        problems = planner.plan().problems
    return [
        problem for problem in problems if problem.severity is not Severity.NOTE and "`mara`" not in problem.message
    ]


@pytest.mark.parametrize(
    ("more", "message", "line", "built"),
    [
        (
            "  - {title: With Ivo, scene: They talk., depicts_characters: [ivo]}\n",
            "`ivo` has no character file: nothing tells what they look like",
            7,
            {"a-lamp", "with-ivo"},
        ),
        ('  - {title: "???", scene: Nothing.}\n', "the title `???` makes no id", 7, {"a-lamp"}),
        ("  - {scene: Nobody called it anything.}\n", "this scene has no `title`: it can't be planned", 7, {"a-lamp"}),
        (
            "  - {title: A Door, sceen: Mara at a door., pose: upright}\n",
            "unknown key `sceen`",
            7,
            {"a-lamp", "a-door"},
        ),
    ],
)
def test_of_scenes(tmp_path: Path, more: str, message: str, line: int, built: set[str]) -> None:
    book = Project(tmp_path)
    book.write("imagery/characters/mara/imagery.yaml", MARA)
    book.write(FILE, SCENES.format(more=more))
    found = [problem for problem in told(book) if problem.position and problem.position.file == FILE]
    (problem,) = found
    assert problem.message == message
    assert (problem.position and problem.position.line) == line
    assert problem.hint or problem.severity is Severity.WARNING
    inside.build(book)
    assert {name.rpartition("/")[2] for name in book.images()} == built


def test_a_scene_with_nothing_to_say_is_listed_and_no_error(tmp_path: Path) -> None:
    book = Project(tmp_path)
    book.write("imagery/characters/mara/imagery.yaml", MARA)
    book.write(FILE, SCENES.format(more="  - {title: Empty}\n"))
    assert told(book) == []
    assert inside.build(book) == 0
    assert inside.verdicts(book)[EntryId("characters/mara/empty")] is Verdict.NO_PROMPT


def test_two_scenes_with_one_id_are_planned_twice(tmp_path: Path) -> None:
    """Nobody can say which is meant: neither is made, and the rest is."""
    book = Project(tmp_path)
    book.write("imagery/characters/mara/imagery.yaml", MARA)
    book.write(FILE, SCENES.format(more="  - {title: A lamp!, scene: Another.}\n  - {title: A Door, scene: A door.}\n"))
    problems = [problem for problem in told(book) if problem.severity is Severity.ERROR]
    assert len(problems) == 1
    assert "planned twice" in problems[0].message
    assert str(problems[0].position).startswith(f"{FILE}:7")
    assert inside.build(book) == 1
    assert book.images() == {"characters/mara/a-door"}


def test_a_limit_too_small_for_the_first_part(tmp_path: Path) -> None:
    """At the part that finds no room; what has a prompt, or a shorter part, is built."""
    book = Project(tmp_path, f'prompt_limit = 200\nstyle_prefix = "{"ink " * 45}"\n')
    long = "A wheel that has not turned since the river moved. " * 4
    zones = f"  - {{zone_slug: wheel, description: {long}}}\n  - {{zone_slug: yard, prompt_used: A yard.}}\n"
    book.write(PLACE, LOCATION.format(more=zones))
    (problem,) = told(book)
    assert (problem.severity, str(problem.position)) == (Severity.ERROR, f"{PLACE}:5:37")
    assert problem.message == "`prompt_limit` and the style leave no room for `description`"
    assert problem.hint == "set a larger `prompt_limit`, or shorten the style"
    assert inside.build(book) == 1
    assert book.images() == {"locations/mill/overview", "locations/mill/yard"}


def test_an_unknown_key_of_a_location_is_told_with_the_nearest(tmp_path: Path) -> None:
    book = Project(tmp_path)
    book.write(PLACE, LOCATION.format(more="  - {zone_slug: yard, visual_descripton: A yard of flour., mood: dry}\n"))
    (problem,) = told(book)
    assert (problem.message, problem.hint) == (
        "unknown key `visual_descripton`",
        "did you mean `visual_description`?",
    )
    assert str(problem.position) == f"{PLACE}:5:23"


def test_a_zone_without_anything_to_say_is_no_error(tmp_path: Path) -> None:
    book = Project(tmp_path)
    book.write(PLACE, LOCATION.format(more="  - {zone_slug: yard, mood: dry}\n"))
    assert told(book) == []
    assert inside.build(book) == 0
    assert book.images() == {"locations/mill/overview"}
