"""A build of forty images, ended at a chosen durable operation or at a random moment, and the accounts afterwards.

Judged: every image asked for at most once unless its request was in flight, and those are named as possibly billed;
every reply that arrived is stored; the author's files differ by slots only; images, records and journal agree.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project, Run

from proof.books import arrived, asked, copy_of, forty, ids_of, in_flight, is_settled, now
from proof.tally import Bench, Tally

SPARE = 2
"""Threads a provider has beyond its workers: each may hold a reply that it has not stored yet."""
DIED = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 130}
WAYS = ("KILL", "KILL", "KILL", "TERM", "INT", "INT INT")


@dataclass
class Book:
    """A project to be copied and killed, for one number of workers."""

    bench: Bench
    server: OpenAIServer
    start: Project
    workers: int
    ids: set[str] = field(default_factory=set)
    steps: int = 0

    @classmethod
    def made(cls, bench: Bench, server: OpenAIServer, workers: int, images: int = 40) -> Book:
        """Make the project and count the operations of one whole build."""
        start = forty(bench.folder / f"start-{workers}-{images}", server.environ, workers, images=images)
        book = cls(bench, server, start, workers, ids_of(start))
        assert len(book.ids) == images
        whole = copy_of(start, bench.folder / f"whole-{workers}-{images}")
        run = bench.forks.run(whole, "doit", count=True)
        assert run.code == 0, run.all
        book.steps = len(bench.forks.steps())
        shutil.rmtree(whole.root)
        return book

    def ended_at(self, tally: Tally, step: int, way: str) -> None:
        """End a build with signals at one of its operations."""
        with tally.trial(f"{self.workers} workers, {way} before operation {step}"):
            self._trial(tally, way, lambda project: self.bench.forks.run(project, "doit", kill_at=step, ends=way))

    def ended_any_time(self, tally: Tally, way: str) -> None:
        """End a build at a random moment: some while after some request arrived."""
        luck = self.bench.luck
        number, delay = luck.randrange(len(self.ids)), luck.random() * 0.12
        with tally.trial(f"{self.workers} workers, {way} {delay:.4f} s after request {number}"):
            self._trial(tally, way, lambda project: self._killed(project, way, number, delay))

    def _killed(self, project: Project, way: str, number: int, delay: float) -> Run:
        before = len(self.server.requests)
        pid = self.bench.forks.start(project, "doit")
        if number:
            self.server.wait_for(before + number, 20)
        time.sleep(delay)
        for name in way.split():
            os.kill(pid, signal.Signals[f"SIG{name}"])
            time.sleep(self.bench.luck.random() * 0.05)
        return self.bench.forks.wait(pid)

    def _trial(self, tally: Tally, way: str, ended) -> None:
        project = copy_of(self.start, self.bench.folder / f"trial-{tally.trials}")
        before = tree.yaml_files(project)
        since = now([self.server])
        first = ended(project)
        assert first.code in {0, *DIED}, first.all
        tally.faults += first.code != 0
        self.server.settle()
        self._check(project, before, since, first, orderly=way in ("TERM", "INT") and first.code == 130)
        shutil.rmtree(project.root)

    def _check(
        self, project: Project, before: dict[str, bytes], since: dict[int, int], first: Run, *, orderly: bool
    ) -> None:
        sent = asked([self.server], since)
        assert max(sent.values(), default=0) <= 1, sent
        whole = {str(record["entry_id"]) for record in arrived(project)}
        lost = set(sent) - whole
        named = set(in_flight(project))
        assert whole <= set(sent)
        assert lost <= named, f"sent for, neither stored nor on record: {lost - named}"
        assert len(lost) <= (0 if orderly else self.workers + SPARE), f"{len(lost)} replies lost: {first.all}"
        tree.slots_only(project, before)

        middle = now([self.server])
        second = self.bench.forks.run(project, "doit")
        assert second.code == 0, second.all
        again = asked([self.server], middle)
        assert again == Counter(self.ids - whole), f"{again} for {self.ids - whole}"
        told = {line.split()[2] for line in second.out.splitlines() if line.startswith("possibly billed: ")}
        assert lost <= told <= named, f"{told} told, {lost} lost, {named} on record"
        tree.slots_only(project, before)
        tree.all_agrees(project, self.ids)
        assert is_settled(project), "a third run would still have to do something"


def harness(bench: Bench, tally: Tally) -> None:
    """Spread the trials over 1, 4 and 16 workers; half at operations in turn, half at random moments."""
    with OpenAIServer() as server:
        books = [Book.made(bench, server, workers) for workers in (1, 4, 16)]
        tally.figures["operations of one build"] = {book.workers: book.steps for book in books}
        each = -(-bench.trials // len(books))
        for book in books:
            stride = max(book.steps / (each / 2), 1.0)
            first = bench.luck.random() * stride
            for number in range(each):
                if not bench.more(tally):
                    return
                way = WAYS[number // 2 % len(WAYS)]
                if number % 2 == 0:
                    book.ended_at(tally, 1 + int(first + number // 2 * stride) % book.steps, way)
                else:
                    book.ended_any_time(tally, way)
