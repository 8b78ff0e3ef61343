"""Options of stock doit that are not there, and misspelt ones: one line each, with what to do instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forks import Forks
from support.project import Project


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """One image that is not built."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp."})
    return made


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("-n", "4"), "option `-n` not recognized", "`workers` in `[tool.chargen.providers.NAME]`"),
        (("-c",), "option `-c` not recognized", "one failure never stops"),
        (("--buget", "5"), "option `--buget` not recognized", "did you mean `--budget`?"),
        (("--budget",), "option `--budget` requires argument", "see `doit help run`"),
        (("list", "-x"), "option `-x` not recognized", "see `doit help list`"),
    ],
)
def test_an_option_there_is_not_is_one_line_with_the_next_step(
    book: Project, forks: Forks, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    """No dump of the program's objects; nothing is built."""
    run = forks.run(book, "doit", *arguments)
    assert (run.code, run.out) == (3, "")
    first, second = run.err.splitlines()
    assert first == f"error: {message}"
    assert second.startswith("  hint: ")
    assert hint in second
    assert book.images() == set()


def test_list_with_status_tells_verdicts_without_reasons(book: Project, forks: Forks) -> None:
    """As in stock doit: a word for how it stands, and the name."""
    book.edit("imagery/chapters/ch01/imagery.yaml", "    size:", "    status: archived\n    size:")
    assert "status is archived" in forks.run(book, "doit", "list").out
    assert forks.run(book, "doit", "list", "-s").out == "skipped  generated/chapters/ch01/a.png\n"
