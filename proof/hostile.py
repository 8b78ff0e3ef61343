"""Projects from a stranger, made to do harm: each is looked at, checked and built, with a folder beside it as bait.

Judged: nothing outside the project is read into a request, written or removed; no code of the project's runs but
`dodo.py` under `doit`; nothing hangs; no bug of ours shows; what is printed holds no control characters. And a built
project in which something else than a plain file stands, in every place where one is opened: nothing hangs there
either, nothing is bought for it, and all is as before once it is gone.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from servers import pictures
from servers.openai_server import OpenAIServer
from support.project import Project, Run

from proof.books import OPENAI
from proof.hostile_places import PLACES, SORTS, pipe_of, places
from proof.hostile_projects import ESCAPES, PROJECTS
from proof.tally import Bench, Tally

SECRET = b"the-secret-outside-0123456789"
PATIENCE = 30.0
"""Seconds after which a command counts as hung."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COMMANDS = (
    ("chargen", "plan"),
    ("chargen", "check"),
    ("chargen", "why"),
    ("chargen", "history", "--gone"),
    ("chargen", "log"),
    ("doit",),
    ("doit", "list"),
)
ALL_COMMANDS = (
    ("chargen", "plan", "--all"),
    ("chargen", "check"),
    ("chargen", "prompt", "chapters/ch01/a", "--sent"),
    ("chargen", "why", "chapters/ch01/a"),
    ("chargen", "impact", "alice"),
    ("chargen", "history", "chapters/ch01/a"),
    ("chargen", "history", "--gone"),
    ("chargen", "orphans"),
    ("chargen", "gc"),
    ("chargen", "trash", "list"),
    ("chargen", "cost"),
    ("chargen", "undo", "--list"),
    ("chargen", "notes"),
    ("chargen", "log"),
    ("chargen", "approve", "chapters/ch01/a"),
    ("chargen", "unlock", "chapters/ch01/a"),
    ("chargen", "accept", "chapters/ch01/a"),
    ("doit", "list"),
    ("doit", "info", "generated/chapters/ch01/a.png"),
    ("doit",),
    ("chargen", "batch", "all"),
)
"""What is tried where something odd stands; those that need no `dodo.py` first."""


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
    assert run.code in (0, 1, 3), f"{command}: {run.all[-1500:]}"
    for word in ("Traceback", "unexpected", "report it"):
        assert word not in run.all, f"{command}: {run.all[-1500:]}"
    told = _CONTROL.search(run.out + run.err)
    assert told is None, f"{command} prints {told[0]!r}: {run.all[-1500:]!r}"
    return run


def built(bench: Bench, folder: Path, server: OpenAIServer) -> Project:
    """Make a project with something in every place: an image was replaced, one is ignored, one file is in the trash."""
    book, _ = prepared(folder, server)
    book.write("imagery/characters/alice/face.png", pictures.png(64, 64, 3))
    book.write("imagery/characters/alice/imagery.yaml", f"{book.read('imagery/characters/alice/imagery.yaml')}{_FACE}")
    bench.forks.run(book, "doit")
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A red lamp.")
    for command in (("doit",), ("doit", "ignore", "characters/alice/alice-portrait"), ("chargen", "plan")):
        run = bench.forks.run(book, *command)
        assert run.code == 0, run.all[-1500:]
    book.write(".chargen/trash/20261128T000000000000Z/old.txt", "thrown away")
    return book


_FACE = "  - {id: face, path: face.png, status: approved}\n"


def odd_file(bench: Bench, tally: Tally, place: str, sort: str) -> None:
    """Put something that is no plain file into one place of a built project, try everything, and take it away."""
    with OpenAIServer() as server, tally.trial(f"{sort} in the place of {place}"):
        book = built(bench, bench.folder / f"odd-{tally.trials}", server)
        sent = len(server.requests)
        found = places(book.root, place)
        assert found, f"{place} is not there"
        for path in found:
            kept = path.with_name(f"{path.name}.kept")
            if path.exists():
                path.rename(kept)
            SORTS[sort](path)
            tally.faults += 1
        for command in ALL_COMMANDS:
            # doit reads the settings itself, before anything of ours runs.
            if command[0] != "doit" or place != "the settings":
                _patiently(bench, book, *command)
        assert len(server.requests) == sent, "something was bought for it"
        for path in found:
            kept = path.with_name(f"{path.name}.kept")
            for odd in (path, pipe_of(path)):
                odd.unlink(missing_ok=True)
            if kept.exists():
                kept.rename(path)
        run = _patiently(bench, book, "doit")
        assert run.code == 0, run.all[-1500:]
        assert len(server.requests) == sent, "something was bought again"


def steering(bench: Bench, tally: Tally) -> None:
    """Let every word of the records, slots and journal steer the terminal, and ask for it."""
    with OpenAIServer() as server, tally.trial("records that steer the terminal"):
        book = built(bench, bench.folder / f"steering-{tally.trials}", server)
        told = (
            "provider", "model", "received_at", "sent_at", "quality", "request_id", "revised_prompt", "model_version",
            "chargen_version", "sent_prompt", "run", "kind", "file",
        )  # fmt: skip
        for path in book.root.glob(".chargen/originals/*/*/record.json"):
            record = json.loads(path.read_text())
            record |= {name: f"{record.get(name) or name}{ESCAPES}" for name in told}
            record |= {"details": {ESCAPES: ESCAPES}, "usage": {ESCAPES: ESCAPES}, "notes": [ESCAPES]}
            for part in (*record["parts"], *record["references"]):
                part |= {name: f"{value}{ESCAPES}" for name, value in part.items() if name in ("text", "name", "path")}
            path.write_text(json.dumps(record))
        chapter = "imagery/chapters/ch01/imagery.yaml"
        for line in [
            line for line in book.read(chapter).splitlines() if line.lstrip().startswith(("model:", "provider:"))
        ]:
            book.edit(chapter, f"{line}\n", f"{line.partition(':')[0]}: {json.dumps('x' + ESCAPES)}\n")
        connection = sqlite3.connect(book.root / ".chargen" / "journal.sqlite")
        connection.execute("UPDATE attempts SET model = model || ?, message = ?, request_id = ?", (ESCAPES,) * 3)
        connection.execute("UPDATE runs SET command = command || ?", (ESCAPES,))
        connection.commit()
        connection.close()
        tally.faults += 1
        for command in ALL_COMMANDS:
            _patiently(bench, book, *command)
            if command[0] == "chargen" and "--json" in bench.forks.run(book, *command[:2], "--help").out:
                json.loads(_patiently(bench, book, *command, "--json").out)


def harness(bench: Bench, tally: Tally) -> None:
    """Every hostile project once, and something odd of every sort in every place."""
    for name, harm in PROJECTS.items():
        attack(bench, tally, name, harm)
    steering(bench, tally)
    for place in PLACES:
        for sort in SORTS:
            odd_file(bench, tally, place, sort)
