"""A second run that has nothing to do says so without planning, and sees an edit that leaves size and time alone."""

import os
import subprocess
import sys
import time
from pathlib import Path

from support.project import Project

SETTLED = 2.1
"""Seconds after which a file counts as left alone; nothing tells when they are over but the clock."""


def test_an_up_to_date_run_plans_nothing_and_sees_a_hidden_edit(tmp_path: Path) -> None:
    """The third run imports no planner; after an edit of equal size and time the fourth builds the image."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert book.doit().code == 0
    time.sleep(SETTLED)
    assert "fresh 2" in book.doit().out
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "doit"],
        cwd=tmp_path, env=book.env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert run.stdout.startswith("fresh 2, ")
    assert "chargen.app.planning" not in run.stderr
    path = tmp_path / file
    status = path.stat()
    book.edit(file, "A lamp.", "A pump.")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "1 to build (stale 1)" in (again := book.doit()).out, again.all
