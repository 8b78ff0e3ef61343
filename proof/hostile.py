"""Projects from a stranger, made to do harm: each is looked at, checked and built, with a folder beside it as bait.

Judged: nothing outside the project is read into a request, written or removed; no code of the project's runs but
`dodo.py` under `doit`; nothing hangs; no bug of ours shows; what is printed holds no control characters.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

from servers import pictures
from servers.openai_server import OpenAIServer
from support.project import Project, Run

from proof.books import OPENAI
from proof.hostile_projects import PROJECTS
from proof.tally import Bench, Tally

SECRET = b"the-secret-outside-0123456789"
PATIENCE = 60.0
"""Seconds after which a command counts as hung."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COMMANDS = (("chargen", "plan"), ("chargen", "check"), ("chargen", "status"), ("doit",), ("doit", "list"))


def prepared(folder: Path, server: OpenAIServer) -> tuple[Project, Path]:
    """Make an honest project and, beside it, a folder with what it must not touch."""
    root, outside = folder / "project", folder / "outside"
    root.mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.txt").write_bytes(SECRET)
    (outside / "secret.png").write_bytes(pictures.png(64, 64, 1)[:-12] + SECRET)
    (outside / "imagery.yaml").write_text("entity_type: character\nslug: eve\nappearance: the-secret-outside\n")
    (outside / "folder").mkdir()
    book = Project(root, "[tool.chargen.providers.openai]\nworkers = 2\nper_minute = 60000\n", env=server.environ)
    book.character("alice", "A girl.", route=OPENAI)
    book.chapter("ch01", {"a": "A lamp."}, route=OPENAI, entry="depicts_characters: [alice]")
    return book, outside


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return everything below a folder: mode, time of change and bytes by name."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found[path.relative_to(folder).as_posix()] = (status.st_mode, status.st_mtime_ns, data)
    return found


def attack(bench: Bench, tally: Tally, name: str, harm: Callable[[Project, Path], object]) -> None:
    """Try all commands on one hostile project."""
    with OpenAIServer() as server, tally.trial(name):
        book, outside = prepared(bench.folder / f"hostile-{tally.trials}", server)
        harm(book, outside)
        tally.faults += 1
        before = snapshot(outside)
        for command in COMMANDS:
            run = _patiently(bench, book, *command)
            assert run.code in (0, 1, 3), f"{command}: {run.all[-1500:]}"
            for word in ("Traceback", "unexpected", "report it"):
                assert word not in run.all, f"{command}: {run.all[-1500:]}"
            told = _CONTROL.search(run.out + run.err)
            assert told is None, f"{command} prints {told[0]!r}: {run.all[-1500:]!r}"
            assert SECRET.decode() not in run.all, f"{command} tells the secret"
        after = snapshot(outside)
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert not changed, f"changed outside: {sorted(changed)}"
        for seen in server.requests:
            sent = seen.prompt.encode() + b"".join(file.data for file in seen.files)
            assert SECRET not in sent, "the secret was uploaded"
            assert b"the-secret" not in sent, "a file from outside was uploaded"


def _patiently(bench: Bench, book: Project, *command: str) -> Run:
    pid = bench.forks.start(book, *command)
    timer = threading.Timer(PATIENCE, os.kill, (pid, 9))
    timer.start()
    try:
        run = bench.forks.wait(pid)
    finally:
        timer.cancel()
    assert run.code != -9, f"{command} hung"
    return run


def harness(bench: Bench, tally: Tally) -> None:
    """Every hostile project once."""
    for name, harm in PROJECTS.items():
        attack(bench, tally, name, harm)
