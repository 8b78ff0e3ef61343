"""Several machines build one book at once over a shared store, and die at the worst moments.

Each machine is a clone of its own and a process; six of them start at once on sixty images, and half of them end
without a word: with a claim in hand, right after a request was answered, right after its reply was safe and before it
was in the store. They are started once more. In one round they hand over jobs: they die before a job is made, while it
is, before its claims tell its number, and while they collect, and run again until all is there. Judged: no image was
paid for more often than once and the times it was named as possibly billed; in the end every machine has every picture.

Leases are seconds here instead of minutes, so that a round does not wait for them.
"""

from __future__ import annotations

import os
import re
import runpy
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer
from support.project import REPOSITORY, Project

from proof.books import asked, copy_of, forty, ids_of, mark_of, now
from proof.tally import Bench, Tally

MACHINES = 6
IMAGES = 60
POINTS = ("claimed", "sent", "stored")
JOB_POINTS = ("joined", "named", "making", "made", "collecting")
JOB_ROUTE = "openai/gpt-image-2.5-flare"
MOST_RUNS = 60
"""Of a machine that hands over jobs: portraits, who shows them, and what it waits for meanwhile."""
_NAMED = re.compile(r"^(?:warning: )?possibly billed: (\S+) was being bought by ", re.MULTILINE)


def one_round(
    bench: Bench,
    tally: Tally,
    store: ObjectStore,
    servers: Sequence[OpenAIServer],
    *,
    machines: int = MACHINES,
    images: int = IMAGES,
    dying: OpenAIServer | None = None,
) -> None:
    """Let machines race; half of them die once, at a point of their own. `dying` is a vendor's server that ends too."""
    with tally.trial(f"round {tally.trials}"):
        since, folder = now(servers), bench.folder / f"round-{tally.trials}"
        book = forty(folder / "book", {**servers[0].environ, **store.environ}, 4, images=images)
        _settle(book, store, servers, f"{bench.folder.name}-{tally.trials}")
        clones, deaths = _machines(bench, book, folder, machines, POINTS, 6)
        stops = None if dying is None else threading.Timer(4.0, dying.dies)
        if stops is not None:
            stops.start()
        said = _until_done(clones, deaths, tally)
        if stops is not None:
            stops.join()
        _judge(book, clones, asked(servers, since), said, tally)


def jobs_round(bench: Bench, tally: Tally, store: ObjectStore, *, machines: int = MACHINES, images: int = 24) -> None:
    """Let machines hand over jobs; half of them die once, and all run until they have every picture."""
    with tally.trial(f"round {tally.trials}, by jobs"), OpenAIServer() as vendor:
        vendor.jobs.polls = 1
        folder = bench.folder / f"round-{tally.trials}"
        book = forty(folder / "book", {**vendor.environ, **store.environ}, 4, route=JOB_ROUTE, images=images)
        _settle(book, store, (vendor,), f"{bench.folder.name}-{tally.trials}", 'mode = "batch"\n')
        clones, deaths = _machines(bench, book, folder, machines, JOB_POINTS, 1)
        wanted = ids_of(book)
        said = _until_done(clones, deaths, tally, lambda clone: wanted <= clone.images())
        paid = Counter({mark_of(prompt): times for prompt, times in vendor.jobs.billed.items()})
        _judge(book, clones, paid, said, tally)


def _machines(
    bench: Bench, book: Project, folder: Path, machines: int, points: Sequence[str], most: int
) -> tuple[list[Project], list[tuple[str, int]]]:
    """Return clones, and where each dies: half of them at a point of their own, when it is passed for the n-th time."""
    clones = [copy_of(book, folder / f"machine-{number}") for number in range(machines)]
    deaths = [(bench.luck.choice(points), bench.luck.randint(1, most)) for _ in range(machines // 2)]
    return clones, deaths + [("", 0)] * (machines - len(deaths))


def _settle(book: Project, store: ObjectStore, servers: Sequence[OpenAIServer], prefix: str, more: str = "") -> None:
    addresses = ", ".join(f'"{server.base_url}"' for server in servers)
    book.settings(
        f"[tool.chargen.providers.openai]\nworkers = 4\nper_minute = 60000\ntimeout = 10\nbase_url = [{addresses}]\n"
        f'{more}[tool.chargen.store]\nurl = "{store.url}/{prefix}"\n'
    )


def _until_done(
    clones: Sequence[Project],
    deaths: Sequence[tuple[str, int]],
    tally: Tally,
    is_done: Callable[[Project], bool] = lambda _clone: True,
) -> str:
    """Run every machine, those that die once more, until all have ended in order; return all that was printed."""
    said: list[str] = []
    lock = threading.Lock()

    def machine(clone: Project, point: str, number: int) -> None:
        for dies in (point, *[""] * MOST_RUNS):
            env = {"PROOF_DIES": f"{dies} {number}", "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"}
            process = subprocess.Popen(
                [sys.executable, "-m", "proof.machines"],
                cwd=clone.root,
                env={**clone.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            out, _ = process.communicate(timeout=300)
            with lock:
                said.append(f"--- {clone.root.name} {dies or 'to the end'}: {process.returncode}\n{out}")
                tally.faults += process.returncode == -signal.SIGKILL
            if process.returncode != -signal.SIGKILL and is_done(clone):
                return

    pairs = zip(clones, deaths, strict=True)
    threads = [threading.Thread(target=machine, args=(clone, *death)) for clone, death in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "\n".join(said)


def _judge(book: Project, clones: Sequence[Project], paid: Counter[str], said: str, tally: Tally) -> None:
    wanted = ids_of(book)
    named = Counter(_NAMED.findall(said))
    for clone in clones:
        with closing(sqlite3.connect(clone.root / ".chargen/journal.sqlite")) as journal:
            rows = journal.execute("SELECT task_id FROM attempts WHERE possibly_billed=1").fetchall()
        named.update(row[0] for row in rows)
    unnamed = {name: (times, named[name]) for name, times in paid.items() if times - 1 > named[name]}
    assert not unnamed, f"paid for more often than named: {unnamed}\n{said[-6000:]}"
    assert set(paid) == wanted, wanted - set(paid)
    for clone in clones:
        lacks = sorted(wanted - clone.images())
        assert not lacks, f"{clone.root.name} lacks {lacks[:5]}\n{said[-6000:]}"
    assert "Traceback" not in said, said[-6000:]
    tally.figures["payments"] = tally.figures.get("payments", 0) + paid.total()
    tally.figures["surplus"] = tally.figures.get("surplus", 0) + paid.total() - len(wanted)


def harness(bench: Bench, tally: Tally) -> None:
    """Rounds with one vendor, then one by jobs, and a last one with a pool of which a server dies."""
    with ObjectStore("ministack") as store, OpenAIServer(latency=0.1) as vendor:
        while bench.more(tally) and tally.trials < bench.trials - 2:
            one_round(bench, tally, store, (vendor,))
        jobs_round(bench, tally, store)
        pool_round(bench, tally, store)


def pool_round(bench: Bench, tally: Tally, store: ObjectStore, **sizes: int) -> None:
    """One round against two servers of which one dies in the middle."""
    with ExitStack() as stack:
        pool = [stack.enter_context(OpenAIServer(latency=0.1, shape="localai")) for _ in range(2)]
        one_round(bench, tally, store, pool, dying=pool[1], **sizes)


def _die_at(point: str, number: int) -> None:
    """End this process without a word when it comes to a point for the n-th time."""
    from chargen.build import batch_results, shared_jobs, sharing  # noqa: PLC0415 - in the process of a machine only
    from chargen.build.sender import Sender  # noqa: PLC0415 - as above
    from chargen.store.batch_jobs import BatchJobs  # noqa: PLC0415 - as above
    from chargen.store.shared import claims, race  # noqa: PLC0415 - as above

    claims.CLAIMED_SECONDS, claims.MARGIN_SECONDS, race.FIRST_USE_SECONDS = 4.0, 2.0, 0.2
    claims.JOINED_SECONDS, claims.HANDING_OVER_SECONDS = 10.0, 20.0
    batch_results.LIST_LAG = timedelta(seconds=1)
    lock, passed = threading.Lock(), [0]

    def dying(work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*values: Any, **more: Any) -> Any:
            with lock:
                passed[0] += 1
                if passed[0] == number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return work(*values, **more)

        return wrapped

    if point == "claimed":
        sharing.Sharing.leaving = dying(sharing.Sharing.leaving)
    elif point == "sent":
        Sender._collected = dying(Sender._collected)
    elif point in ("stored", "collecting"):
        sharing.Sharing.put = dying(sharing.Sharing.put)
    elif point == "joined":
        shared_jobs.SharedJobs.handing_over = dying(shared_jobs.SharedJobs.handing_over)
    elif point == "named":
        BatchJobs.creating = dying(BatchJobs.creating)
    elif point == "making":
        BatchJobs.created = dying(BatchJobs.created)
    elif point == "made":
        shared_jobs.SharedJobs.handed_over = dying(shared_jobs.SharedJobs.handed_over)


if __name__ == "__main__":
    _point, _, _number = os.environ["PROOF_DIES"].partition(" ")
    _die_at(_point, int(_number))
    sys.argv = ["doit"]
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module("doit", run_name="__main__")
