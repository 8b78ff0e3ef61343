"""Killed at any instant, a build pays for nothing twice and loses nothing: killed before every operation in turn.

The number of operations that matter is pinned, so that one that is added or lost is noticed. Of the longer runs one
operation in two or three is killed at, of those of `proof/` every one. Each trial: a copy of the project, a
run killed before operation n, a run to the end, and the accounts of both.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project

from chargen.model.values import Verdict
from chargen.plan.session import open_session

PAID = "openai/gpt-image-2.6-flare"
KILLED = -signal.SIGKILL
KEPT = ("generated/", "imagery/", ".chargen/originals/", ".chargen/history/")
"""Where what was paid for and what the author wrote lies: the operations there are pinned, all are killed at."""


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

    def copy(self, name: str) -> Project:
        """Make a copy of the project to be killed in."""
        return self.start.copy(self.place / name)

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
        self.server.settle()
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
        return True


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
    """A portrait and an image that shows it: one waits for the other, so that the operations come in one order."""
    book = Project(root, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=server.environ)
    book.character("alice", "A girl with a lamp.", route=PAID)
    book.chapter("ch01", {"a": "A lamp on a table."}, entry="depicts_characters: [alice]", route=PAID)
    return book


IDS = {"characters/alice/alice-portrait", "chapters/ch01/a"}


@pytest.fixture
def trials(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Trials:
    """Two images, nothing built."""
    return Trials(_book(tmp_path / "start", openai), IDS, 2, 1, forks, openai, tmp_path)


@pytest.fixture
def built(trials: Trials) -> Trials:
    """Two images, built."""
    run = trials.forks.run(trials.start, "doit")
    assert run.code == 0, run.all
    return trials


def _every_step(trials: Trials, pinned: int, since: str = "", stride: int = 1) -> None:
    """Kill before every operation, or one in `stride`, from the first that is about `since`."""
    steps = trials.steps()
    kept = [step for step in steps if any(place in step for place in KEPT)]
    assert len(kept) == pinned, "\n".join(kept)
    first = next(number for number, step in enumerate(steps, start=1) if since in step)
    for step in range(first, len(steps) + 1, stride):
        assert trials.kill_before(step)


@pytest.mark.long
def test_killed_before_every_step_of_a_first_build(trials: Trials) -> None:
    """The second run sends only for images whose reply was not whole on the disk, and names what was in flight."""
    _every_step(trials, 59, stride=2)


def test_killed_before_every_step_of_a_rebuild(built: Trials) -> None:
    """The same where a changed prompt replaces a picture; the old one is in the history."""
    built.start.edit("imagery/chapters/ch01/imagery.yaml", "on a table", "under a table")
    built.asked = 1
    _every_step(built, 32, stride=3)


def test_killed_before_every_step_of_answering_a_rejection(built: Trials) -> None:
    """A rejected picture is replaced once, though nothing of its inputs changed, whenever the run that does it dies."""
    built.start.edit("imagery/chapters/ch01/imagery.yaml", "    size:", "    status: rejected\n    size:")
    built.asked = 1
    _every_step(built, 29, since="originals", stride=3)


def test_killed_before_every_step_of_a_retake(built: Trials) -> None:
    """A picture that another one is made from is asked for once, and both are versions, whenever the run dies."""
    of = tree.sha256(built.start.image("chapters/ch01/a"))
    asked = f'    retake: {{of: "{of}", instruction: "Put the lamp out."}}\n    size:'
    built.start.edit("imagery/chapters/ch01/imagery.yaml", "    size:", asked)
    built.asked = 1
    _every_step(built, 30, stride=3)
    assert {seen.fields["prompt"].split("\n")[0] for seen in built.server.requests[2:]} == {"Put the lamp out."}


def test_killed_before_every_step_of_a_restore(built: Trials) -> None:
    """Restoring a deleted picture sends nothing, nor does the run after one that died restoring."""
    built.start.image("characters/alice/alice-portrait").unlink()
    built.asked = 0
    _every_step(built, 8)


def test_killed_at_random_with_calls_side_by_side(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """Eight images, four sent for at once and two being stored: killed anywhere, the accounts are right."""
    book = Project(tmp_path / "start", "[tool.chargen.providers.openai]\nworkers = 4\nper_minute = 6000\n")
    book.env.update(openai.environ)
    for chapter in ("ch01", "ch02"):
        book.chapter(chapter, {f"i{number}": f"Scene {number} of {chapter}." for number in range(4)}, route=PAID)
    ids = {f"chapters/{chapter}/i{number}" for chapter in ("ch01", "ch02") for number in range(4)}
    trials = Trials(book, ids, 8, 6, forks, openai, tmp_path)
    dice = random.Random(20)
    for step in dice.sample(range(20, 180), 10):
        assert trials.kill_before(step)


def test_killed_while_one_reply_is_held(tmp_path: Path, openai: OpenAIServer) -> None:
    """Ten images, one reply held, killed from outside: the next run sends for that one and says it may be billed."""
    book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)
    book.chapter("ch01", {f"i{number}": f"Scene number {number}." for number in range(10)}, route=PAID)
    release = threading.Event()
    openai.when("number 7", held(release), times=1)
    process = book.start("doit")
    assert process.stdout is not None
    done: list[bytes] = []
    while len(done) < 9:
        line = process.stdout.readline()
        assert line, "the run ended"
        done += [line] if b"built by" in line else []
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    release.set()
    openai.settle()

    run = book.doit()
    assert run.code == 0, run.all
    assert len(openai.requests) == 11
    assert "number 7" in openai.requests[-1].prompt
    assert run.out.count("possibly billed: chapters/ch01/i7 was being made by openai/") == 1
    tree.all_agrees(book, {f"chapters/ch01/i{number}" for number in range(10)})
