"""The story in docs/month.md happens as it is told."""

from __future__ import annotations

from pathlib import Path

from support.forks import Forks
from support.story import author, tell


def test_the_month_happens_as_it_is_told(tmp_path: Path, forks: Forks) -> None:
    """Every command of the story prints what the story shows."""
    shell = author(tmp_path, forks, OPENAI_API_KEY="sk-test", GEMINI_API_KEY="test")
    tell("month.md", shell)
    assert len(list((shell.folder / "generated").rglob("*.png"))) == 6
