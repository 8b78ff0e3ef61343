"""A disk that takes no more: every durable operation of a build fails in turn, once or from then on, and is mended.

Judged: the run ends by itself with an orderly message and no bug of ours; no request leaves once a reply could not be
stored; author's files differ by slots only; after the fault is gone the next run completes, paying only for replies
that no disk took. Also, where a file system can be mounted, a real one that fills up.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass

from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project, Run

from proof.books import arrived, asked, copy_of, forty, ids_of, is_settled, now
from proof.kill import SPARE
from proof.tally import Bench, Tally

ERRORS = ("ENOSPC", "EACCES", "EROFS", "EIO", "EDQUOT")
PAD = 3_000_000
"""Bytes by which the pictures are larger where a real disk is to fill up."""


@dataclass
class Failing:
    """A project whose disk fails."""

    bench: Bench
    server: OpenAIServer
    start: Project
    workers: int
    ids: set[str]
    steps: int

    @classmethod
    def made(cls, bench: Bench, server: OpenAIServer, images: int, workers: int) -> Failing:
        """Make the project and count the operations of a whole build."""
        start = forty(bench.folder / f"disk-{workers}", server.environ, workers, images=images)
        whole = copy_of(start, bench.folder / f"disk-whole-{workers}")
        run = bench.forks.run(whole, "doit", count=True)
        assert run.code == 0, run.all
        shutil.rmtree(whole.root)
        return cls(bench, server, start, workers, ids_of(start), len(bench.forks.steps()))

    def fails_at(self, tally: Tally, step: int, error: str, *, onwards: bool) -> None:
        """Let one operation fail, or all from there on."""
        with tally.trial(f"{error} at operation {step}{' and after' if onwards else ''}"):
            project = copy_of(self.start, self.bench.folder / f"trial-{tally.trials}")
            before, since = tree.yaml_files(project), now([self.server])
            run = self.bench.forks.run(project, "doit", fail_at=step, error=error, onwards=onwards)
            tally.faults += run.code != 0
            _orderly(run)
            self._mended(project, before, since)
            shutil.rmtree(project.root)

    def _mended(self, project: Project, before: dict[str, bytes], since: dict[int, int]) -> None:
        sent = asked([self.server], since)
        whole = {str(record["entry_id"]) for record in arrived(project)}
        lost = set(sent) - whole
        assert max(sent.values(), default=0) <= 1
        assert len(lost) <= self.workers + SPARE, f"{len(lost)} replies were paid for and not stored"
        tree.slots_only(project, before)
        middle = now([self.server])
        second = self.bench.forks.run(project, "doit")
        assert second.code == 0, second.all
        again = asked([self.server], middle)
        assert again == Counter(self.ids - whole), f"{again} for {self.ids - whole}"
        told = {line.split()[2] for line in second.out.splitlines() if line.startswith("possibly billed: ")}
        assert told >= lost, f"{lost} were lost, {told} are named"
        tree.slots_only(project, before)
        tree.all_agrees(project, self.ids)
        assert is_settled(project)


def _orderly(run: Run) -> None:
    assert run.code in (0, 1, 3), run.all
    for word in ("Traceback", "unexpected", "report it"):
        assert word not in run.all, run.all


def fills_up(bench: Bench, tally: Tally, megabytes: int, images: int = 24) -> None:
    """Build on a file system of so many megabytes until it is full, make it larger, and build the rest."""
    place = bench.folder / f"small-{megabytes}"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        tally.figures["real full disks"] = "not tried: nothing may be mounted here"
        return
    try:
        with OpenAIServer(pad=PAD) as server, tally.trial(f"a disk of {megabytes} MB"):
            start = forty(place / "book", server.environ, 4, images=images)
            failing = Failing(bench, server, start, 4, ids_of(start), 0)
            before, since = tree.yaml_files(start), now([server])
            run = bench.forks.run(start, "doit")
            assert run.code in (1, 3), run.all
            tally.faults += 1
            _orderly(run)
            larger = ["mount", "-o", "remount,size=2g", str(place)]
            subprocess.run(larger, check=True, capture_output=True)
            failing._mended(start, before, since)
            tally.figures["real full disks"] = tally.figures.get("real full disks", 0) + 1
    finally:
        subprocess.run(["umount", str(place)], check=False, capture_output=True)


def harness(bench: Bench, tally: Tally) -> None:
    """Every operation of a build of six images once, then others at random; and disks that fill up."""
    with OpenAIServer() as server:
        failing = Failing.made(bench, server, 6, 2)
        tally.figures["operations of one build"] = failing.steps
        for megabytes in (30, 50, 70):
            fills_up(bench, tally, megabytes)
        stride = max(failing.steps // max(bench.trials, 1), 1)
        step = 0
        while bench.more(tally):
            step = step % failing.steps + stride
            failing.fails_at(tally, step, bench.luck.choice(ERRORS), onwards=bench.luck.random() < 0.5)
