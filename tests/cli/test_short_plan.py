"""A plan of a big book is short; an image that waits for a portrait shows its own reasons too."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project

from chargen.cli.main import run
from chargen.cli.problems import LONG


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two chapters with more images than a plan names, which all show one built portrait."""
    book = Project(tmp_path, 'style_prefix = "Ink."\n')
    for slug in ("ch01", "ch02"):
        images = {f"i{number:02}": f"Picture {number}." for number in range(LONG // 2 + 1)}
        book.chapter(slug, images, entry="depicts_characters: [mara]")
    book.character("mara", "A face.")
    monkeypatch.chdir(tmp_path)
    return book


def out(capsys: pytest.CaptureFixture[str], *command: str) -> list[str]:
    capsys.readouterr()
    assert run(list(command)) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("book")
def test_a_line_a_file_and_reasons_once(capsys: pytest.CaptureFixture[str]) -> None:
    """With counts and prices; names with `--all`, or where few were asked for."""
    many = 2 * (LONG // 2 + 1)
    lines = out(capsys, "plan", "--provider", "google")
    files = [line.split() for line in lines if line.startswith("imagery/")]
    assert [(words[0], words[1:3]) for words in files] == [
        ("imagery/characters/mara/imagery.yaml", ["missing", "1"]),
        *((f"imagery/chapters/{slug}/imagery.yaml", ["missing", str(many // 2)]) for slug in ("ch01", "ch02")),
    ]
    assert all(words[-1].startswith("$") for words in files)
    assert any(line.startswith(f"after a reference that is built first: {many} images, $") for line in lines)
    assert not [line for line in lines if "i07" in line]
    assert len([line for line in out(capsys, "plan", "--all") if "/i07" in line]) == 2
    assert len([line for line in out(capsys, "plan", "ch01/i0*") if line.startswith("  missing")]) == 11


def test_what_waits_for_a_portrait_shows_its_own_reasons(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A new style and a new portrait: both are told, of one image and of many."""
    assert run(["batch", "all"]) == 0
    book.settings('style_prefix = "Chalk."\n')
    book.edit("imagery/characters/mara/imagery.yaml", "A face.", "Another face.")
    lines = out(capsys, "plan", "ch01/i03")
    told = " ".join(" ".join(lines).split())
    assert "style prefix changed (pyproject.toml" in told
    assert "reference `generated/characters/mara/mara-portrait.png` will be rebuilt" in told
    many = 2 * (LONG // 2 + 1)
    lines = out(capsys, "plan")
    assert f"style prefix changed: {many + 1} images" in lines
    assert f"after a reference that is built first: {many} images" in lines
    assert "prompt used changed: 1 image" in lines
    assert len(lines) < 20
