"""`chargen jobs`, `jobs wait` and `jobs cancel` in real processes, at a loopback vendor that keeps jobs."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer, server_error
from support.forks import ForkedProject, Forks
from support.project import Project

BATCH = '\n[tool.chargen.providers.openai]\nmode = "batch"\n'


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Project:
    """Two images in a job that runs until it is ended."""
    openai.jobs.hold = True
    made = ForkedProject(forks, tmp_path, BATCH, env=openai.environ)
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route="openai/gpt-image-2.5-flare")
    planned = made.chargen("plan")
    assert "2 in 1 job: " in planned.out, planned.all
    assert " instead of " in planned.out
    run = made.chargen("batch", "all")
    assert run.code == 0, run.all
    assert "job chargen-" in run.out
    assert "2 in jobs" in run.out
    return made


def test_jobs_are_listed_awaited_and_collected(book: Project, openai: OpenAIServer) -> None:
    """State, counts and price; a timeout is no failure; what is over is collected and put in its place."""
    (told,) = book.chargen("jobs", "--json").json["jobs"]
    assert told["state"] in ("queued", "running")
    assert told["images"] == ["chapters/ch01/a", "chapters/ch01/b"]
    assert told["cost_usd"] > 0
    assert told["name"] in book.chargen("jobs").out
    assert "waiting 2" in book.chargen("plan").out
    assert [image["verdict"] for image in book.chargen("plan", "--json").json["images"]] == ["waiting"] * 2
    again = book.doit()
    assert again.code == 0, again.all
    assert "waiting: 2 images in jobs or behind them, since " in again.out
    ended = book.chargen("jobs", "wait", "--timeout", "0.2")
    assert ended.code == 0, ended.all
    assert "1 job not over yet" in ended.out
    timer = threading.Timer(2, openai.jobs.end)
    timer.start()
    done = book.chargen("jobs", "wait")
    timer.join()
    assert done.code == 0, done.all
    assert "collected from jobs: 2 pictures" in done.out
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}
    assert book.chargen("jobs").out == "no jobs\n"
    assert len(openai.jobs.all) == 1


def test_an_interrupted_wait_leaves_the_jobs_alone(book: Project, openai: OpenAIServer) -> None:
    """Exit code 130, and the next one goes on."""
    process = book.start("chargen", "jobs", "wait")
    assert process.stderr is not None
    assert b"1 job: 0 of 2 images made" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    openai.jobs.end()
    assert book.chargen("jobs", "wait").code == 0
    assert openai.jobs.billed == {"A lamp.": 1, "A door.": 1}


def test_a_cancelled_job_gives_what_it_made(book: Project, openai: OpenAIServer) -> None:
    """It is told what will be billed; the rest is due again, and `jobs wait` sends nothing."""
    name = book.chargen("jobs", "--json").json["jobs"][0]["name"]
    wrong = book.chargen("jobs", "cancel", f"{name}x")
    assert wrong.code == 3
    assert f"did you mean `{name}`?" in wrong.err
    told = book.chargen("jobs", "cancel", name)
    assert told.code == 0, told.all
    assert "0 images made, $0.00 by estimate, will be billed; 2 not made yet" in told.out, told.all
    openai.jobs.end()
    done = book.chargen("jobs", "wait")
    assert done.code in (0, 1), done.all
    assert len(openai.jobs.all) == 1
    assert "missing" in book.chargen("plan").out
    assert book.chargen("jobs").out == "no jobs\n"


def test_a_wait_that_nobody_can_be_asked_for_ends_and_says_so(book: Project, openai: OpenAIServer) -> None:
    """A wrong key, none, another address: the trouble with what helps, and an error; a build says it too."""
    openai.key = "sk-proj-goodkey0123456789"
    ended = book.chargen("jobs", "wait")
    assert (ended.code, "`OPENAI_API_KEY` is not accepted: set a valid key" in ended.err) == (1, True), ended.all
    assert ended.err.count("hint:") == 1
    built = book.doit()
    assert built.code == 0, built.all
    assert " could not be asked for: " in built.out, built.all
    for env, why in (
        ({"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}, "another address is set now"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "another address is set now"),
    ):
        ended = book.chargen("jobs", "wait", env=env)
        assert (ended.code, why in ended.err) == (1, True), ended.all
        built = book.doit(env=env)
        assert why in built.out, built.all


def test_a_wait_says_once_that_the_vendor_does_not_answer(book: Project, openai: OpenAIServer) -> None:
    """The server is off: the trouble stands below the state, once; it may come back, so the wait goes on."""
    openai.dies()
    ended = book.chargen("jobs", "wait", "--timeout", "4")
    assert ended.code == 0, ended.all
    assert ended.err.count("no connection to `openai`") == 1, ended.all
    assert ended.err.count("hint: ") == 1, ended.all


def test_a_wait_backs_off_where_nothing_comes(book: Project, openai: OpenAIServer) -> None:
    """The job is over, and its results can't be fetched: asked for less and less often, and told once."""
    openai.jobs.fails("content", server_error(), times=1000)
    openai.jobs.end()
    ended = book.chargen("jobs", "wait", "--timeout", "6")
    assert ended.out.count("could not be asked for") == 1, ended.all
    assert ended.out.count("nothing to do") <= 1, ended.all
    assert openai.jobs.calls.count("content") <= 5


def test_a_request_is_priced_as_what_it_is_a_part_of(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """`prompt --sent` shows the price in a job where one is made, as the plan does."""
    made = ForkedProject(forks, tmp_path, BATCH, env=openai.environ)
    made.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.5-flare")
    (planned,) = made.chargen("plan", "--json").json["images"]
    assert made.chargen("prompt", "ch01/a", "--sent", "--json").json["cost_usd"] == planned["cost_usd"] > 0
