"""The tab key in real shells: what it offers is the name of an image, and nothing in a name is ever run."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.project import Project

TRAPS = [
    "a$(touch PWN)b", "a`touch PWN`b", "a;touch PWN;b", "a&touch PWN&b", "a'b", "a{b,c}", "a b", "a[bc]", "a~b", "#a",
    "!a", "a,b", "a(b)", "^a",
]  # fmt: skip
"""Ids of which each means something to one shell or another, as far as an id may hold it."""
PATIENCE = 60.0
"""Seconds for a shell to say what is expected: a completion starts the program, on a busy machine."""
_ZSH = 'autoload -Uz compinit; compinit -u -D; eval "$(_CHARGEN_COMPLETE=zsh_source chargen)"'
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(_CHARGEN_COMPLETE=bash_source chargen)"'),
    "zsh": (["zsh", "-f", "-i"], _ZSH),
    "fish": (["fish", "--no-config", "-i"], "_CHARGEN_COMPLETE=fish_source chargen | source"),
}


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A chapter full of traps in which one name is fine."""
    made = Project(tmp_path)
    made.chapter("ch09", dict.fromkeys(TRAPS, "A trap.") | {"fine-name": "A lamp."})
    return made


class Shell:
    """A shell at a terminal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.said = ""

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, words: str) -> None:
        """Read until the terminal shows these words; what came before them is forgotten."""
        until = time.monotonic() + PATIENCE
        while words not in self.said:
            ready, _, _ = select.select([self._terminal], [], [], max(until - time.monotonic(), 0))
            assert ready, f"the shell never said {words!r}: {self.said[-2000:]!r}"
            self.said += os.read(self._terminal, 65536).decode("utf-8", "replace")
        self.said = self.said.partition(words)[2]


@contextmanager
def shell(name: str, book: Project) -> Iterator[Shell]:
    """Start a shell in the project, with the completion loaded as the guide says."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on this machine")
    command, setup = SHELLS[name]
    ours, theirs = pty.openpty()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**book.env, "PATH": path, "TERM": "dumb", "HOME": str(book.root), "PS1": "$ "}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=book.root, env=environ, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one call of the system
    )  # fmt: skip
    os.close(theirs)
    try:
        made = Shell(ours)
        made.type(f"{setup}; echo rea''dy\n")
        made.wait_for("ready")
        yield made
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("name", SHELLS)
def test_the_tab_key_runs_nothing_and_completes_the_name_that_is_one(book: Project, name: str) -> None:
    """One name is left to offer: it is completed, and the command gets it as it stands."""
    with shell(name, book) as at:
        at.type("chargen why chapters/ch09/\t")
        at.wait_for("fine-name")
        at.type("; echo do''ne\n")
        at.wait_for("missing")
        at.wait_for("done")
    assert not (book.root / "PWN").exists()


@pytest.mark.parametrize("name", SHELLS)
def test_nothing_typed_at_the_tab_key_is_run(book: Project, name: str) -> None:
    """What stands in the line already is a text, too."""
    with shell(name, book) as at:
        at.type("chargen plan 'chapters/ch09/a$(touch PWN)'\t")
        at.type("\x15echo do''ne\n")  # Ctrl-U empties the line
        at.wait_for("done")
    assert not (book.root / "PWN").exists()
