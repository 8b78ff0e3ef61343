"""A run or a plan of which nothing changed says so without planning, and sees an edit that hides itself."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.forks import ForkedProject, Forks
from support.project import Project

from chargen.plan.cache.stamp import STAMP

PLANNING = "chargen.plan.planner"
VALUES = "chargen.plan.plan"
"""What a plan is made of: an up-to-date run makes none."""
SETTLED = 2.1
"""Seconds after which a file counts as left alone; nothing tells when they are over but the clock."""


def _hidden_edit(book: Project, file: str, old: str, new: str) -> None:
    """Replace text by as much text, and put the time of change back."""
    path = book.root / file
    status = path.stat()
    book.edit(file, old, new)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _run(book: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module, with what it imports on standard error."""
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", *arguments],
        cwd=book.root, env=book.env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def test_an_up_to_date_run_plans_nothing_and_sees_a_hidden_edit(forks: Forks, tmp_path: Path) -> None:
    """The third run imports no planner; after an edit of equal size and time the fourth builds the image."""
    book = ForkedProject(forks, tmp_path)
    file = book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    other = book.chapter("ch02", {"c": "A well."})
    assert book.doit().code == 0
    time.sleep(SETTLED)
    assert "fresh 3" in book.doit().out
    run = _run(book, "doit")
    assert run.stdout.startswith("fresh 3, ")
    assert PLANNING not in run.stderr
    assert VALUES not in run.stderr
    _hidden_edit(book, file, "A lamp", "A pump")
    again = book.doit()
    assert "1 to build (stale 1)" in again.out, again.all
    assert "built 1, fresh 2" in again.out, again.all
    assert "A well" in (book.root / other).read_text(encoding="utf-8")


def test_an_approved_picture_that_turns_up_elsewhere_is_seen_by_a_run_of_which_nothing_else_changed(
    forks: Forks, tmp_path: Path
) -> None:
    """Nothing says where it may be put back: while one is sought every run looks for it."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert book.doit().code == 0
    assert book.chargen("approve", "chapters/ch01/a").code == 0
    data = book.image("chapters/ch01/a").read_bytes()
    book.image("chapters/ch01/a").unlink()
    shutil.rmtree(tmp_path / ".chargen")
    assert book.doit().code == 0
    time.sleep(SETTLED)
    assert "does not exist" in book.doit().out
    assert "does not exist" in book.doit().out
    book.write("generated/best/lamp.png", data)
    assert "moved: was best/lamp, free" in book.doit().out
    assert book.image("chapters/ch01/a").read_bytes() == data


@pytest.mark.parametrize("extra", ["", "locations: [{ref: nowhere}]"])
def test_a_plan_is_read_where_nothing_changed_and_sees_a_hidden_edit(forks: Forks, tmp_path: Path, extra: str) -> None:
    """Text and JSON are those of a project without a memory, with a warning as without; a hidden edit is planned."""
    book = ForkedProject(forks, tmp_path)
    file = book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.chapter("ch02", {"c": "A well."}, extra=extra)
    assert book.doit().code == 0
    time.sleep(SETTLED)
    assert book.doit().code == 0
    ways = (("plan",), ("plan", "--json"), ("plan", "--all"), ("plan", "chapters/ch02/c"))
    read = [_run(book, "chargen", *way) for way in ways]
    assert not any(PLANNING in run.stderr for run in read)
    index = book.root / STAMP
    memory = index.read_bytes()
    index.unlink()
    assert [run.stdout for run in read] == [_run(book, "chargen", *way).stdout for way in ways]
    index.write_bytes(memory)
    _hidden_edit(book, file, "A door", "A gate")
    edited = book.chargen("plan", "--json").json
    assert [image["id"] for image in edited["images"] if image["verdict"] == "stale"] == ["chapters/ch01/b"]
