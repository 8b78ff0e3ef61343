"""Both vendors misbehave: a seeded mix of every failure class over one run, then a stop of one of them, then peace.

Judged: the run ends by itself; the journal holds exactly the requests the servers remember, image by image and in
order; what the servers billed without a picture is what the journal, and the summary, call possibly billed; every
picture delivered whole is stored; after a stop only requests in flight still arrive, and the other vendor goes on;
the runs after it bring every image without asking twice for any that is there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from servers import google_server as google
from servers import loopback as wire
from servers import openai_server as openai
from servers.google_server import GoogleServer
from servers.loopback import Fault, LoopbackServer
from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project

from proof.books import GOOGLE, OPENAI, arrived, is_settled, now
from proof.tally import Bench, Tally

Class = Literal["transient", "ambiguous", "refused", "invalid"]


@dataclass(frozen=True)
class Misfortune:
    """A fault, its class, and whether the vendor's own account would show a charge for it."""

    name: str
    kind: Class
    fault: Fault
    billed: bool = False
    priced: bool = False
    """The answer tells what was charged, so that it counts as spent."""


def of_openai() -> list[Misfortune]:
    """Return every class as OpenAI words it."""
    return [
        Misfortune("overloaded", "transient", openai.overloaded()),
        Misfortune("500", "transient", openai.server_error()),
        Misfortune("rate limit", "transient", openai.rate_limited(0.2)),
        Misfortune("gateway page", "ambiguous", wire.html(502), billed=True),
        Misfortune("empty 503", "transient", wire.empty(503)),
        Misfortune("cut before headers", "ambiguous", wire.cut_before_headers(), billed=True),
        Misfortune("cut mid body", "ambiguous", wire.cut_mid_body(), billed=True),
        Misfortune("truncated JSON", "ambiguous", wire.truncated_json(), billed=True),
        Misfortune("no JSON", "ambiguous", wire.garbage(), billed=True),
        Misfortune("broken base64", "ambiguous", openai.broken_base64(), billed=True, priced=True),
        Misfortune("moderated", "refused", openai.moderated()),
        Misfortune("unknown parameter", "invalid", openai.unknown_parameter("colour")),
    ]


def of_google() -> list[Misfortune]:
    """Return every class as Google words it."""
    return [
        Misfortune("overloaded", "transient", google.overloaded()),
        Misfortune("internal", "transient", google.internal()),
        Misfortune("per minute", "transient", google.per_minute(0.2)),
        Misfortune("gateway page", "ambiguous", wire.html(502), billed=True),
        Misfortune("cut before headers", "ambiguous", wire.cut_before_headers(), billed=True),
        Misfortune("cut mid body", "ambiguous", wire.cut_mid_body(), billed=True),
        Misfortune("deadline", "transient", google.deadline()),
        Misfortune("blocked", "refused", google.blocked()),
        Misfortune("bad argument", "invalid", google.invalid()),
    ]


def _book(bench: Bench, servers: tuple[OpenAIServer, GoogleServer], images: int, workers: int = 16) -> Project:
    settings = "".join(
        f"[tool.chargen.providers.{name}]\nworkers = {workers}\nper_minute = 60000\n" for name in ("openai", "google")
    )
    root = bench.folder / f"chaos-{images}"
    book = Project(root, settings, env={**servers[0].environ, **servers[1].environ})
    for number in range(6):
        route = (OPENAI, GOOGLE)[number % 2]
        names = {f"i{k:03}": f"Scene {k}. mark<chapters/c{number}/i{k:03}>" for k in range(images // 6)}
        book.chapter(f"c{number}", names, route=route)
    return book


def _strike(bench: Bench, book: Project, servers: tuple[LoopbackServer, LoopbackServer]) -> dict[str, list[Misfortune]]:
    """Choose what befalls each image: for two in five, one or two faults before all is well."""
    planned: dict[str, list[Misfortune]] = {}
    for number in range(6):
        pool, server = ((of_openai(), servers[0]), (of_google(), servers[1]))[number % 2]
        count = len(tree.yaml_files(book)[f"imagery/chapters/c{number}/imagery.yaml"].split(b"mark<")) - 1
        for k in range(count):
            if bench.luck.random() < 0.6:
                continue
            mark = f"chapters/c{number}/i{k:03}"
            faults = [bench.luck.choice(pool) for _ in range(bench.luck.choice((1, 1, 1, 2)))]
            if sum(item.kind == "ambiguous" for item in faults) > 1:
                faults = faults[:1]
            last = next((n for n, item in enumerate(faults) if item.kind in ("refused", "invalid")), len(faults))
            planned[mark] = faults[: last + 1]
            for item in planned[mark]:
                server.when(f"mark<{mark}>", item.fault, times=1)
    return planned


def _journal_is_the_servers(book: Project, servers: tuple[LoopbackServer, ...]) -> None:
    """Compare the attempts on record with the requests the servers remember, image by image."""
    remembered: Counter[str] = Counter()
    for server in servers:
        for seen in server.requests:
            remembered[seen.prompt.partition("mark<")[2].partition(">")[0]] += 1
    rows = tree.journal(book, "SELECT task_id, count(*) FROM attempts GROUP BY task_id")
    assert {str(name): count for name, count in rows} == dict(remembered)


def storm(bench: Bench, tally: Tally, images: int) -> None:
    """One run through the mix, one that mends what a second try mends, one that is told to try what was refused."""
    with OpenAIServer() as one, GoogleServer() as two, tally.trial(f"{images} images"):
        servers = (one, two)
        book = _book(bench, servers, images)
        planned = _strike(bench, book, servers)
        tally.faults += sum(map(len, planned.values()))
        run = bench.forks.run(book, "doit")
        _journal_is_the_servers(book, servers)
        dead = {mark for mark, faults in planned.items() if faults[-1].kind in ("refused", "invalid")}
        assert run.code == (1 if dead else 0), run.all[-3000:]
        ids = {f"chapters/c{number}/i{k:03}" for number in range(6) for k in range(images // 6)}
        missing = ids - book.images()
        assert missing == dead, f"lost {missing - dead}, built {dead - missing}"
        assert {str(record["entry_id"]) for record in arrived(book)} == ids - dead, run.all[-3000:]
        billed = Counter(mark for mark, faults in planned.items() for item in faults if item.billed)
        rows = tree.journal(book, "SELECT task_id, sum(possibly_billed) FROM attempts GROUP BY task_id HAVING 2")
        noted = {str(name): count for name, count in rows if count}
        assert noted == dict(billed), (
            f"noted only {noted.items() - billed.items()}, not {billed.items() - noted.items()}"
        )
        total = sum(item.billed and not item.priced for faults in planned.values() for item in faults)
        told = [line for line in run.out.splitlines() if line.startswith("possibly billed: ")]
        assert [int(line.split()[2]) for line in told] == [total] * bool(total), f"{told} for {total}"
        tally.figures["requests"] = sum(len(server.requests) for server in servers)
        tally.figures["possibly billed"] = sum(billed.values())

        before = now(servers)
        second = bench.forks.run(book, "doit")
        refused = {mark for mark in dead if planned[mark][-1].kind == "refused"}
        asked_again = {
            seen.prompt.partition("mark<")[2].partition(">")[0]
            for server in servers
            for seen in server.requests[before[id(server)] :]
        }
        assert not asked_again & refused, f"tried again although refused: {asked_again & refused}"
        assert second.code == (1 if refused else 0), second.all[-2000:]
        last = bench.forks.run(book, "doit", "--no-resume")
        assert last.code == 0, last.all[-2000:]
        assert book.images() == ids
        _journal_is_the_servers(book, servers)
        assert is_settled(book)


def stop(bench: Bench, tally: Tally, images: int, workers: int = 16) -> None:
    """In the middle of a run one vendor's account is empty; the other one's images are all made."""
    with OpenAIServer(latency=0.01) as one, GoogleServer(latency=0.01) as two, tally.trial("a stop"):
        book = _book(bench, (one, two), images, workers)
        for number in range(images // 4, 10 * images):
            one.at(number, openai.no_quota())
        run = bench.forks.run(book, "doit")
        assert run.code == 1, run.all[-2000:]
        late = len(one.requests) - images // 4
        tally.faults += 1
        assert late < workers, f"{late} requests after the breaker opened"
        assert len(two.requests) == images // 2, run.all[-3000:]
        assert len(book.images()) == images // 2 + images // 4 - 1, run.all[-3000:]
        one._at.clear()
        before = now((one, two))
        again = bench.forks.run(book, "doit")
        assert again.code == 0, again.all[-2000:]
        assert len(two.requests) == before[id(two)]
        assert len(one.requests) - before[id(one)] == images // 4 + 1, again.all[-3000:]
        assert is_settled(book)


def harness(bench: Bench, tally: Tally) -> None:
    """Storms of 300 images, each followed by a stop."""
    while bench.more(tally):
        storm(bench, tally, 300)
        stop(bench, tally, 96)
        bench.folder.joinpath("chaos-300").rename(bench.folder / f"chaos-300-{tally.trials}")
        bench.folder.joinpath("chaos-96").rename(bench.folder / f"chaos-96-{tally.trials}")
