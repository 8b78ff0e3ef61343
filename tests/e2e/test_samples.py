"""Real author files, where a checkout has them beside it: all that can be built is, and only slots change."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from servers import pictures
from support import inside, tree, whole_book
from support.forks import Forks
from support.project import REPOSITORY, Project, Run

from chargen.actions.adopt import adopt
from chargen.actions.undo import undo
from chargen.model.values import Verdict

STORY = REPOSITORY.parent / "shared" / "samples" / "story"

pytestmark = pytest.mark.skipif(not STORY.is_dir(), reason="samples absent")

DESCRIBE = 'missing_references = "describe"\n'
ROUTES = """\
[tool.chargen.routes]
"*" = "sketch/sketch"
"openai/*" = "sketch/sketch"
"google/*" = "sketch/sketch"
"""
BROKEN = "imagery/locations/cids-workshop/location-imagery.yaml"


@pytest.fixture
def story(tmp_path: Path) -> Project:
    """A copy of the samples, writable."""
    book = Project(tmp_path, DESCRIBE)
    shutil.copytree(STORY, book.root / "imagery", dirs_exist_ok=True, copy_function=shutil.copyfile)
    for place, _, names in os.walk(book.root / "imagery"):
        Path(place).chmod(0o755)
        for name in names:
            (Path(place) / name).chmod(0o644)
    return book


def _only_the_broken_file_failed(run: Run) -> None:
    """The run tells of the file that can't be read, and fails for that alone."""
    assert run.code == 1, run.all
    assert f"{BROKEN}:81:" in run.all
    assert "failed: " not in run.out, run.all


def test_everything_that_can_be_built_is_and_only_slots_change(story: Project, forks: Forks) -> None:
    """The samples build as sketches; the file that is no YAML is one problem and stops nothing; a second run rests."""
    before = tree.yaml_files(story)
    run = forks.run(story, "chargen", "batch", "all", "--provider", "sketch")
    _only_the_broken_file_failed(run)
    story.settings(DESCRIBE + ROUTES)
    plan = forks.run(story, "chargen", "plan", "--json").json
    errors = [problem for problem in plan["problems"] if problem["severity"] == "error"]
    second = "imagery/characters/lyra-kestrel/imagery.yaml"  # of one character; the first in path order counts
    assert {(problem["file"], problem["line"] or 0) for problem in errors} == {(BROKEN, 81), (second, 0)}
    assert set(plan["totals"]) <= {"fresh", "no-prompt"}
    assert plan["totals"]["fresh"] == len(story.images()) > 60

    _only_slots_changed(story, before)
    assert tree.stray(story) == []

    after = tree.yaml_files(story)
    again = forks.run(story, "doit")
    _only_the_broken_file_failed(again)
    assert "built" not in again.out
    assert tree.yaml_files(story) == after


PICTURES = STORY.parent / "pictures.txt"
SETTLED = {
    "imagery/characters/lyra-kestrel/imagery.yaml",  # a second file of one character: which face counts is told
    BROKEN,
}


def _only_slots_changed(book: Project, before: dict[str, bytes]) -> None:
    after = tree.yaml_files(book)
    assert after.pop(BROKEN) == before[BROKEN]
    for name, data in after.items():
        tree.only_slots_differ(before[name], data)


@pytest.fixture
def pictured(story: Project) -> Project:
    """The samples with a small picture at every path at which their author has one, each another."""
    for number, name in enumerate(PICTURES.read_text(encoding="utf-8").splitlines()):
        make = pictures.jpeg if name.endswith(".jpg") else pictures.png
        story.write(f"imagery/{name}", make(64, 96, number))
    story.settings(whole_book.SETTINGS)
    return story


def test_every_image_can_be_built_with_the_faces_that_exist(pictured: Project) -> None:
    """What can't be read has one line to mend; nobody who has a face is sent without it, first and named."""
    with inside.opened(pictured, read_only=True) as (session, planner):
        assert whole_book.unbuildable(planner) == {}
        problems = whole_book.errors(planner)
        assert {problem.position.file for problem in problems if problem.position} == SETTLED
        assert all(problem.hint for problem in problems)
        assert len(planner.plan().images) == 138
        assert whole_book.check_faces(session, planner, pictured) == 96
        assert sum(bool(image.seen) for image in planner.plan().images) > 50


def test_what_the_author_has_is_taken_and_given_back(pictured: Project) -> None:
    before = tree.yaml_files(pictured)
    with inside.opened(pictured) as (session, planner):
        adoption = adopt(session, planner, planner.images(planner.plan().by_id))
    assert len(adoption.taken) == len(adoption.images) > 50
    _only_slots_changed(pictured, before)
    found = list(inside.verdicts(pictured).values())
    assert found.count(Verdict.UNRECORDED) == len(adoption.taken) + 1  # one is named by its entry already
    with inside.opened(pictured) as (session, _):
        assert not any(item.refused for item in undo(session).images)
    assert tree.yaml_files(pictured) == before


def test_built_with_pictures_only_slots_change_and_a_second_run_sends_nothing(pictured: Project, forks: Forks) -> None:
    before = tree.yaml_files(pictured)
    _only_the_broken_file_failed(forks.run(pictured, "chargen", "batch", "all", "--provider", "sketch"))
    _only_slots_changed(pictured, before)
    after = tree.yaml_files(pictured)
    _only_the_broken_file_failed(forks.run(pictured, "chargen", "batch", "all", "--provider", "sketch"))
    whole_book.check_built(pictured)
    assert tree.yaml_files(pictured) == after
