"""The month's money in a clone, and after a journal was lost: what entries record counts, and no request twice."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support.inside import Silent
from support.project import Project

from chargen.actions.cost import Spending, spending
from chargen.build.opening import open_build
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.plan.before_sending import warnings_of
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.month import month_spent, recorded_attempts
from chargen.plan.session import open_session

ROUTE = "openai/gpt-image-2.6-flare"
FILE = "imagery/chapters/ch01/imagery.yaml"
SETTINGS = '[tool.chargen.providers.openai]\nper_minute = 6000\nbase_url = "{}"\n'


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    """A loopback OpenAI."""
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def book(tmp_path: Path, server: OpenAIServer) -> Project:
    """A book with three paid images and a sketch."""
    (tmp_path / "book").mkdir()
    made = Project(tmp_path / "book", SETTINGS.format(server.base_url))
    made.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A cat."}, route=ROUTE)
    made.chapter("ch02", {"d": "A sketch of a cat."})
    build(made, server)
    return made


def build(book: Project, server: OpenAIServer, settings: str = "") -> None:
    if settings:
        book.settings(settings + SETTINGS.format(server.base_url))
    opened = open_build(book.root, environ=server.environ, command="test")
    try:
        run_tasks(opened, image_tasks(opened), None, Silent())
    finally:
        opened.close()


def clone(book: Project) -> Project:
    """What git takes along: everything but the program's own folder."""
    other = object.__new__(Project)
    other.root, other.env = book.root.with_name("clone"), book.env
    shutil.copytree(book.root, other.root, ignore=shutil.ignore_patterns(".chargen", ".doit*"))
    return other


def told(book: Project) -> Spending:
    with open_session(book.root, {}, read_only=True) as session:
        attempts = session.journal.attempts()
        return spending(attempts, recorded=recorded_attempts(session.planner().book, attempts))


def test_a_clone_knows_what_its_pictures_cost(book: Project) -> None:
    """The same sum as where they were made; where the journal knows them, nothing is added."""
    there, here = told(book), told(clone(book))
    assert there.records.images == 0
    assert here.records.images == 4
    assert here.total.total_usd == there.total.total_usd > 0
    assert here.by_provider == there.by_provider
    assert here.by_file == there.by_file
    assert here.by_day == there.by_day


def test_what_is_built_in_a_clone_counts_once(book: Project, server: OpenAIServer) -> None:
    """Its own journal knows the new one, the entries the others; a lost journal changes nothing."""
    other = clone(book)
    other.edit(FILE, "A lamp.", "A lamp at night.")
    build(other, server)
    found = told(other)
    assert (found.total.images, found.records.images) == (4, 3)
    for journal in (other.root / ".chargen").glob("journal.sqlite*"):
        journal.unlink()
    with open_session(other.root, {}) as session:
        session.recover()
        assert session.journal.attempts()
    assert told(other).total.total_usd == found.total.total_usd


def test_a_copied_entry_and_a_picture_of_nobody_add_nothing(book: Project) -> None:
    """Two entries with one record are one request; an accepted painting without any was no request."""
    other = clone(book)
    before = told(other).total
    text = other.read(FILE)
    copy = text[text.index('  - custom_id: "a"') : text.index('  - custom_id: "b"')]
    other.write(FILE, text + copy.replace('"a"', '"copied"'))
    assert told(other).total == before
    other.write(FILE, re.sub(r" by=openai\S+", "", text))
    assert told(other).records.images == 1, "only the sketch says who made it"


def test_a_record_without_a_price_is_of_unknown_cost(book: Project) -> None:
    """Never of none."""
    other = clone(book)
    other.write(FILE, re.sub(r"\n +cost_usd: .*", "", other.read(FILE), count=1))
    found = told(other)
    assert (found.total.images, found.total.unknown) == (4, 1)


def test_the_budget_of_the_month_counts_what_entries_record(book: Project, server: OpenAIServer) -> None:
    """Of this month only; where the sum is from is said."""
    other = clone(book)
    spent = told(other).total.total_usd
    other.edit(FILE, "A lamp.", "A lamp at night.")
    for limit, fits in ((spent + 1, True), (spent, False)):
        other.settings(f"[tool.chargen.budget]\nmonth = {limit}\n" + SETTINGS.format(server.base_url))
        with open_session(other.root, dict(server.environ), read_only=True) as session:
            prepared = prepare(session, BuildRequest())
            assert prepared.month is not None
            assert prepared.month.records.total_usd == spent
            assert prepared.month.journal.total_usd == 0
            assert prepared.ledger.limit == limit - spent
            used_up = [item.problem for item in warnings_of(session, prepared) if "used up" in item.problem.message]
            assert ["by records of requests that it does not know" in item.hint for item in used_up] == [True] * (
                not fits
            )
            assert [item.image.id for item in prepared.choice.left_out] == ([] if fits else ["chapters/ch01/a"])


def test_another_months_records_are_not_this_months(book: Project) -> None:
    """By the attempt's own time, whatever the file was saved at."""
    other = clone(book)
    with open_session(other.root, {}, read_only=True) as session:
        whole = month_spent(session, session.planner().book).total_usd
    old = re.sub(r"try=\d{8}T", "try=20200101T", other.read(FILE), count=1)
    other.write(FILE, old)
    with open_session(other.root, {}, read_only=True) as session:
        found = month_spent(session, session.planner().book)
        assert 0 < found.total_usd < whole
        assert found.records.images == 3
