"""Real author files, where a checkout has them beside it: all that can be built is, and only slots change."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support import tree
from support.forks import Forks
from support.project import REPOSITORY, Project, Run

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

    assert tree.yaml_files(story)[BROKEN] == before[BROKEN]
    for name, data in before.items():
        if name != BROKEN:
            tree.only_slots_differ(data, tree.yaml_files(story)[name])
    assert tree.stray(story) == []

    after = tree.yaml_files(story)
    again = forks.run(story, "doit")
    _only_the_broken_file_failed(again)
    assert "built" not in again.out
    assert tree.yaml_files(story) == after
