"""Real builds that hand images over as jobs, at both vendors over HTTP: what waits, comes, fails and is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from servers import google_server, loopback, openai_server
from servers.google_server import GoogleServer
from servers.loopback import Fault
from servers.openai_server import OpenAIServer
from support import tree
from support.example import PARTS, declare, example_book
from support.forks import Forks
from support.project import Project, Run

FLARE, BANANA = "openai/gpt-image-2.5-flare", "google/gemini-nano-banana-2.1"
BATCH = '\n[tool.chargen.providers.openai]\nmode = "batch"\n[tool.chargen.providers.google]\nmode = "batch"\n'
LATER = 180.0
"""Seconds after which a job that the vendor's list does not name is not waited for any longer."""


@dataclass
class Shop:
    """A project of three images that go to one vendor as one job."""

    book: Project
    vendor: Any
    forks: Forks

    @property
    def is_google(self) -> bool:
        return isinstance(self.vendor, GoogleServer)

    def build(self, code: int = 0, *, later: float = 0.0) -> Run:
        run = self.forks.run(self.book, "doit", later=later)
        assert run.code == code, run.all
        return run


@pytest.fixture(params=[(FLARE, OpenAIServer), (BANANA, GoogleServer)], ids=["openai", "google"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, forks: Forks) -> Iterator[Shop]:
    """Each vendor in turn."""
    route, server = request.param
    with server() as vendor:
        book = Project(tmp_path, BATCH, env=vendor.environ)
        book.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A quay."}, route=route)
        yield Shop(book, vendor, forks)


@pytest.mark.long
def test_the_book_is_made_by_jobs_at_both_vendors(tmp_path: Path, forks: Forks) -> None:
    """Portraits first, then who shows them; each picture once, at half the price, slots only, nothing left behind."""
    with OpenAIServer(strict=True) as openai, GoogleServer() as google:
        book = example_book(tmp_path, {**openai.environ, **google.environ})
        book.write("pyproject.toml", book.read("pyproject.toml") + BATCH)
        for part in PARTS:
            declare(book, part, BANANA if part == "chapters" else FLARE)
        before = tree.yaml_files(book)
        for _ in range(6):
            run = forks.run(book, "doit")
            assert run.code == 0, run.all
        pictures = len(book.images())
        assert pictures > 80
        assert openai.requests == google.requests == []
        billed = openai.jobs.billed_keys + google.jobs.billed_keys
        assert set(billed.values()) == {1}
        assert len(billed) == pictures
        tree.slots_only(book, before)
        tree.all_agrees(book, book.images())
        assert not openai.jobs.files
        assert not google.jobs.files
        assert google.jobs.live == []


def test_an_expired_job_gives_what_it_made(shop: Shop) -> None:
    """What was made is charged and published; the rest goes into the next job."""
    shop.vendor.jobs.ends("expired", finished=1)
    shop.build()
    shop.build()
    assert shop.book.images() == {"chapters/ch01/a"}
    assert len(shop.vendor.jobs.all) == 2
    shop.build()
    assert len(shop.book.images()) == 3
    assert shop.vendor.jobs.billed == {"A lamp.": 1, "A door.": 1, "A quay.": 1}


def test_lines_fail_each_by_itself(shop: Shop) -> None:
    """A refused one is told and not sent again; one that a vendor in trouble lost is made by the next job."""
    vendor = shop.vendor
    vendor.when("door", google_server.blocked() if shop.is_google else openai_server.moderated())
    vendor.when("quay", google_server.internal() if shop.is_google else openai_server.server_error(), times=1)
    shop.build()
    told = shop.build(1)
    assert "chapters/ch01/b" in told.all
    shop.build(1)
    assert shop.book.images() == {"chapters/ch01/a", "chapters/ch01/c"}
    assert vendor.jobs.billed == {"A lamp.": 1, "A quay.": 1}
    assert [len(job.lines) for job in vendor.jobs.all.values()] == [3, 1]


@pytest.mark.parametrize("lost", [loopback.cut_before_headers(), loopback.html(502), loopback.garbage()])
def test_a_create_whose_answer_is_lost_makes_one_job(shop: Shop, lost: Fault) -> None:
    """It is found by its name at once, or by the next run where the list can't be asked either."""
    shop.vendor.jobs.fails("create", lost, after=True)
    shop.vendor.jobs.fails("list", loopback.empty(503))
    shop.build()
    shop.build(later=LATER)
    shop.build()
    assert len(shop.book.images()) == 3
    assert max(shop.vendor.jobs.billed.values()) == 1
    assert shop.vendor.jobs.calls.count("create") == 1


def test_a_create_that_never_arrived_is_made_again(shop: Shop) -> None:
    """Once the vendor's list surely has no such job; that something may have been billed is told."""
    shop.vendor.jobs.fails("create", loopback.cut_before_headers())
    shop.build()
    assert shop.vendor.jobs.live == []
    shop.build()
    assert shop.vendor.jobs.live == []
    told = shop.build(later=LATER)
    assert "brought nothing, possibly billed: chapters/ch01/a, chapters/ch01/b, chapters/ch01/c" in told.out
    shop.build(later=LATER)
    assert len(shop.book.images()) == 3
    assert max(shop.vendor.jobs.billed.values()) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_create_that_failed_at_the_vendor_is_not_made_again(shop: Shop, status: int) -> None:
    """Its own words do not say that nothing was begun: its list may be late, and two jobs would be two bills."""
    google = google_server.overloaded() if status == 503 else google_server.internal()
    shop.vendor.jobs.fails("create", google if shop.is_google else openai_server.server_error(status))
    shop.build()
    assert shop.vendor.jobs.calls.count("create") == 1
    assert len(list(shop.book.root.glob(".chargen/jobs/chargen-*"))) == 1


def test_an_account_without_jobs_is_told(shop: Shop) -> None:
    """Nothing waits, nothing was billed, and the vendor's words say why."""
    words = "Batch is not supported for the free tier."
    answer = google_server.error(400, "FAILED_PRECONDITION", words)
    if not shop.is_google:
        answer = openai_server.error(403, words, "invalid_request_error")
    shop.vendor.jobs.fails("create", answer)
    told = shop.build(1)
    assert words in told.all
    assert "possibly billed" not in told.all
    assert not shop.vendor.jobs.files
    shop.build()
    shop.build()
    assert len(shop.book.images()) == 3


def test_a_vendor_without_room_gets_the_rest_later(shop: Shop) -> None:
    """A limit of queued tokens is no failure of an image."""
    shop.vendor.jobs.room = 0
    shop.build()
    shop.vendor.jobs.room = None
    shop.build()
    shop.build()
    assert len(shop.book.images()) == 3
    assert max(shop.vendor.jobs.billed.values()) == 1


def test_a_download_that_breaks_goes_on_with_the_next_run(shop: Shop) -> None:
    """What came is stored; nothing is sent anew for what did not."""
    shop.build()
    shop.vendor.jobs.fails("content", loopback.cut_mid_body())
    shop.build()
    assert len(shop.book.images()) == 1
    shop.build()
    assert len(shop.book.images()) == 3
    assert len(shop.vendor.jobs.all) == 1


def test_a_job_that_the_vendor_lost_is_told_and_made_again(shop: Shop) -> None:
    """Gone at the vendor, nobody knows whether it was billed: it is named."""
    shop.vendor.jobs.hold = True
    shop.build()
    shop.vendor.jobs.lose_jobs()
    shop.vendor.jobs.hold = False
    told = shop.build(1)
    assert "brought nothing, possibly billed: chapters/ch01/a, chapters/ch01/b, chapters/ch01/c" in told.out
    assert not shop.vendor.jobs.files
    shop.build()
    shop.build()
    assert len(shop.book.images()) == 3


def test_keys_stand_nowhere(shop: Shop) -> None:
    """Neither in what is kept of a job nor in what is told of a vendor that repeats the key."""
    key = next(value for name, value in shop.vendor.environ.items() if name.endswith("_KEY"))
    shop.vendor.jobs.hold = True
    shop.build()
    shop.vendor.jobs.fails("status", Fault(500, {"error": {"message": f"with {key} it failed", "code": 500}}))
    told = shop.build()
    assert key not in told.all
    kept = [path for path in shop.book.root.rglob("*") if path.is_file()]
    assert any(path.parent.parent.name == "jobs" for path in kept)
    assert not [path for path in kept if key.encode() in path.read_bytes()]
