"""What doit itself would end with a traceback, told in words before it looks at its command line."""

from pathlib import Path

import pytest
from support.project import Project


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "error: an empty name means no image and no task\n"),
        (("run", "chapters/ch01/a", ""), "error: an empty name means no image and no task\n"),
        (("dumpdb",), "error: `dumpdb` has nothing to show: "),
    ],
)
def test_one_message_and_no_traceback(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """Exit 3 and a hint, whatever else stands there; nothing is built."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    run = book.doit(*arguments)
    assert (run.code, run.out) == (3, ""), run.all
    assert run.err.startswith(message), run.all
    assert run.err.count("\n  hint: ") == 1
    assert not book.image("chapters/ch01/a").exists()
