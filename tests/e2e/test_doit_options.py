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


def test_variants_are_of_named_images_and_a_number(book: Project, forks: Forks) -> None:
    """So many in all beside the picture that stays; nothing is up to date meanwhile; without names nothing is made."""
    for arguments, words in (
        (("--variants", "3"), "`--variants` needs names"),
        (("--variants", "40", "chapters/ch01/a"), "takes a number from 1 to 20, not `40`"),
        (("--variants", "0", "chapters/ch01/a"), "takes a number from 1 to 20, not `0`"),
        (("--variants", "x", "chapters/ch01/a"), "takes a number from 1 to 20, not `x`"),
    ):
        run = forks.run(book, "doit", *arguments)
        assert (run.code, words in run.err) == (3, True), run.all
    assert forks.run(book, "doit").code == 0
    before = book.image("chapters/ch01/a").read_bytes()
    run = forks.run(book, "doit", "--variants", "3", "chapters/ch01/a")
    assert (run.code, "more versions 2" in run.out) == (0, True), run.all
    assert len(book.originals()) == 3
    assert book.image("chapters/ch01/a").read_bytes() == before
    assert forks.run(book, "doit", "--variants", "3", "chapters/ch01/a").out.startswith("fresh 1")
    assert forks.run(book, "doit").out.startswith("fresh 1, ")
    assert forks.run(book, "chargen", "pick", "chapters/ch01/a", "3").code == 0
    assert forks.run(book, "doit").out.startswith("fresh 1, ")
