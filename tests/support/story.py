"""A story in `docs/` happens as it is told: its files are written, its commands run, their output compared.

`yaml PATH` blocks are files, `console` blocks are commands (`$ `) with what they print; a line `…` stands for any
lines. Times, dates, hashes and the order of images that are made side by side may differ. With `CHARGEN_UPDATE_STORY=1`
the outputs in the document are replaced by those of today.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.forks import Forks
from support.project import REPOSITORY, Project

BLOCK = re.compile(r"(?ms)^```(?P<info>[^\n]+)\n(?P<body>.*?)^```$")
ANY = "…"
GIT = {
    f"GIT_{who}_{what}": f"{what.lower()}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
_SAME = (
    (re.compile(r"\d+\.\d s\b"), "N s"),
    (re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d UTC)?"), "DATE"),
    (re.compile(r"\d{8}T\d+Z-[0-9a-f]{8}"), "ATTEMPT"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "HASH"),
    (re.compile(r"\bchargen-[0-9a-f]{16}\b"), "JOB"),
    (re.compile(r"^\[ *\d+/"), "[N/"),
)


@dataclass
class Shell:
    """A shell with a current folder, in which `doit` and `chargen` are real processes."""

    folder: Path
    forks: Forks
    env: dict[str, str] = field(default_factory=dict)

    def run(self, command: str) -> list[str]:
        """Run one line and return what it prints, both streams."""
        words = shlex.split(command)
        if words[0] == "cd":
            self.folder = (self.folder / words[1]).resolve()
            return []
        if words[0] in ("export", "unset"):
            for name, _, value in (word.partition("=") for word in words[1:]):
                self.env = {**self.env, name: value} if value else {k: v for k, v in self.env.items() if k != name}
            return []
        if words[0] in ("doit", "chargen") and not re.search(r"[|>&]", command):
            book = object.__new__(Project)
            book.root, book.env = self.folder, self.env
            run = self.forks.run(book, *words)
            return (run.out + run.err).splitlines()
        made = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, f"{command}\n{made.stdout}{made.stderr}"
        return (made.stdout + made.stderr).splitlines()


def _steps(body: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console block with the lines shown below it."""
    for part in re.split(r"(?m)^\$ ", body)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command, shown


def _comparable(lines: list[str]) -> list[str]:
    """Return lines without what differs between two runs; those of images made side by side are sorted."""
    found: list[str] = []
    for line in lines:
        same = line.rstrip()
        for pattern, word in _SAME:
            same = pattern.sub(word, same)
        found.append(same)
    done = sorted(line for line in found if line.startswith("[N/"))
    return [done.pop(0) if line.startswith("[N/") else line for line in found]


def _matches(shown: list[str], printed: list[str]) -> bool:
    if not shown:
        return not printed
    if shown[0] == ANY:
        return any(_matches(shown[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and _matches(shown[1:], printed[1:])


def author(folder: Path, forks: Forks, **more: str) -> Shell:
    """Return the shell of an author with an empty folder and no network; `more` are variables of the environment."""
    (folder / "book").mkdir()
    env = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONPATH": str(REPOSITORY),
        "GIT_CONFIG_NOSYSTEM": "1",
        **GIT,
        **more,
    }
    return Shell(folder / "book", forks, env)


def tell(name: str, shell: Shell) -> None:
    """Check that every command of the story in `docs/NAME` prints what the story shows."""
    story = REPOSITORY / "docs" / name
    text = story.read_text(encoding="utf-8")
    update = "CHARGEN_UPDATE_STORY" in os.environ
    told: list[str] = []
    end = 0
    for block in BLOCK.finditer(text):
        told += [text[end : block.start()], f"```{block['info']}\n"]
        end = block.end()
        kind, _, name = block["info"].partition(" ")
        if kind == "console":
            for command, shown in _steps(block["body"]):
                printed = shell.run(command)
                if not update:
                    assert _matches(_comparable(shown), _comparable(printed)), "\n".join(
                        [f"$ {command}", "--- shown", *shown, "--- printed", *printed]
                    )
                told += [f"$ {command}\n", *(f"{line}\n" for line in (shown if ANY in shown else printed))]
        elif name:
            path = shell.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], encoding="utf-8")
            told.append(block["body"])
        else:
            told.append(block["body"])
        told.append("```")
    if update:
        story.write_text("".join([*told, text[end:]]), encoding="utf-8")
