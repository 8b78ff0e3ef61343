"""A book that is made by jobs, in three runs, one of them killed: at a durable operation, or at a call to the vendor.

The first run hands over the portraits, the second collects them and hands over who shows them, the third collects the
rest. At the vendor's side the process dies before a call is carried out, after it was and before it is answered, or in
the middle of a file of results. Judged: every image is billed once and stored once, whatever was killed, and nothing
stays at the vendor but references, which end by themselves.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from servers.google_server import GoogleServer
from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project, Run

from proof.books import arrived, copy_of, forty, ids_of, is_settled
from proof.tally import Bench, Tally

RUNS = 3
IMAGES = 12
LATER = 180.0
"""Seconds that pass before the run after a kill: a job that the vendor's list does not name yet is waited for."""
VENDORS: dict[str, Callable[..., Any]] = {
    "openai/gpt-image-2.5-flare": OpenAIServer,
    "google/gemini-nano-banana-2.1": GoogleServer,
}


@dataclass
class Book:
    """A project that makes jobs at one vendor, to be copied and killed."""

    bench: Bench
    route: str
    start: Project
    ids: set[str] = field(default_factory=set)
    steps: list[int] = field(default_factory=list)
    """Durable operations of each of its runs."""
    moments: list[list[str]] = field(default_factory=list)
    """What happened at the vendor's side in each of its runs: each call before and after it was carried out."""

    @classmethod
    def made(cls, bench: Bench, route: str) -> Book:
        """Make the project, and count what can be killed in each of its runs."""
        start = forty(
            bench.folder / f"start-{route[:6]}", {}, 1, route=route, images=IMAGES, settings='mode = "batch"\n'
        )
        book = cls(bench, route, start, ids_of(start))
        with VENDORS[route]() as server:
            whole = book._copy("whole", server)
            for _ in range(RUNS):
                moments: list[str] = []
                server.jobs.watch = lambda operation, _, moments=moments: moments.append(operation)
                run = bench.forks.run(whole, "doit", count=True)
                assert run.code == 0, run.all
                book.steps.append(len(bench.forks.steps()))
                book.moments.append(moments)
            book._check(whole, server, run)
        return book

    def killed_at_step(self, tally: Tally, number: int) -> None:
        """Kill before a durable operation, counted over all runs."""
        run, step = _place(self.steps, number)
        with tally.trial(f"{self.route}: run {run + 1}, before operation {step}"):
            self._trial(tally, run, lambda project, _: self.bench.forks.run(project, "doit", kill_at=step))

    def killed_at_call(self, tally: Tally, number: int) -> None:
        """Kill at a moment at the vendor's side, counted over all runs."""
        run, moment = _place(list(map(len, self.moments)), number)
        with tally.trial(f"{self.route}: run {run + 1}, at moment {moment} of the vendor's"):
            self._trial(tally, run, lambda project, server: self._killed(project, server, moment))

    def _killed(self, project: Project, server: Any, moment: int) -> Run:
        seen = count(1)
        started: list[int] = []
        known = threading.Event()

        def watch(*_: object) -> None:
            if next(seen) == moment:
                known.wait(10)
                os.kill(started[0], signal.SIGKILL)

        server.jobs.watch = watch
        started.append(self.bench.forks.start(project, "doit"))
        known.set()
        return self.bench.forks.wait(started[0])

    def _trial(self, tally: Tally, runs: int, killed: Callable[[Project, Any], Run]) -> None:
        with VENDORS[self.route]() as server:
            project = self._copy(f"trial-{tally.trials}", server)
            before = tree.yaml_files(project)
            for _ in range(runs):
                run = self.bench.forks.run(project, "doit")
                assert run.code == 0, run.all
            first = killed(project, server)
            assert first.code in (0, -signal.SIGKILL), first.all
            tally.faults += first.code != 0
            server.jobs.watch = lambda *_: None
            server.settle()
            tree.slots_only(project, before)
            for _ in range(RUNS + 1):
                run = self.bench.forks.run(project, "doit", later=LATER)
                assert run.code == 0, run.all
            tree.slots_only(project, before)
            self._check(project, server, run)
            shutil.rmtree(project.root)

    def _check(self, project: Project, server: Any, last: Run) -> None:
        billed = server.jobs.billed_keys
        assert max(billed.values()) == 1, billed
        assert sum(server.jobs.billed.values()) == len(self.ids), f"{server.jobs.billed}\n{last.all}"
        stored = [str(record["entry_id"]) for record in arrived(project)]
        assert sorted(stored) == sorted(self.ids), f"{stored}\n{last.all}"
        tree.all_agrees(project, self.ids)
        assert is_settled(project), f"a further run would still have to do something: {last.all}"
        assert not list(project.root.glob(".chargen/jobs/*")), "a job stayed on record"
        left = [file for file in server.jobs.files.values() if not file.title.startswith("reference")]
        assert not left, f"files stayed at the vendor: {left}"

    def _copy(self, name: str, server: Any) -> Project:
        project = copy_of(self.start, self.bench.folder / f"{name}-{self.route[:6]}")
        project.env = {**project.env, **server.environ}
        return project


def _place(counts: list[int], number: int) -> tuple[int, int]:
    """Return the run, from 0, and the place in it, from 1, of a number counted over all runs."""
    number %= sum(counts)
    for run, those in enumerate(counts):
        if number < those:
            return run, number + 1
        number -= those
    raise AssertionError


def harness(bench: Bench, tally: Tally) -> None:
    """Spread the trials over both vendors; half at operations, half at calls, each in turn over all there are."""
    books = [Book.made(bench, route) for route in VENDORS]
    tally.figures["operations and moments"] = {book.route: [book.steps, list(map(len, book.moments))] for book in books}
    each = -(-bench.trials // (2 * len(books)))
    for book in books:
        steps, moments = max(sum(book.steps) / each, 1.0), max(sum(map(len, book.moments)) / each, 1.0)
        first = bench.luck.random()
        for number in range(each):
            if not bench.more(tally):
                return
            book.killed_at_step(tally, int((first + number) * steps))
            book.killed_at_call(tally, int((first + number) * moments))
