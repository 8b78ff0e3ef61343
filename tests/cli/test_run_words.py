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
