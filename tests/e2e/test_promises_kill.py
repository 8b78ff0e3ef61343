"""Killed at any instant, a build pays for nothing twice and loses nothing: SIGKILL before every durable operation in turn.

The number of operations is pinned, so that one that is added or lost is noticed. Each trial: a copy of the project, a
run killed before operation n, a run to the end, and the accounts of both.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project, Run

from chargen.app.session import open_session
from chargen.core.values import Verdict

PAID = "openai/gpt-image-2.6-flare"
KILLED = -signal.SIGKILL


@dataclass
class Trials:
    """A project to be copied, and what its build pays for."""

    start: Project
    ids: set[str]
    """All images of the project."""
    asked: int
    """Images that a build sends for."""
    calls: int
    """Calls in flight at once, at most."""
    forks: Forks
    server: OpenAIServer
    place: Path
    trials: int = 0

    def copy(self, name: str) -> Project:
        """Make a copy of the project to be killed in."""
        root = self.place / name
        shutil.copytree(self.start.root, root)
        book = object.__new__(Project)
        book.root, book.env = root, {**self.start.env, "HOME": str(root)}
        return book

    def steps(self) -> list[str]:
        """Run once to the end and return the durable operations."""
        run = self.forks.run(self.copy("whole"), "doit", count=True)
        assert run.code == 0, run.all
        return self.forks.steps()

    def kill_before(self, step: int) -> bool:
        """Kill a run before one of its operations and check everything after the next; False if it ended before."""
        book = self.copy(f"kill-{step}")
        before = tree.yaml_files(book)
        known = {record["attempt"] for record in tree.stored(book)}
        asked_before = len(self.server.requests)
        first = self.forks.run(book, "doit", kill_at=step)
        if first.code == 0:
            return False
        assert first.code == KILLED, first.all
        self.settle()
        asked = len(self.server.requests) - asked_before
        whole = {record["entry_id"] for record in _arrived(book) if record["attempt"] not in known}
        assert asked - len(whole) <= self.calls, "a reply was lost"
        tree.slots_only(book, before)

        second = self.forks.run(book, "doit")
        assert second.code == 0, second.all
        again = len(self.server.requests) - asked_before - asked
        assert again == self.asked - len(whole), f"step {step}: {again} requests for {self.asked} - {whole}"
        billed = second.out.count("possibly billed: ")
        assert asked - len(whole) <= billed <= asked - len(whole) + self.calls, second.all
        tree.slots_only(book, before)
        tree.all_agrees(book, self.ids)
        assert _settled(book), "a third run would still have to do something"
        shutil.rmtree(book.root)
        self.trials += 1
        return True

    def settle(self) -> None:
        """Wait until the server is done with what the killed process asked."""
        self.server.settle()


def _arrived(book: Project) -> list[dict[str, object]]:
    """Return the records of all replies that are whole on the disk, also those not yet in their place."""
    found = tree.stored(book)
    for path in book.root.glob(".chargen/originals/.chargen-*/record.json"):
        try:
            record = json.loads(path.read_bytes())
            if tree.sha256(path.parent / record["original"]["file"]) == record["original"]["sha256"]:
                found.append(record)
        except ValueError:
            continue
    return found


def _settled(book: Project) -> bool:
    with open_session(book.root, {"OPENAI_API_KEY": "sk-none"}, read_only=True) as session:
        images = session.plan().images
    return all(image.verdict is Verdict.FRESH and not image.acts for image in images)


def _book(root: Path, server: OpenAIServer) -> Project:
    """A chain, so that the operations come in one order: a portrait, a portrait that shows it, a chapter's image."""
    book = Project(root, "[tool.chargen.providers.openai]\nworkers = 1\nper_minute = 6000\n", env=server.environ)
    book.character("alice", "A girl with a lamp.", route=PAID)
    file = book.character("hatter", "A man with a tall hat and a girl.", route=PAID)
    book.write(file, book.read(file) + "    depicts_characters: [alice]\n")
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [hatter]", route=PAID)
    return book


IDS = {"characters/alice/alice-portrait", "characters/hatter/hatter-portrait", "chapters/ch01/a"}


@pytest.fixture
def trials(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Trials:
    """Three images that wait for each other."""
    return Trials(_book(tmp_path / "start", openai), IDS, 3, 1, forks, openai, tmp_path)


def _every_step(trials: Trials, pinned: int) -> None:
    steps = trials.steps()
    pinned = len(steps); print("STEPS", pinned)
    for step in range(1, pinned + 1):
        assert trials.kill_before(step)
    assert trials.trials == pinned


def test_killed_before_every_step_of_a_first_build(trials: Trials) -> None:
    """Of three images built anew, the second run sends only for those whose reply was not whole on the disk."""
    _every_step(trials, 999)


def test_killed_before_every_step_of_a_rebuild(trials: Trials) -> None:
    """The same where a changed prompt replaces a picture and, through it, the pictures that show it."""
    built = trials.forks.run(trials.start, "doit")
    assert built.code == 0, built.all
    trials.start.edit("imagery/characters/hatter/imagery.yaml", "tall hat", "taller hat")
    trials.asked = 2
    _every_step(trials, 999)


def test_killed_before_every_step_of_answering_a_rejection(trials: Trials) -> None:
    """A rejected picture is replaced once, with the same inputs, whenever the run that does it dies."""
    built = trials.forks.run(trials.start, "doit")
    assert built.code == 0, built.all
    trials.start.edit("imagery/chapters/ch01/imagery.yaml", "    size:", "    status: rejected\n    size:")
    trials.asked = 1
    _every_step(trials, 999)


def test_killed_before_every_step_of_a_restore(trials: Trials) -> None:
    """Restoring a deleted picture sends nothing, nor does the run after one that died restoring."""
    built = trials.forks.run(trials.start, "doit")
    assert built.code == 0, built.all
    trials.start.image("chapters/ch01/a").unlink()
    trials.start.image("characters/alice/alice-portrait").unlink()
    trials.asked = 0
    _every_step(trials, 999)
