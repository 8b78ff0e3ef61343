"""A slice of every other harness: each must strike, and find nothing."""

from collections.abc import Callable

import pytest
from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer

from proof import author, chaos, disk, documents, hostile, identity, jobs, machines, moves, outside, power, together
from proof.books import copy_of, forty
from proof.hostile_projects import PROJECTS
from proof.tally import Bench, Tally


def test_power_lost(bench: Callable[[int], Bench]) -> None:
    """Right after a reply was stored, and at other moments, on disks that drop and tear what was not synced."""
    tally, place = Tally("power"), bench(5)
    with OpenAIServer() as server:
        start = forty(place.folder / "start", server.environ, 1, images=5)
        recorded = power.recorded(place, start)
        stored = [moment for moment, line in enumerate(recorded.lines) if line["op"] == "paid"]
        for moment in stored[1:3]:
            power.lost(place, tally, server, start, recorded, moment, "strict")
        for part, sort in ((5, "torn"), (7, "names only"), (9, "strict")):
            power.lost(place, tally, server, start, recorded, part * len(recorded.lines) // 10, sort)
    tally.held()


def test_disk_that_fails(bench: Callable[[int], Bench]) -> None:
    """An operation fails, once or with all that follow; the next run pays only for what no disk took."""
    tally, place = Tally("disk"), bench(3)
    with OpenAIServer() as server:
        failing = disk.Failing.made(place, server, 6, 2)
        for part, error, onwards in ((3, "ENOSPC", True), (5, "EACCES", False), (8, "EROFS", True)):
            failing.fails_at(tally, part * failing.steps // 10, error, onwards=onwards)
    tally.held()
    assert tally.faults >= 2  # a single operation may be one whose failure costs nothing


def test_author_who_saves_meanwhile(bench: Callable[[int], Bench]) -> None:
    """Saves in place and by rename, fresh and from an old buffer, while slots are written."""
    tally, place = Tally("author"), bench(1)
    with OpenAIServer(latency=0.02) as server:
        author.one_build(place, tally, server, forty(place.folder / "start", server.environ, 3, images=9))
    tally.held()
    assert tally.faults > 5


def test_two_at_once(bench: Callable[[int], Bench]) -> None:
    """Two builds at once, and a build beside a batch: each image is asked for once."""
    tally, place = Tally("together"), bench(2)
    with OpenAIServer(latency=0.01) as server:
        start = forty(place.folder / "fresh", server.environ, 3, images=6)
        for _ in range(2):
            together.one_round(place, tally, server, (start, copy_of(start, place.folder / f"copy-{tally.trials}")))
    tally.held()


def test_every_failure_of_both_vendors(bench: Callable[[int], Bench]) -> None:
    """A small storm, and a provider that stops in the middle of a run."""
    tally, place = Tally("chaos"), bench(2)
    chaos.storm(place, tally, 24)
    chaos.stop(place, tally, 48, workers=2)
    tally.held()
    assert tally.faults > 3


@pytest.mark.parametrize(
    "name",
    [
        "a template linked to a secret",
        "a portrait linked away",
        "the state linked away",
        "locks/project.lock linked to a file",
        "a journal that never ends",
        "escapes in settings",
    ],
)
def test_hostile_project(bench: Callable[[int], Bench], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither looking at a stranger's project nor building it reads, writes or runs what it should not."""
    monkeypatch.setattr(hostile, "COMMANDS", (("chargen", "plan"), ("doit",)))
    tally = Tally("hostile")
    hostile.attack(bench(1), tally, name, PROJECTS[name])
    tally.held()


@pytest.mark.parametrize(
    ("place", "sort"),
    [
        ("record.json", "a pipe"),
        ("the process id", "a link to an endless device"),
        ("a template", "a link to a pipe"),
        ("a target", "a terabyte"),
    ],
)
def test_no_plain_file_where_one_is_opened(bench: Callable[[int], Bench], place: str, sort: str) -> None:
    """Nothing waits for it, nothing is bought for it, and all is as before once it is gone."""
    tally = Tally("hostile")
    hostile.odd_file(bench(1), tally, place, sort)
    tally.held()


def test_records_that_steer_the_terminal(bench: Callable[[int], Bench]) -> None:
    """Whatever a record, a slot or the journal tells in words is printed without its control characters."""
    tally = Tally("hostile")
    hostile.steering(bench(1), tally)
    tally.held()


@pytest.mark.parametrize("name", ["an alias bomb", "depth 100,000 in brackets", "40 MB", "10 MB of text"])
def test_documents_that_exhaust(bench: Callable[[int], Bench], name: str) -> None:
    """A check of a bomb or of a large file ends soon, in little memory, with a clear word."""
    tally = Tally("documents")
    documents.check(bench(1), tally, name, documents.documents()[name])
    tally.held()


def test_bytes_from_outside(bench: Callable[[int], Bench]) -> None:
    """Changed replies and pictures end in a reply, a picture, or the parser's own failure."""
    tally = Tally("outside")
    outside.harness(bench(600), tally)
    tally.held()


def test_pictures_that_move(bench: Callable[[int], Bench]) -> None:
    """A cycle and a chain of names, ended at operations all over the build."""
    tally = Tally("moves")
    moves.harness(bench(12), tally)
    tally.held()
    assert tally.faults >= 10


def test_books_edited_at_random(bench: Callable[[int], Bench]) -> None:
    """Every entry keeps its picture, and nothing is paid for but what is new."""
    tally = Tally("identity")
    identity.harness(bench(3), tally)
    tally.held()


@pytest.mark.servers
@pytest.mark.long
def test_machines_that_share_a_store(bench: Callable[[int], Bench]) -> None:
    """Machines of which one dies: with one vendor, by jobs, and with a pool that loses a server."""
    tally, place = Tally("machines"), bench(3)
    with ObjectStore("ministack") as store:
        with OpenAIServer(latency=0.1) as server:
            machines.one_round(place, tally, store, (server,), machines=3, images=9)
        machines.jobs_round(place, tally, store, machines=2, images=8)
        machines.pool_round(place, tally, store, machines=3, images=9)
    tally.held()


@pytest.mark.long
def test_jobs_killed_at_the_vendors_side_and_on_the_disk(bench: Callable[[int], Bench]) -> None:
    """One vendor, right before and after its job is made, in the middle of its results, and at two operations."""
    tally, place = Tally("jobs"), bench(5)
    book = jobs.Book.made(place, "openai/gpt-image-2.5-flare")
    made = book.moments[0].index("create")
    lines = len(book.moments[0]) + book.moments[1].index("line")
    for moment in (made, made + 1, lines + 2):
        book.killed_at_call(tally, moment)
    for part in (2, 7):
        book.killed_at_step(tally, part * sum(book.steps) // 10)
    tally.held()
    assert tally.faults == 5
