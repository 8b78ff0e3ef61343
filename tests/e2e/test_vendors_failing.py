"""Accounts that are dead, servers that hang or wait, failures that may have been billed: what a run makes of each."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import google_server, openai_server
from servers.google_server import GoogleServer
from servers.loopback import Fault, LoopbackServer, cut_before_headers, held
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project

FLARE, BANANA = "openai/gpt-image-2.6-flare", "google/gemini-nano-banana-2.1"
SLOTS_OF_WORK = 2
"""Workers of each provider, as by default."""


@pytest.fixture
def google() -> Iterator[GoogleServer]:
    """A loopback Gemini."""
    with GoogleServer() as server:
        yield server


def _book(root: Path, openai: LoopbackServer, google: LoopbackServer, *, images: int = 8) -> Project:
    """Two chapters: ch01 for OpenAI, ch02 for Google."""
    book = Project(root, env={**openai.environ, **google.environ})
    for slug, route in (("ch01", FLARE), ("ch02", BANANA)):
        book.chapter(slug, {f"i{number}": f"Picture {number} of {slug}." for number in range(images)}, route=route)
    return book


DEAD = [
    ("openai", openai_server.wrong_key("sk-proj-********cdef"), "set a valid key"),
    ("openai", openai_server.no_quota(), "add credit"),
    ("openai", openai_server.hard_limit(), "add credit"),
    ("openai", openai_server.not_verified(), "verify the organisation"),
    ("google", google_server.bad_key(), "set a valid key"),
    ("google", google_server.credits_used_up(402), "add credit"),
    ("google", google_server.per_day(), "go on tomorrow"),
]


@pytest.mark.parametrize(("vendor", "answer", "hint"), DEAD)
def test_a_dead_account_stops_its_provider_alone(
    vendor: str,
    answer: Fault,
    hint: str,
    tmp_path: Path,
    openai: OpenAIServer,
    google: GoogleServer,
    forks: Forks,
) -> None:
    """At most as many more answers as workers; told once with its hint; the other provider's images are all made."""
    dead, alive = (openai, google) if vendor == "openai" else (google, openai)
    dead.when("Picture", answer)
    book = _book(tmp_path, openai, google)
    run = forks.run(book, "chargen", "batch", "all", "--json")
    assert (run.code, run.json["exit_code"]) == (1, 1), run.all
    assert 1 <= len(dead.requests) <= 1 + SLOTS_OF_WORK
    assert len(alive.requests) == 8
    living = "ch02" if vendor == "openai" else "ch01"
    assert book.images() == {f"chapters/{living}/i{number}" for number in range(8)}
    assert run.err.count(hint) == 1, run.err
    assert run.err.count(f"stopped: {vendor}: ") == 1
    assert hint in run.json["stopped"][vendor]["hint"]
    assert run.json["totals"] == {"built": 8, "failed": 8}
    assert run.json["possibly_billed"] == 0


def test_a_key_that_is_missing_stops_before_anything_is_sent(
    tmp_path: Path, google: GoogleServer, forks: Forks
) -> None:
    """The vendor's own server, no key: nothing leaves, the summary says it once, Google's images are made."""
    book = _book(tmp_path, google, google, images=2)
    run = forks.run(book, "doit")
    assert run.code == 1, run.all
    assert run.out.count("stopped: openai: `OPENAI_API_KEY` is not set") == 1
    assert "failed by this: chapters/ch01/i0, chapters/ch01/i1" in run.out
    assert book.images() == {"chapters/ch02/i0", "chapters/ch02/i1"}


def test_two_failures_without_an_answer_end_an_image(
    tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks
) -> None:
    """The third request is not sent; both are told as possibly billed with their price, and are rows."""
    openai.when("Picture 0", cut_before_headers())
    book = _book(tmp_path, openai, google, images=1)
    run = forks.run(book, "chargen", "batch", "chapters", "--only", "ch01", "--json")
    assert run.code == 1, run.all
    assert len(openai.requests) == 2
    assert run.json["possibly_billed"] == 2
    assert run.json["possibly_billed_usd"] > 0
    assert run.json["outcomes"][0]["cost_usd"] is None
    assert "possibly billed: 2 requests that brought nothing, $" in run.err
    rows = tree.journal(book, "SELECT number, status, possibly_billed FROM attempts ORDER BY number")
    assert [(number, billed) for number, _, billed in rows] == [(1, 1), (2, 1)]


def test_a_rate_limit_takes_none_of_an_empty_replys_tries(
    tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks
) -> None:
    """429, no image, 429, and then the picture."""
    openai.then(openai_server.rate_limited(0.02), openai_server.no_data(), openai_server.rate_limited(0.02))
    book = _book(tmp_path, openai, google, images=1)
    run = forks.run(book, "doit", "chapters/ch01/*")
    assert run.code == 0, run.all
    assert [seen.status for seen in openai.requests] == [429, 200, 429, 200]
    rows = tree.journal(book, "SELECT count(*) FROM attempts")
    assert rows == [(4,)]
    log = (book.root / ".chargen/chargen.log").read_text()
    assert log.count("openai is sent nothing for ") == 2
    assert ": try 1 of openai failed, the next in " in log


@pytest.mark.parametrize("slow", ["openai", "google"])
@pytest.mark.parametrize("how", ["held", "paused"])
def test_a_slow_provider_holds_up_no_other(
    slow: str, how: str, tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks
) -> None:
    """While one answers nothing, or wants two minutes, all of the other's images are made and written back."""
    first, other = (openai, google) if slow == "openai" else (google, openai)
    release = threading.Event()
    if how == "held":
        first.when("Picture", held(release))
    else:
        wait = openai_server.rate_limited(120.0) if slow == "openai" else google_server.per_minute(120.0)
        first.when("Picture", wait)
    book = _book(tmp_path, openai, google)
    pid = forks.start(book, "doit")
    first.wait_for(1)
    other.wait_for(8, timeout=60)
    written = "ch02" if slow == "openai" else "ch01"
    file = f"imagery/chapters/{written}/imagery.yaml"
    for _ in range(600):
        if len(book.records(file)) == 8:
            break
        threading.Event().wait(0.05)
    assert len(book.records(file)) == 8
    assert len(first.requests) <= SLOTS_OF_WORK
    assert not [name for name in book.images() if f"/{written}/" not in name]
    os.kill(pid, signal.SIGINT)
    forks.wait_for_out(pid, "interrupted")  # until then an answer makes room for one more request
    release.set()
    run = forks.wait(pid)
    assert run.code == 130, run.all
    assert re.search(r"built (8|9|10)\b", run.out), run.out
