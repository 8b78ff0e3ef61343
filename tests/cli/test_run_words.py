"""What a run says of failures: each cause once, with its place, and little of files it was not asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project

from chargen.cli.main import run

REFUSING = "[tool.chargen.providers.sketch]\nfail = ['*/c*=refused']\n"


def told(capsys: pytest.CaptureFixture[str], *command: str, code: int = 1) -> list[str]:
    capsys.readouterr()
    assert run(list(command)) == code
    return capsys.readouterr().out.splitlines()


def test_what_many_images_fail_by_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it runs and at the end, when it befalls them and in each later run; of one image with its place."""
    book = Project(tmp_path, REFUSING)
    monkeypatch.chdir(tmp_path)
    book.chapter("c", {"a": "A lamp.", "b": "A cat.", "d": "A dog."})
    for words in ("moderation refused this prompt", "refused before with the same inputs"):
        lines = told(capsys, "batch", "all")
        assert sum(words in line for line in lines) == 2
        assert "failed: chapters/c/a, chapters/c/b, chapters/c/d" in lines
    (line,) = (line for line in told(capsys, "batch", "all", "c/b") if line.startswith("  imagery"))
    assert line.startswith("  imagery/chapters/c/imagery.yaml:15:5: error: refused before")


def test_what_no_provider_can_draw_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `chargen check` tells it."""
    book = Project(tmp_path)
    monkeypatch.chdir(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    book.edit(file, "128x96", "8x8")
    lines = told(capsys, "batch", "all")
    assert f"  {file}:6:5: error: `sketch` can't draw `8x8`" in lines


def test_a_run_for_named_images_tells_a_few_errors_of_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of a kind with its place, and how many more there are."""
    book = Project(tmp_path)
    monkeypatch.chdir(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.chapter("ch02", {"b": "A door."})
    faults = ("a: [", "a: {", "x: 1\nx: 2", "a:\n\t- b", "a: *b", "'a", "a: %b", "- a\n- @b")
    for number, text in enumerate(faults):
        book.write(f"imagery/chapters/bad{number}/imagery.yaml", text + "\n")
    lines = told(capsys, "batch", "all", "ch01/a", code=0)
    assert sum("/bad" in line for line in lines) == 6
    assert "and 2 more errors in other files; `chargen check` tells all there is" in lines


def test_more_versions_are_counted_as_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture that is there is not to be built: what is made beside it is told, before and after."""
    book = Project(tmp_path)
    monkeypatch.chdir(tmp_path)
    book.chapter("c", {"a": "A lamp.", "b": "A cat."})
    assert told(capsys, "batch", "all", "c/a", code=0)[0] == "1 to build (missing 1), $0.00 by estimate"
    lines = told(capsys, "batch", "all", "c/a", "--variants", "3", code=0)
    assert lines[0] == "2 more versions of 1 image to make, $0.00 by estimate"
    assert lines[1] == "[1/1] chapters/c/a  2 more versions made by sketch/sketch, $0.00"
    assert lines[2].startswith("more versions 2, ")
    lines = told(capsys, "batch", "all", "--variants", "4", "c/*", code=0)
    assert lines[0] == "1 to build (missing 1) and 4 more versions of 2 images, $0.00 by estimate"
    assert "chapters/c/b  built by sketch/sketch with 3 more versions, $0.00" in "\n".join(lines)
    assert any(line.startswith("built 1, more versions 4, ") for line in lines)


def test_a_picture_made_anew_keeps_its_status_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The approval was given to the picture before; one line, however many there are, and none where none is kept."""
    book = Project(tmp_path)
    monkeypatch.chdir(tmp_path)
    book.chapter("c", {"a": "A lamp.", "b": "A cat.", "d": "A dog."})
    told(capsys, "batch", "all", code=0)
    told(capsys, "approve", "c/a", code=0)
    told(capsys, "lock", "c/b", code=0)
    new = "approved or locked as before: "
    lines = told(capsys, "batch", "all", "--rebuild", "c/a", "--rebuild", "c/d", code=0)
    assert f"{new}chapters/c/a; the picture is new: look, then approve or reject" in lines
    lines = told(capsys, "batch", "all", "--rebuild", "c/*", code=0)
    assert f"{new}chapters/c/a, chapters/c/b; the pictures are new: look, then approve or reject" in lines
    book.image("chapters/c/a").unlink()
    assert not [line for line in told(capsys, "batch", "all", code=0) if line.startswith(new)]
    assert not [line for line in told(capsys, "batch", "all", "--rebuild", "c/d", code=0) if line.startswith(new)]


def test_slots_of_another_picture_are_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after `git checkout`; the next build writes them anew."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    empty = book.read(file)
    monkeypatch.chdir(tmp_path)
    told(capsys, "batch", "all", code=0)
    first = book.read(file)
    told(capsys, "batch", "all", "--rebuild", "ch01/a", code=0)
    for slots, what in ((first, "its slots in the YAML are of another picture"), (empty, "its slots are missing")):
        book.write(file, slots)
        assert any(what in line for line in told(capsys, "plan", code=0))
        told(capsys, "batch", "all", code=0)
        assert not any("slots" in line for line in told(capsys, "plan", code=0))
