"""Two processes at once on one checkout: two builds, a build and a batch, a batch and the author's approval.

Judged: every image is asked for exactly once, both end in order, nothing of either's work is lost, and all agrees.
"""

from __future__ import annotations

import shutil
from collections import Counter

from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project, Run

from proof.books import asked, copy_of, forty, ids_of, is_settled, now
from proof.tally import Bench, Tally

APPROVED = ("characters/hare/hare-portrait", "chapters/ch0/i00")
BUILT = {*APPROVED, "characters/alice/alice-portrait"}
"""What stands there before a round with approvals: a scene needs the portrait it shows."""
PAIRS = (
    (("doit",), ("doit",)),
    (("doit",), ("chargen", "batch", "all")),
    (("chargen", "batch", "all"), ("chargen", "approve", *APPROVED)),
    (("doit",), ("chargen", "approve", *APPROVED)),
)


def one_round(bench: Bench, tally: Tally, server: OpenAIServer, starts: tuple[Project, Project]) -> None:
    """Start two commands at once, wait for both, look at everything."""
    pair = PAIRS[tally.trials % len(PAIRS)]
    approves = "approve" in pair[1]
    with tally.trial(" and ".join(" ".join(command) for command in pair)):
        project = copy_of(starts[approves], bench.folder / f"round-{tally.trials}")
        before, since = tree.yaml_files(project), now([server])
        order = list(pair)
        bench.luck.shuffle(order)
        pids = [bench.forks.start(project, *command) for command in order]
        runs = [bench.forks.wait(pid) for pid in pids]
        tally.faults += 1
        _orderly(runs)
        expected = ids_of(project) - BUILT if approves else ids_of(project)
        assert asked([server], since) == Counter(expected), asked([server], since)
        tree.all_agrees(project, ids_of(project))
        if approves:
            assert sum(project.read(name).count('status: "approved"') for name in before) == len(APPROVED)
        else:
            tree.slots_only(project, before)
            assert is_settled(project)
        shutil.rmtree(project.root)


def _orderly(runs: list[Run]) -> None:
    for run in runs:
        assert run.code == 0, "\n".join(run.all for run in runs)
        assert "Traceback" not in run.all, run.all


def harness(bench: Bench, tally: Tally) -> None:
    """Rounds over all pairs in turn."""
    with OpenAIServer(latency=0.01) as server:
        fresh = forty(bench.folder / "fresh", server.environ, 3, images=12)
        partly = copy_of(fresh, bench.folder / "partly")
        run = bench.forks.run(partly, "doit", *(f"generated/{name}.png" for name in APPROVED))
        assert run.code == 0, run.all
        assert partly.images() == BUILT
        while bench.more(tally):
            one_round(bench, tally, server, (fresh, partly))
