"""Every place of a built project where the program opens a file, and what a stranger may have put there instead.

None of it is a plain file of reasonable size: a pipe is waited for, a link to a device is read without end, and a file
of a terabyte of nothing takes no room in an archive.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

PLACES: dict[str, str] = {
    "record.json": ".chargen/originals/*/*/record.json",
    "published.json": ".chargen/originals/*/*/published.json",
    "replaced.json": ".chargen/originals/*/*/replaced.json",
    "reply.png": ".chargen/originals/*/*/reply.png",
    "a version in the history": ".chargen/history/*/*/*/*.png",
    "a file in the trash": ".chargen/trash/*/*.txt",
    "the journal": ".chargen/journal.sqlite",
    "the journal's log": ".chargen/journal.sqlite-wal",
    "the cache of hashes": ".chargen/cache.sqlite",
    "the outcomes of decoding": ".chargen/decoded.json",
    "the stamp of the plan": ".chargen/plan-stamp.json",
    "the cache of the plan": ".chargen/plan-cache.msgpack",
    "the mark of a run": ".chargen/building",
    "moves": ".chargen/moves.json",
    "a move of an entry": ".chargen/entry-move.json",
    "decisions": ".chargen/decisions.jsonl",
    "a job": ".chargen/jobs/20260101T000000000000Z-01234567.json",
    "ignored.json": ".chargen/ignored.json",
    "doit's states": ".chargen/doit.json",
    "the log": ".chargen/chargen.log",
    "an older log": ".chargen/chargen.log.1",
    "the project's lock": ".chargen/locks/project.lock",
    "the process id": ".chargen/locks/project.pid",
    "the lock of an image": ".chargen/locks/build-*.lock",
    "the lock of a target": ".chargen/locks/target-*.lock",
    "the lock of a file": ".chargen/locks/file-*.lock",
    "the settings": "pyproject.toml",
    "a template": "prompts/chapter.txt.j2",
    "a chapter": "imagery/chapters/ch01/imagery.yaml",
    "a character": "imagery/characters/alice/imagery.yaml",
    "a portrait of the author's": "imagery/characters/alice/face.png",
    "a target": "generated/chapters/ch01/a.png",
    "a portrait that was built": "generated/characters/alice/alice-portrait.png",
    "a composed prompt": "generated/prompts/chapters/ch01/a.txt",
    "an orphan": "generated/chapters/ch01/orphan.png",
}
"""Patterns below the project, by name; where nothing is yet, the pattern is a path."""


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def pipe_of(path: Path) -> Path:
    """Return where a pipe stands that a link at a path leads to."""
    return path.with_name(f"{path.name}.pipe")


SORTS: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": _socket,
    "a terabyte": _sparse,
    "a link to a pipe": lambda path: (os.mkfifo(pipe_of(path)), path.symlink_to(pipe_of(path).name)),
}


def places(root: Path, name: str) -> list[Path]:
    """Return the places of one name in a project, its folder made where nothing is yet."""
    pattern = PLACES[name]
    found = sorted(root.glob(pattern)) or ([] if "*" in pattern else [root / pattern])
    for path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
    return found
