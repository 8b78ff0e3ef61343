"""Jobs of many requests at a vendor, beside a shared store: claimed, collected by whoever has the key, taken over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from servers.google_server import GoogleServer
from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer, moderated, rate_limited
from servers.scripted import Fault, cut_before_headers
from support import tree
from support.forks import Forks
from support.project import Project, Run
from support.team import FOUR, Team

from chargen.config.settings import StoreSettings
from chargen.store.shared.machine import Machine
from chargen.store.shared.objects import open_objects, server_of

pytestmark = pytest.mark.servers

HOUR, DAY = 3600.0, 86_400.0


def by_jobs(book: Project, route: str = "openai/gpt-image-2.5-flare") -> Project:
    """Let a clone hand its images over as jobs; it has raced its store before."""
    url = book.read("pyproject.toml").partition('url = "')[2].partition('"')[0]
    Machine(book.root, url, server_of(url, book.env)).note_verdict("")
    book.edit("pyproject.toml", "providers.openai]", f"providers.{route.partition('/')[0]}]")
    book.edit("pyproject.toml", "per_minute = 6000", 'per_minute = 6000\nmode = "batch"')
    book.chapter("ch01", FOUR, route=route)
    return book


@pytest.fixture
def ana(team: Team) -> Project:
    return by_jobs(team.clone("ana"))


@pytest.fixture
def ben(team: Team) -> Project:
    return by_jobs(team.clone("ben"))


def build(forks: Forks, book: Project, *names: str, later: float = 0.0, code: int = 0) -> Run:
    run = forks.run(book, "doit", *names, later=later)
    assert run.code == code, run.all
    return run


def once(openai: OpenAIServer) -> bool:
    return openai.jobs.billed == dict.fromkeys(FOUR.values(), 1) and not openai.requests


def test_what_is_in_a_job_that_runs_is_not_bought_by_another(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Nor waited for: that may take a day; also not when the claim's time is over."""
    openai.jobs.hold = True
    assert "could not be put" not in build(forks, ana).out  # nothing came that could be
    for later in (0.0, 3 * DAY):
        run = build(forks, ben, later=later)
        assert run.out.count("has it in a job of openai") == 4, run.all
        assert "openai says that it is" in run.out, run.all
    assert len(openai.jobs.all) == 1
    openai.jobs.end()
    build(forks, ana)
    assert build(forks, ben).out.count("restored from the store, free") == 4
    assert once(openai)


def test_whoever_has_the_key_collects_a_job_that_is_over(
    ana: Project, ben: Project, team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    """And whoever made it finds the replies in the store, though the vendor has them no more."""
    build(forks, ana)
    run = build(forks, ben)
    assert len(ben.images()) == 4, run.all
    assert "a job of ana on" in run.out, run.all
    assert "4 of its requests collected here, paid for there" in run.out
    assert build(forks, by_jobs(team.clone("eve"))).out.count("restored from the store, free") == 4
    openai.jobs.fails("content", Fault(404, {"error": {"message": "gone"}}), times=9)
    build(forks, ana)
    assert len(ana.images()) == 4
    for name in FOUR:
        entry = f"chapters/ch01/{name}"
        assert ana.image(entry).read_bytes() == ben.image(entry).read_bytes()
    assert once(openai)
    spent = {forks.run(book, "chargen", "cost", "--json").json["total"]["spent_usd"] for book in (ana, ben)}
    assert len(spent) == 1, "each reply counts once, wherever it is looked at"
    assert "chargen-" not in forks.run(ana, "chargen", "jobs").out


def test_two_machines_that_collect_one_job_at_once_have_the_very_same_pictures(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Else its portraits would be other references on each, and who shows them would be bought by both."""
    build(forks, ana)

    def watch(name: str, done: bool) -> None:
        if name == "content" and not done:
            openai.jobs.watch = lambda *_: None
            build(forks, ben)

    openai.jobs.watch = watch
    collects = ana.start("doit")
    out, err = collects.communicate(timeout=60)
    assert collects.returncode == 0, out + err
    for name in FOUR:
        entry = f"chapters/ch01/{name}"
        assert ana.image(entry).read_bytes() == ben.image(entry).read_bytes()
    assert once(openai)


def test_a_job_at_google_is_collected_by_whoever_has_the_key(
    tmp_path: Path, object_store: ObjectStore, forks: Forks
) -> None:
    with GoogleServer() as google:
        team = Team(tmp_path, object_store, google)
        ana, ben = (by_jobs(team.clone(name), "google/gemini-nano-banana-2.1") for name in ("ana", "ben"))
        google.jobs.hold = True
        build(forks, ana)
        assert "google says that it is" in build(forks, ben, later=3 * DAY).out
        google.jobs.end()
        run = build(forks, ben)
        assert len(ben.images()) == 4, run.all
        build(forks, ana)
        assert len(ana.images()) == 4
        assert google.jobs.billed == dict.fromkeys(FOUR.values(), 1)
        assert google.jobs.live == [], "who made it deletes it"


def test_whoever_made_a_job_collects_what_its_vendor_forgot_from_the_store(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    build(forks, ana)
    build(forks, ben)
    openai.jobs.lose_jobs()
    run = build(forks, ana)
    assert len(ana.images()) == 4, run.all
    assert "possibly billed" not in run.all
    assert once(openai)


def test_without_a_key_of_the_vendor_a_job_is_left_alone(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    build(forks, ana)
    del ben.env["OPENAI_API_KEY"], ben.env["OPENAI_BASE_URL"]
    run = forks.run(ben, "doit", later=3 * DAY)
    assert not ben.images(), run.all
    assert "possibly billed" not in run.all
    assert len(openai.jobs.all) == 1


def test_what_a_job_brought_nothing_of_is_bought_by_whoever_asks(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    openai.jobs.ends("expired", finished=1)
    build(forks, ana)
    run = build(forks, ben)
    assert len(ben.images()) == 1, run.all
    assert [len(job.lines) for job in openai.jobs.all.values()] == [4, 3], run.all
    assert "1 of its requests collected here, paid for there; 3 brought nothing, and cost nothing" in run.out
    assert "possibly billed" not in run.all
    build(forks, ben)
    build(forks, ana)
    assert len(ana.images()) == len(ben.images()) == 4
    assert once(openai)


def test_a_job_that_failed_as_a_whole_is_bought_by_whoever_asks(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    openai.jobs.ends("failed")
    build(forks, ana)
    build(forks, ben)
    build(forks, ben)
    assert len(ben.images()) == 4
    build(forks, ana)
    assert len(ana.images()) == 4
    assert once(openai)


def test_a_job_that_failed_half_way_is_named_as_possibly_billed(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Its vendor says that it had made one by then, and gives nothing out: whoever asks is told before buying again."""
    openai.jobs.ends("failed", finished=1)
    build(forks, ana)
    told = build(forks, ben)
    assert "possibly billed: " in told.out + told.err
    build(forks, ben)
    assert len(ben.images()) == 4
    assert tree.journal(ben, "SELECT count(*) FROM attempts WHERE possibly_billed") == [(4,)]


def test_what_was_refused_in_another_s_job_is_not_sent_again(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    openai.when("A key.", moderated())
    build(forks, ana)
    run = forks.run(ben, "doit")
    assert len(ben.images()) == 3, run.all
    assert len(openai.jobs.all) == 1
    assert forks.run(ben, "doit").code == run.code
    assert len(openai.jobs.all) == 1


def test_a_job_that_its_vendor_does_not_know_is_taken_over_and_named_when_its_time_is_over(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Before, another key may be asked than that which made it."""
    openai.jobs.hold = True
    build(forks, ana)
    openai.jobs.lose_jobs()
    openai.jobs.hold = False
    run = build(forks, ben, later=HOUR)
    assert len(openai.jobs.all) == 1, run.all
    assert "its vendor lists no such job" in run.out, run.all
    run = build(forks, ben, later=2 * DAY)
    assert len(openai.jobs.live) == 1, run.all
    assert run.all.count("possibly billed: chapters/ch01/") == 4, run.all


def test_a_claim_whose_record_can_t_be_read_is_given_up_and_named_when_its_time_is_over(
    ana: Project, ben: Project, team: Team, openai: OpenAIServer, forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, whoever made the job may bring its reply; the other requests of the job are collected at once."""
    build(forks, ana)
    for name, value in team.env.items():
        monkeypatch.setenv(name, value)
    objects = open_objects(StoreSettings(team.url), team.env)
    found = {key: json.loads(there.data) for key, _ in objects.sizes("claim") if (there := objects.get(key))}
    key, told = next((key, told) for key, told in found.items() if told["entry"] == "chapters/ch01/a")
    objects.put(key, json.dumps({**told, "record": "{"}).encode())
    run = build(forks, ben)
    assert len(ben.images()) == 3, run.all
    assert "what the store has of its request can't be read" in run.out, run.all
    assert len(openai.jobs.all) == 1
    run = build(forks, ben, later=40 * DAY)
    assert run.all.count("possibly billed: chapters/ch01/a ") == 1, run.all
    assert sum(len(job.lines) for job in openai.jobs.all.values()) == 5


def test_the_claims_of_a_job_that_could_not_be_made_are_given_back(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    openai.jobs.fails("create", rate_limited())
    forks.run(ana, "doit")
    assert len(openai.jobs.all) == 0
    run = forks.run(ben, "doit")
    assert len(openai.jobs.all) == 1, run.all


def test_what_lost_its_claim_is_kept_out_of_the_job(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """A machine that slept before it made its second job: meanwhile another took over one of its images."""
    for book in (ana, ben):
        book.chapter("ch02", {"x": "A boat.", "y": "A net."}, route="openai/gpt-image-2")
    runs: list[Run] = []

    def watch(name: str, done: bool) -> None:
        if name == "create" and not done:
            openai.jobs.watch = lambda *_: None
            runs.append(build(forks, ben, "chapters/ch02/x", later=3 * HOUR))

    openai.jobs.watch = watch
    slept = ana.start("doit")
    out, err = slept.communicate(timeout=60)
    assert slept.returncode == 0, out + err
    assert b"left out: chapters/ch02/x" in out, out
    assert b"another build took it over" in out, out
    assert sorted(len(job.lines) for job in openai.jobs.all.values()) == [1, 1, 4], runs[0].all
    build(forks, ana)
    build(forks, ben)
    build(forks, ana)
    assert len(ana.images()) == len(ben.images()) == 6
    assert openai.jobs.billed == dict.fromkeys((*FOUR.values(), "A boat.", "A net."), 1)
    assert "possibly billed" not in runs[0].all


@pytest.mark.parametrize(
    ("operation", "after", "made"),
    [("upload", False, False), ("create", False, False), ("create", True, True), ("status", False, True)],
)
def test_a_machine_that_dies_while_it_makes_a_job_costs_nobody_an_unnamed_payment(
    operation: str, *, after: bool, made: bool, ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Before it is made, while it is, and before its claims tell its id."""
    dies = ana.start("doit")

    def watch(name: str, done: bool) -> None:
        if (name, done) == (operation, after):
            openai.jobs.watch = lambda *_: None
            dies.kill()

    if operation == "create" and not made:
        openai.jobs.fails("create", cut_before_headers())
    openai.jobs.watch = watch
    dies.communicate(timeout=60)
    assert dies.returncode == -9
    assert len(openai.jobs.all) == made
    first = build(forks, ben)
    if not made:
        assert not ben.images(), first.all
        assert len(openai.jobs.all) == 0, "it may be made yet"
        assert "its vendor lists no such job" in first.out
        later = build(forks, ben, later=2 * HOUR)
        assert later.all.count("possibly billed") == 4, later.all
        build(forks, ben)
    assert len(ben.images()) == 4
    build(forks, ana, later=HOUR)
    assert len(ana.images()) == 4
    assert once(openai)


def test_claims_of_a_job_whose_folder_is_damaged_are_not_given_back(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Nothing tells here whose requests it holds, and the vendor has them all the same."""
    openai.jobs.hold = True
    build(forks, ana)
    (folder,) = ana.root.glob(".chargen/jobs/chargen-*")
    for name in ("job.json", "records.jsonl"):
        (folder / name).write_bytes(b"")
    forks.run(ana, "doit")
    run = build(forks, ben)
    assert run.out.count("has it in a job of openai") == 4, run.all
    openai.jobs.end()
    build(forks, ben)
    assert len(ben.images()) == 4
    assert once(openai)


def test_by_name_another_is_bought_of_what_nobody_can_ask_for(
    ana: Project, ben: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """The way out where whoever made the job does not come back, nor anybody with the key it was made with."""
    openai.jobs.hold = True
    build(forks, ana)
    build(forks, ben, "--rebuild", "chapters/ch01/a")
    assert [len(job.lines) for job in openai.jobs.all.values()] == [4, 1]
