"""A new project: what is written, and that nothing which exists is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import build, opened, verdicts
from support.project import Project

from chargen.actions.init import start_project
from chargen.errors import StartError


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_project_builds_at_once(tmp_path: Path) -> None:
    """Offline, as sketches; the second time everything is kept."""
    folder = tmp_path / "book"
    started = start_project(folder)
    assert started.sample
    assert set(started.written) == set(files(folder))
    book = Project.__new__(Project)
    book.root = folder
    assert build(book) == 0
    assert {verdict.value for verdict in verdicts(book).values()} == {"fresh"}
    before = files(folder)
    again = start_project(folder)
    assert (again.written, files(folder)) == ((), before)
    assert set(again.to_json()["kept"]) <= set(started.written)


def test_imagery_that_is_there_keeps_the_sample_away(tmp_path: Path) -> None:
    """Nobody wants a stranger's chapter beside theirs."""
    (tmp_path / "imagery").mkdir()
    (tmp_path / "imagery" / "mine.yaml").write_text("a: 1\n")
    started = start_project(tmp_path)
    assert not started.sample
    assert [name for name in files(tmp_path) if name.startswith("imagery/")] == ["imagery/mine.yaml"]


def test_a_pyproject_of_the_authors_own_is_not_edited(tmp_path: Path) -> None:
    """Without the tables nothing is written and they are shown; with them the project starts."""
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "book"\n')
    with pytest.raises(StartError, match="it is yours: nothing was written") as caught:
        start_project(tmp_path)
    assert list(files(tmp_path)) == ["pyproject.toml"]
    hint = caught.value.problems[0].hint
    tables = hint[hint.index("[tool.doit]") :]
    path.write_text(path.read_text() + tables)
    started = start_project(tmp_path)
    assert "dodo.py" in started.written
    assert path.read_text().endswith(tables)


def test_kept_files_that_lack_something_are_told(tmp_path: Path) -> None:
    """A `dodo.py` without images, a `.gitignore` that does not name the program's folder."""
    (tmp_path / "dodo.py").write_text("")
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    advice = start_project(tmp_path).advice
    assert len(advice) == 2
    assert "task_images" in advice[0]
    assert ".chargen/" in advice[1]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Said before anything is written."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="is not a folder"):
        start_project(tmp_path / "file")


def test_a_project_for_a_provider_has_its_files_and_its_route(tmp_path: Path) -> None:
    """The route counts from the first plan on; another provider needs no files; a wrong name writes nothing."""
    started = start_project(tmp_path / "own", "comfyui")
    assert "workflows/comfyui.json" in started.written
    book = Project.__new__(Project)
    book.root = tmp_path / "own"
    with opened(book, read_only=True) as (_, planner):
        plan = planner.plan()
    assert {str(image.route) for image in plan.images} == {"comfyui/workflows/comfyui.json"} == {str(started.route)}
    assert not any(problem.severity.value == "error" for problem in plan.problems)
    assert not any(name.startswith("workflows/") for name in start_project(tmp_path / "other", "openai").written)
    with pytest.raises(StartError, match="there is no provider `comfyiu`") as caught:
        start_project(tmp_path / "third", "comfyiu")
    assert "did you mean `comfyui`" in caught.value.problems[0].hint
    assert not (tmp_path / "third").exists()


def test_settings_of_the_authors_own_are_told_the_route(tmp_path: Path) -> None:
    """They are not edited: the line to add is shown, the workflow is written."""
    start_project(tmp_path)
    again = start_project(tmp_path, "comfyui")
    assert again.written == ("workflows/comfyui.json",)
    assert any('add `"sketch/*" = "comfyui/workflows/comfyui.json"`' in advice for advice in again.advice)
