"""What a run cost: servers, records, YAML, journal, `cost`, the summary and its JSON tell one story, whatever fails.

What each request came to is worked out here from what the servers answered and the published rates.
"""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import google_server, openai_server
from servers.google_server import GoogleServer
from servers.loopback import Fault, LoopbackServer, cut_before_headers, cut_mid_body, html
from servers.openai_server import OpenAIServer
from support.inside import Silent
from support.project import REPOSITORY, Project

from chargen.actions.cost import spending
from chargen.actions.run_result import ImageOutcome, RunResult, run_result
from chargen.build import retry
from chargen.build.run import Build, open_build
from chargen.cli.run_report import closing
from chargen.cli.spending import spent_text
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.model.values import Verdict
from chargen.plan.session import open_session

PAID, OTHER, GEMINI = "openai/gpt-image-2.6-flare", "openai/my-own-model", "google/gemini-nano-banana-2.1"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
CLOSE = Decimal("0.00001")
SETTINGS = """
[tool.chargen.providers.openai]
per_minute = 60000
base_url = "{openai}"
[tool.chargen.providers.google]
per_minute = 60000
base_url = "{google}"
"""


@dataclass(frozen=True)
class Told:
    """What one request comes to: `usd` is None where nobody can know."""

    what: str
    """`image`, `charged`, `free` or `doubt`."""
    usd: Decimal | None = Decimal(0)
    estimated: bool = False


def rates(provider: str, name: str) -> dict[str, Any]:
    text = (REPOSITORY / f"chargen/providers/{provider}/models.toml").read_text()
    found: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)["prices"][name]
    return found


def prompt(number: int) -> str:
    return f"Lamp number {number}."


def dollars(provider: str, tokens: dict[str, int], name: str = "") -> Decimal:
    usual = "gpt-image-2_5" if provider == "openai" else "gemini-nano-banana-2_1"
    price = rates(provider, name or usual)
    return sum((price[name] * count for name, count in tokens.items()), Decimal(0)) / 1_000_000


TEXT = len(prompt(0)) // 4
OPENAI_USD = dollars("openai", {"text_in": TEXT, "image_out": 1756})
GOOGLE_USD = dollars("google", {"text_in": TEXT, "image_out": 1120, "text_out": 100})
PRO_USD = dollars("google", {"text_in": TEXT, "image_out": 1120, "text_out": 100}, "gemini-3-pro-image")
OPENAI_ESTIMATE = dollars("openai", {"text_in": TEXT + 1, "image_out": 1756})
GOOGLE_ESTIMATE = dollars("google", {"text_in": TEXT + 1, "image_out": 1120})
TALK_USD = dollars("google", {"text_in": 40, "text_out": 25})


def without(*names: str) -> Fault:
    return Fault(change=lambda body: {name: value for name, value in body.items() if name not in names})


def picture(data: bytes) -> Callable[[LoopbackServer], Fault]:
    def fault(server: LoopbackServer) -> Fault:
        if isinstance(server, OpenAIServer):
            encoded = openai_server.base64.b64encode(data).decode()
            return Fault(change=lambda body: {**body, "data": [{"b64_json": encoded}]})
        return google_server.parts(lambda _parts: [google_server.inline(data, "image/png")])

    return fault


def image(usd: Decimal | None, *, estimated: bool = False) -> Told:
    return Told("image", usd, estimated)


FREE = Told("free")
SCRIPTS: dict[str, dict[str, tuple[list[Any], list[Told]]]] = {
    "openai": {
        "good": ([], [image(OPENAI_USD)]),
        "no usage": ([without("usage")], [image(OPENAI_ESTIMATE, estimated=True)]),
        "drawing": ([picture(SVG)], [Told("charged", OPENAI_USD)]),
        "drawing, no usage": (
            [lambda server: Fault(change=lambda body: {**picture(SVG)(server).change(body), "usage": {}})],
            [Told("doubt", OPENAI_ESTIMATE)],
        ),
        "refused": ([openai_server.moderated()], [FREE]),
        "busy": ([openai_server.rate_limited(0.01)], [FREE, image(OPENAI_USD)]),
        "empty": ([openai_server.no_data()], [Told("charged", OPENAI_USD), image(OPENAI_USD)]),
        "cut": ([cut_before_headers()], [Told("doubt", OPENAI_ESTIMATE), image(OPENAI_USD)]),
        "gateway": ([html(520), html(502)], [Told("doubt", OPENAI_ESTIMATE)] * 2),
    },
    "other": {
        "good": ([], [image(None)]),
        "cut": ([cut_mid_body()], [Told("doubt", None), image(None)]),
        "refused": ([openai_server.moderated()], [FREE]),
    },
    "google": {
        "good": ([], [image(GOOGLE_USD)]),
        "no usage": ([without("usageMetadata")], [image(GOOGLE_ESTIMATE, estimated=True)]),
        "another model": (
            [Fault(change=lambda body: {**body, "modelVersion": "models/gemini-3-pro-image"})],
            [image(PRO_USD)],
        ),
        "half": ([picture(b"\x89PNG\r\n\x1a\n half of it")], [Told("charged", GOOGLE_USD)]),
        "talk": (
            [google_server.finished("NO_IMAGE", text="no")] * 2,
            [Told("charged", TALK_USD)] * 2,
        ),
        "blocked": ([google_server.finished("SAFETY")], [Told("charged", TALK_USD)]),
        "cut": ([cut_mid_body(), cut_mid_body()], [Told("doubt", GOOGLE_ESTIMATE)] * 2),
    },
}  # fmt: skip
UNUSABLE = ("drawing", "drawing, no usage", "half")
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
        self.stories = [SCRIPTS[vendor][name][1] for vendor, name in self.plan]
        self.wanted = expected([one for story in self.stories for one in story])
        self.built = [story[-1].what == "image" for story in self.stories]
        with open_session(self.book.root, self.environ, read_only=True) as session:
            self.attempts = session.journal.attempts()
            self.stored = {item.record.attempt: item.record for item in session.originals.all_records()}
            self.records = tuple(self.stored.values())
            self.planned = {image.id: image for image in session.planner().plan().images}

    def counts_and_amounts_are_those_of_the_servers(self) -> None:
        assert sum(len(server.requests) for server in self.servers) == self.wanted["sent"]
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
        usd = None if story[-1].estimated or not built else story[-1].usd
        assert list(map(float, written)) == ([] if usd is None else [pytest.approx(float(usd), abs=1e-5)])
        another = self.plan[number][1] == "another model"
        record = next(item for item in self.records if item.entry_id == outcome.image.id) if built else None
        assert ("was asked, `models/gemini-3-pro-image` answered" in str(record and record.notes)) == another
        image = self.planned[outcome.image.id]
        if built:
            assert image.verdict is Verdict.FRESH
        elif self.plan[number][1] in UNUSABLE:
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
        others = sum(name == "another model" for _, name in self.plan)
        assert (
            f"was asked for {others} image{'s' * (others > 1)}, and `models/gemini-3-pro-image`" in self.text
        ) == bool(others)
        assert (f"{self.wanted['charged']} failed and charged, $" in self.text) == bool(self.wanted["charged"])

    def a_lost_journal_changes_nothing_of_what_came(self) -> None:
        for journal in (self.book.root / ".chargen").glob("journal.sqlite*"):
            journal.unlink()
        with open_session(self.book.root, self.environ) as session:
            rebuilt = spending(session.journal.attempts()).total
        kept = sum(name in ("drawing", "half") for _, name in self.plan)
        told = self.result.spent
        assert (rebuilt.images, rebuilt.usd, rebuilt.charged) == (told.images, told.usd, kept)

    def what_came_is_not_bought_again(self) -> None:
        run(self.book, self.environ)
        asked = Counter(seen.prompt for server in self.servers for seen in server.requests)
        for number, (_, name) in enumerate(self.plan):
            if self.built[number] or name in UNUSABLE:
                assert asked[prompt(number)] == len(self.stories[number])


@given(PLANS)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_that_tells_of_money_agrees(monkeypatch: pytest.MonkeyPatch, plan: list[tuple[str, str]]) -> None:
    """Counts and amounts are those of the servers; each image and each request is counted once, everywhere."""
    monkeypatch.setattr(retry, "WAITS", (0.01,) * 5)
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


def key(outcome: ImageOutcome) -> int:
    return int(outcome.image.id.split("/")[1].removeprefix("ch"))
