"""What a run cost: servers, records, YAML, journal, `cost`, the summary and its JSON tell one story, whatever fails.

What each request came to `support.told_costs` works out from what the servers answered and the published rates.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from inspect import isfunction
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import google_server, openai_server, scripted
from servers.google_server import GoogleServer
from servers.loopback import Fault, LoopbackServer
from servers.openai_server import OpenAIServer
from support import told_costs
from support.inside import Silent
from support.project import Project
from support.told_costs import SCRIPTS, STOPS, UNUSABLE, Told, prompt

from chargen.actions.cost import spending
from chargen.actions.run_result import ImageOutcome, RunResult, run_result
from chargen.build import retry
from chargen.build.opening import open_build
from chargen.build.run import Build
from chargen.cli.run_summary import closing
from chargen.cli.spending import spent_text
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.model.values import Verdict
from chargen.plan.session import open_session

PAID, OTHER, GEMINI = "openai/gpt-image-2.6-flare", "openai/my-own-model", "google/gemini-nano-banana-2.1"
CLOSE = Decimal("0.00001")
SETTINGS = """
[tool.chargen.providers.openai]
per_minute = 60000
base_url = "{openai}"
[tool.chargen.providers.google]
per_minute = 60000
base_url = "{google}"
"""


ROUTES = {"openai": PAID, "other": OTHER, "google": GEMINI}
PLANS = st.lists(
    st.sampled_from([(vendor, name) for vendor, scripts in SCRIPTS.items() for name in scripts]), min_size=1, max_size=7
)


def open_book(root: Path, plan: list[tuple[str, str]], openai: OpenAIServer, google: GoogleServer) -> Project:
    book = Project(root, SETTINGS.format(openai=openai.base_url, google=google.base_url))
    for number, (vendor, name) in enumerate(plan):
        file = book.chapter(f"ch{number}", {"a": prompt(number)}, route=ROUTES[vendor])
        book.write(file, book.read(file).replace('"128x96"', '"1024x1024"'))
        server: LoopbackServer = google if vendor == "google" else openai
        for fault in SCRIPTS[vendor][name][0]:
            server.when(prompt(number), fault(server) if callable(fault) else fault, times=1)
    return book


def run(book: Project, environ: dict[str, str]) -> tuple[RunResult, str]:
    """Build all there is, in process; return the result and the summary."""
    build: Build = open_build(book.root, environ=environ, command="test")
    try:
        code = run_tasks(build, image_tasks(build), None, Silent())
        return run_result(build, code), "\n".join(closing(build, 1.0))
    finally:
        build.close()


def expected(requests: list[Told]) -> dict[str, Any]:
    def usd(what: str) -> Decimal:
        return sum((one.usd or Decimal(0) for one in requests if one.what == what), Decimal(0))

    guessed = [one for one in requests if one.estimated]
    return {
        "sent": len(requests),
        "images": sum(one.what == "image" for one in requests),
        "estimated": len(guessed),
        "estimated_usd": sum((one.usd or Decimal(0) for one in guessed), Decimal(0)),
        "failures": sum(one.what in ("free", "charged") for one in requests),
        "charged": sum(one.what == "charged" for one in requests),
        "failed_usd": usd("charged"),
        "possibly": sum(one.what == "doubt" for one in requests),
        "possibly_usd": usd("doubt"),
        "unknown": sum(one.usd is None for one in requests),
        "usd": usd("image"),
    }


@dataclass
class Ran:
    """A book that was built, and what should have come of it."""

    book: Project
    environ: dict[str, str]
    plan: list[tuple[str, str]]
    servers: tuple[LoopbackServer, ...]

    def __post_init__(self) -> None:
        self.result, self.text = run(self.book, self.environ)
        came = Counter(seen.prompt for server in self.servers for seen in server.requests)
        self.stories = [SCRIPTS[vendor][name][1] for vendor, name in self.plan]
        if any(name in STOPS.get(vendor, ()) for vendor, name in self.plan):
            self.stories = [story[: came[prompt(number)]] for number, story in enumerate(self.stories)]
        self.wanted = expected([one for story in self.stories for one in story])
        self.built = [bool(story) and story[-1].what == "image" for story in self.stories]
        with open_session(self.book.root, self.environ, read_only=True) as session:
            self.attempts = session.journal.attempts()
            self.stored = {item.record.attempt: item.record for item in session.originals.all_records()}
            self.records = tuple(self.stored.values())
            self.planned = {image.id: image for image in session.planner().plan().images}

    def begun(self, *names: str) -> int:
        """Count the images of these scripts that anything was sent for."""
        return sum(bool(story) for (_, name), story in zip(self.plan, self.stories, strict=True) if name in names)

    def counts_and_amounts_are_those_of_the_servers(self) -> None:
        came = Counter(seen.prompt for server in self.servers for seen in server.requests)
        told = {self.plan[number]: len(story) for number, story in enumerate(self.stories)}
        assert {self.plan[number]: came[prompt(number)] for number in range(len(self.plan))} == told
        for name, value in self.wanted.items():
            found = getattr(self.result.spent, name)
            assert found == (pytest.approx(value, abs=CLOSE) if name.endswith("usd") else value), name
        totals = {"built": sum(self.built), "failed": len(self.built) - sum(self.built)}
        assert dict(self.result.totals) == {name: count for name, count in totals.items() if count}

    def all_that_is_written_agrees(self) -> None:
        told = {**spending(self.attempts).total.to_json(), "name": ""}
        assert told == {**self.result.spent.to_json(), "name": ""} == {**self.result.to_json()["spent"], "name": ""}
        json.dumps(self.result.to_json())
        for attempt in self.attempts:
            if attempt.original:
                assert self.stored.pop(attempt.attempt_id).cost_usd == attempt.cost_usd
        assert not self.stored

    def each_image_agrees(self, number: int, outcome: ImageOutcome) -> None:
        story, built = self.stories[number], self.built[number]
        paid = [one.usd for one in story if one.what in ("image", "charged")]
        unknown = any(one.usd is None or (one.what == "doubt" and not built) for one in story)
        cost = None if unknown else sum((usd or Decimal(0) for usd in paid), Decimal(0))
        assert outcome.cost_usd == (None if cost is None else pytest.approx(cost, abs=CLOSE))
        written = re.findall(r"cost_usd: ([\d.e-]+)", self.book.read(f"imagery/chapters/ch{number}/imagery.yaml"))
        usd = None if not built or story[-1].estimated else story[-1].usd
        assert list(map(float, written)) == ([] if usd is None else [pytest.approx(float(usd), abs=1e-5)])
        another = built and self.plan[number][1] == "another model"
        record = next(item for item in self.records if item.entry_id == outcome.image.id) if built else None
        assert ("was asked, `models/gemini-3-pro-image` answered" in str(record and record.notes)) == another
        image = self.planned[outcome.image.id]
        if built:
            assert image.verdict is Verdict.FRESH
        elif story and self.plan[number][1] in UNUSABLE:
            assert image.verdict is Verdict.BLOCKED
            assert f"`doit --rebuild {outcome.image.id}` asks again" in str(image.reasons[0])
            assert "was paid for it" in (outcome.error or "")

    def the_summary_says_so(self) -> None:
        headline = self.text.splitlines()[0]
        if self.wanted["images"] or self.wanted["charged"] or self.wanted["possibly"]:
            assert f", {spent_text(self.result.spent)}, 1.0 s" in headline
        assert ("at least" in headline or "unknown cost" in headline) == bool(self.wanted["unknown"])
        assert ("estimated: $" in self.text) == bool(self.wanted["estimated"])
        assert (f"possibly billed: {self.wanted['possibly']} request" in self.text) == bool(self.wanted["possibly"])
        others = sum(
            name == "another model" and bool(story) for (_, name), story in zip(self.plan, self.stories, strict=True)
        )
        assert (
            f"was asked for {others} image{'s' * (others > 1)}, and `models/gemini-3-pro-image`" in self.text
        ) == bool(others)
        assert (f"{self.wanted['charged']} failed and charged, $" in self.text) == bool(self.wanted["charged"])

    def a_lost_journal_changes_nothing_of_what_came(self) -> None:
        for journal in (self.book.root / ".chargen").glob("journal.sqlite*"):
            journal.unlink()
        with open_session(self.book.root, self.environ) as session:
            rebuilt = spending(session.journal.attempts()).total
        kept = sum(
            name in ("drawing", "half") and bool(story)
            for (_, name), story in zip(self.plan, self.stories, strict=True)
        )
        told = self.result.spent
        assert (rebuilt.images, rebuilt.usd, rebuilt.charged) == (told.images, told.usd, kept)

    def what_came_is_not_bought_again(self) -> None:
        run(self.book, self.environ)
        asked = Counter(seen.prompt for server in self.servers for seen in server.requests)
        for number, (_, name) in enumerate(self.plan):
            if self.built[number] or (name in UNUSABLE and self.stories[number]):
                assert asked[prompt(number)] == len(self.stories[number])


def agrees(plan: list[tuple[str, str]]) -> None:
    """Build a book of these, and compare all that tells of it."""
    with tempfile.TemporaryDirectory() as folder, OpenAIServer() as openai, GoogleServer() as google:
        book = open_book(Path(folder), plan, openai, google)
        ran = Ran(book, {**openai.environ, **google.environ}, plan, (openai, google))
        ran.counts_and_amounts_are_those_of_the_servers()
        ran.all_that_is_written_agrees()
        for number, outcome in enumerate(sorted(ran.result.outcomes, key=key)):
            ran.each_image_agrees(number, outcome)
        ran.the_summary_says_so()
        ran.a_lost_journal_changes_nothing_of_what_came()
        ran.what_came_is_not_bought_again()


@given(PLANS)
@settings(max_examples=12, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_that_tells_of_money_agrees(monkeypatch: pytest.MonkeyPatch, plan: list[tuple[str, str]]) -> None:
    """Counts and amounts are those of the servers; each image and each request is counted once, everywhere."""
    monkeypatch.setattr(retry, "WAITS", (0.01,) * 5)
    agrees(plan)


@pytest.mark.parametrize("vendor", list(SCRIPTS))
def test_it_agrees_for_every_fault_there_is(monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    """All at once but for those that stop the provider, and each of these beside a good one."""
    monkeypatch.setattr(retry, "WAITS", (0.01,) * 5)
    stops = STOPS.get(vendor, {})
    agrees([(vendor, name) for name in SCRIPTS[vendor] if name not in stops])
    for name in stops:
        agrees([(vendor, name), (vendor, "good")])


@pytest.mark.parametrize("module", [scripted, openai_server, google_server])
def test_every_fault_a_server_can_be_told_is_among_them(module: ModuleType) -> None:
    """Waiting, which is no fault of its own, and what others are made of left out."""
    functions = [(name, made) for name, made in vars(module).items() if isfunction(made)]
    faults = [name for name, made in functions if get_type_hints(made).get("return") is Fault]
    assert faults
    used = Path(told_costs.__file__).read_text()
    left = {name for name in faults if not re.search(rf"(?<!\w){name}\(", used)}
    assert left == {"held", "error"} & set(faults)


def key(outcome: ImageOutcome) -> int:
    return int(outcome.image.id.split("/")[1].removeprefix("ch"))
