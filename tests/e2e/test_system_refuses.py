"""What the system refuses is told with its place and the next step, and is never called a bug of the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.forks import Forks
from support.project import Project, Run

AS_ANYBODY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""Root may read what is closed to everybody; these processes may not."""

PORTRAIT = "generated/characters/mara/mara-portrait.png"
IMAGE = "generated/chapters/ch01/a.png"


@pytest.fixture
def book(tmp_path: Path, forks: Forks) -> Project:
    """A built book: an image that shows a character by her portrait."""
    made = Project(tmp_path)
    made.character("mara", "A face.")
    made.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [mara]")
    assert forks.run(made, "doit").code == 0
    return made


def run(book: Project, *command: str, stdout: str = "") -> Run:
    """Run a command that may not read what is closed; `stdout` names a file to write to."""
    with open(stdout or os.devnull, "w") as out:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*AS_ANYBODY, sys.executable, "-m", *command],
            cwd=book.root,
            env=book.env,
            stdin=subprocess.DEVNULL,
            stdout=out if stdout else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    return Run(done.returncode, done.stdout or "", done.stderr)


def test_a_closed_portrait_is_told_at_whoever_shows_it(book: Project) -> None:
    """One closed picture is one error with its place; images that exist stay as they are."""
    (book.root / PORTRAIT).chmod(0)
    told = f"imagery/chapters/ch01/imagery.yaml:9:26: warning: reference `{PORTRAIT}` can't be read: permission denied"
    plan = run(book, "chargen", "plan")
    assert (plan.code, plan.err) == (0, "")
    assert told in plan.out
    assert "fresh 2" in plan.out
    build = run(book, "doit")
    assert (build.code, "Traceback" in build.all) == (0, False), build.all


def test_a_closed_state_folder_stops_a_command_with_its_path(book: Project) -> None:
    """Without `.chargen` nothing can start."""
    (book.root / ".chargen").chmod(0)
    try:
        found = run(book, "chargen", "plan")
        build = run(book, "doit")
    finally:
        (book.root / ".chargen").chmod(0o755)
    assert (build.code, build.out) == (3, "")
    assert "permission denied" in build.err
    assert (found.code, found.out) == (3, "")
    assert found.err == (
        ".chargen/journal.sqlite: error: can't use this file: permission denied\n"
        "  hint: check who owns this path and its permissions\n"
    )


def test_a_closed_image_stops_a_command_of_doits_too(book: Project) -> None:
    """The same words and exit code, whichever program reads."""
    (book.root / IMAGE).chmod(0)
    found = run(book, "doit", "info", IMAGE)
    assert (found.code, "bug" in found.err) == (3, False), found.all
    assert found.err.startswith(f"{IMAGE}: error: can't use this file: permission denied\n")


@pytest.mark.parametrize("command", [("chargen", "plan"), ("chargen", "check"), ("doit", "list")])
def test_output_that_nobody_takes_is_told(book: Project, command: tuple[str, ...]) -> None:
    """A full disk behind stdout is one message on stderr, and 3."""
    found = run(book, *command, stdout="/dev/full")
    assert found.code == 3, found.all
    assert found.err == (
        "error: can't write the output: no space left on device\n"
        "  hint: see where the output is sent to, then run again\n"
    )


def test_a_build_goes_on_without_its_output(book: Project) -> None:
    """What was ordered is built although its report has nowhere to go."""
    (book.root / IMAGE).unlink()
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "Two lamps.")
    found = run(book, "doit", stdout="/dev/full")
    assert found.code == 0, found.all
    assert found.err == "warning: can't write the output: no space left on device; the build goes on\n"
    assert (book.root / IMAGE).is_file()
