"""Money: said before it is spent, never more of it than the budget, and written down as it was.

What a server would have billed is added up here from its own account of tokens and the published rates, not by the
program under test.
"""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import google_server, openai_server
from servers.google_server import GoogleServer
from servers.loopback import Fault, LoopbackServer, Seen, cut_before_headers, cut_mid_body
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import REPOSITORY, Project, Run

PAID = "openai/gpt-image-2.6-flare"
GEMINI = "google/gemini-nano-banana-2.1"
SETTINGS = """
[tool.chargen.providers.openai]
per_minute = 6000
workers = 3
[tool.chargen.providers.google]
per_minute = 6000
workers = 3
"""
BEYOND = {"openai": 0.002, "google": 0.2802}
"""USD by which an image may come to more than its estimate: what is around the prompt; another picture and thinking."""
RATES: dict[str, Any] = {
    name: rates
    for provider in ("google", "openai")
    for name, rates in tomllib.loads((REPOSITORY / f"chargen/providers/{provider}/models.toml").read_text())[
        "prices"
    ].items()
}


@pytest.fixture
def google() -> Iterator[GoogleServer]:
    """A loopback Gemini."""
    with GoogleServer() as server:
        yield server


def _book(root: Path, *servers: LoopbackServer, images: int = 6, route: str = PAID, settings: str = "") -> Project:
    env = {name: value for server in servers for name, value in server.environ.items()}
    book = Project(root, settings + SETTINGS, env=env)
    prompts = {f"i{number}": f"Picture number {number} of a lamp." for number in range(images)}
    book.chapter("ch01", prompts, route=route)
    text = book.read("imagery/chapters/ch01/imagery.yaml")
    book.write("imagery/chapters/ch01/imagery.yaml", text.replace('"128x96"', '"1024x1024"'))
    return book


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _openai_usd(seen: Seen) -> float:
    """What OpenAI asks for a request it made a picture for."""
    asked = seen.json if isinstance(seen.json, dict) else seen.fields
    width, height = (int(side) for side in str(asked["size"]).split("x"))
    used = openai_server.usage(width * height, str(asked.get("quality") or "auto"), len(seen.prompt), len(seen.files))
    rates = RATES["gpt-image-2_5"]
    details = used["input_tokens_details"]
    tokens_in = details["text_tokens"] * rates["text_in"] + details["image_tokens"] * rates["image_in"]
    return float(tokens_in + used["output_tokens"] * rates["image_out"]) / 1e6


def _google_usd(seen: Seen) -> float:
    """What Google asks, thinking included."""
    used = google_server.usage(len(seen.prompt), len(seen.files), 1120)
    rates = RATES["gemini-nano-banana-2_1"]
    thought = used["thoughtsTokenCount"] * rates["text_out"]
    return float(used["promptTokenCount"] * rates["text_in"] + thought + 1120 * rates["image_out"]) / 1e6


def _estimate(forks: Forks, book: Project) -> float:
    plan = _ok(forks.run(book, "chargen", "plan", "--json")).json
    prices = {image["cost_usd"] for image in plan["images"] if image["verdict"] == "missing"}
    assert len(prices) == 1
    return float(prices.pop())


def test_prices_are_said_before_anything_is_sent(
    tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks
) -> None:
    """`plan`, `batch --dry-run` and the start of a run tell count, reasons and estimate, by route and in all."""
    book = _book(tmp_path, openai, google, images=2)
    book.chapter("ch02", {"g": "A door."}, route=GEMINI)
    plan = _ok(forks.run(book, "chargen", "plan", "--json")).json
    assert plan["totals"] == {"missing": 3}
    assert all(image["reasons"] for image in plan["images"])
    assert plan["cost_usd"] == pytest.approx(sum(image["cost_usd"] for image in plan["images"]))
    text = _ok(forks.run(book, "chargen", "plan")).out
    dry = _ok(forks.run(book, "chargen", "batch", "all", "--dry-run")).out
    assert not openai.requests
    assert not google.requests
    run = _ok(forks.run(book, "doit")).out
    for shown in (text, dry, run):
        found = re.search(r"\b3 to (?:send|build)\b.*\$([\d.]+) by estimate", shown)
        assert found, shown
        assert float(found[1]) == pytest.approx(plan["cost_usd"], rel=0.02)
        for route in (PAID, GEMINI):
            usd = sum(i["cost_usd"] for i in plan["images"] if f"{i['provider']}/{i['model']}" == route)
            found = re.search(rf"{re.escape(route)}: \d, \$([\d.]+)", shown)
            assert found, shown
            assert float(found[1]) == pytest.approx(usd, rel=0.02)


def test_an_unknown_price_is_unknown_and_never_fits(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """A model nobody has a price of is `unknown`, in text and JSON; under a budget it is left out by name."""
    book = _book(tmp_path, openai, images=1, route="openai/my-own-model")
    book.chapter("ch02", {"a": "A door."}, route=PAID)
    book.settings(SETTINGS.replace("per_minute", f'base_url = "{openai.base_url}"\nper_minute', 1))
    plan = _ok(forks.run(book, "chargen", "plan", "--json")).json
    assert [image["cost_usd"] is None for image in plan["images"]] == [True, False]
    assert plan["cost_usd"] is None
    assert "unknown" in forks.run(book, "chargen", "plan").out
    run = _ok(forks.run(book, "doit", "--budget", "1"))
    assert "left out: chapters/ch01/i0: over budget: its price is unknown" in run.out
    assert len(openai.requests) == 1


@pytest.mark.parametrize("vendor", ["openai", "google"])
@pytest.mark.parametrize("faults", ["none", "ambiguous", "mixed"])
def test_a_budget_is_never_exceeded(
    vendor: str, faults: str, tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks
) -> None:
    """Whatever fails or may have been billed, the server's bill stays within `--budget`; what is left out is named."""
    server: LoopbackServer = openai if vendor == "openai" else google
    book = _book(tmp_path, openai, google, route=PAID if vendor == "openai" else GEMINI)
    if faults == "ambiguous":
        server.at(1, cut_before_headers())
        server.at(2, cut_mid_body())
    elif faults == "mixed":
        limited = openai_server.rate_limited(0.05) if vendor == "openai" else google_server.per_minute(0.05)
        refused = openai_server.moderated() if vendor == "openai" else google_server.blocked()
        for number, fault in enumerate((cut_before_headers(), limited, refused, cut_mid_body()), start=1):
            server.at(number, fault)
    price = _estimate(forks, book)
    budget = 2.5 * price + BEYOND[vendor] + (2 * (price + BEYOND[vendor]) if faults != "none" else 0)
    run = forks.run(book, "doit", "--budget", f"{budget:.6f}")
    free = (400, 429) if vendor == "openai" else (429,)
    refused_free = [seen for seen in server.requests if faults == "mixed" and seen.number == 3]
    billed = [seen for seen in server.requests if seen.status not in free and seen not in refused_free]
    usd = sum((_openai_usd if vendor == "openai" else _google_usd)(seen) for seen in billed)
    assert usd <= budget, (usd, budget, run.all)
    left = re.findall(r"left out: (\S+):", run.out)
    failed = ", ".join(re.findall(r"^failed: (chapters.*)$", run.out, re.MULTILINE)).split(", ")
    assert book.images() | set(left) | set(filter(None, failed)) == {f"chapters/ch01/i{number}" for number in range(6)}
    assert 0 < len(book.images()) < 6, "a retry that does not fit fails its image instead"
    if faults == "none":
        assert left
        assert run.code == 0
        assert book.images() == {"chapters/ch01/i0", "chapters/ch01/i1"}, "plan order decides"


def _more(**counts: int) -> Fault:
    """The usual reply, with an account that says more."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        name = "usage" if "usage" in body else "usageMetadata"
        return {**body, name: {**body[name], **counts}}

    return Fault(change=change)


def _spent(forks: Forks, book: Project) -> float:
    return float(_ok(forks.run(book, "chargen", "cost", "--json")).json["total"]["total_usd"])


@pytest.mark.parametrize(
    ("budget", "route", "entry", "fault", "builds"),
    [
        pytest.param("0.20", PAID, "quality: auto", _more(output_tokens=5_000), 0, id="long outputs, and too little"),
        pytest.param("0.52", PAID, "quality: auto", _more(output_tokens=5_000), 3, id="long outputs"),
        pytest.param("0.07", GEMINI, "", _more(thoughtsTokenCount=1_500), 0, id="thinking, and too little"),
        pytest.param("0.41", GEMINI, "", _more(thoughtsTokenCount=1_500), 3, id="thinking"),
        pytest.param("0.35", GEMINI, "", _more(thoughtsTokenCount=30_000), 1, id="very much thinking"),
        pytest.param("0.30", PAID, "quality: max", None, 1, id="the dearest quality"),
    ],
)
def test_a_budget_holds_where_real_prices_are_above_the_estimate(
    budget: str, route: str, entry: str, fault: Fault | None, builds: int,
    tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks,
) -> None:  # fmt: skip
    """With requests in flight: what is reserved is the most that a request may come to, not its estimate."""
    book = _book(tmp_path, openai, google)
    prompts = {f"i{number}": f"Picture number {number} of a lamp." for number in range(6)}
    file = book.chapter("ch01", prompts, route=route, entry=entry)
    book.write(file, book.read(file).replace('"128x96"', '"1024x1024"'))
    server: LoopbackServer = openai if route == PAID else google
    if fault is not None:
        server.when("lamp", fault)
    run = _ok(forks.run(book, "doit", "--budget", budget))
    assert _spent(forks, book) <= float(budget), run.all
    assert len(server.requests) == builds, run.all
    assert len(re.findall(r"left out: \S+: over budget: \$[\d.]+( and at most \$[\d.]+)?, ", run.out)) == 6 - builds


def test_a_budget_holds_for_any_script_and_for_dear_references(
    tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """A token for each byte of a Chinese prompt, and portraits read at the highest fidelity."""
    book = _book(tmp_path, openai, images=0)
    book.character("ida", "Ida from the front.")
    file = book.chapter("ch01", {f"i{n}": "\u706f\u5854" * 400 for n in range(6)}, route=PAID, entry="quality: low")
    extra = "    depicts_characters: [ida]\n    quality: low\n"
    book.write(file, book.read(file).replace("    quality: low\n", extra).replace('"128x96"', '"1024x1024"'))
    dear = {"text_tokens": 2_400, "image_tokens": 7_000}
    openai.when("\u706f", _more(input_tokens=9_400, input_tokens_details=dear))  # type: ignore[arg-type]
    run = _ok(forks.run(book, "doit", "--budget", "0.30"))
    assert 0.10 < _spent(forks, book) <= 0.30, run.all
    assert "left out: " in run.out
    run = _ok(forks.run(book, "doit", "--budget", "0.12"))
    assert len(openai.requests) == book.read(file).count("record: "), "0.12 may be too little for one more"


def test_a_vendor_that_charges_more_than_was_reserved_is_told(
    tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """Nobody can keep a server from it: the summary and the JSON say what was reserved and what was charged.

    Of what follows as much more is expected: what was not in flight by then is left out.
    """
    book = _book(tmp_path, openai, images=6)
    openai.when("lamp", _more(output_tokens=20_000))
    run = _ok(forks.run(book, "doit", "--budget", "0.30"))
    told = r"warning: \S+ charged \$0.60 for `chapters/ch01/i\d`, more than the \$0.0\d+ it was known to"
    assert re.search(told, run.out), run.all
    assert len(openai.requests) < 6, run.all
    assert "left out: chapters/ch01/i5" in run.out
    run = _ok(forks.run(book, "chargen", "batch", "all", "--json"))
    assert {problem["severity"] for problem in run.json["problems"]} == {"warning"}


def test_budgets_of_the_settings_count_for_every_run(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """`run` limits each run, `month` all runs of this month; a smaller `--budget` counts, a larger does not."""
    book = _book(tmp_path, openai, images=5)
    price, beyond = _estimate(forks, book), BEYOND["openai"]
    limits = f"[tool.chargen.budget]\nrun = {2.5 * price + beyond:.4f}\nmonth = {3.5 * price + beyond:.4f}\n"
    book.settings(SETTINGS + limits)
    dry = _ok(forks.run(book, "chargen", "batch", "all", "--dry-run", "--json")).json
    assert [item["id"] for item in dry["left_out"]] == [f"chapters/ch01/i{n}" for n in (2, 3, 4)]
    _ok(forks.run(book, "doit", "--budget", f"{1.5 * price + beyond:.4f}"))
    assert len(openai.requests) == 1
    _ok(forks.run(book, "doit", "--budget", "100"))
    assert len(openai.requests) == 3
    last = _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 3
    assert re.findall(r"left out: (\S+):", last.out) == ["chapters/ch01/i3", "chapters/ch01/i4"]


def test_the_actual_cost_is_written_down(
    tmp_path: Path, openai: OpenAIServer, google: GoogleServer, forks: Forks
) -> None:
    """What the usage comes to stands in the original's record, in the YAML and in the journal."""
    book = _book(tmp_path, openai, google, images=1)
    file = book.chapter("ch02", {"g": "A door."}, route=GEMINI)
    _ok(forks.run(book, "doit"))
    expected = {
        "chapters/ch01/i0": _openai_usd(openai.requests[0]),
        "chapters/ch02/g": _google_usd(google.requests[0]),
    }
    assert {record["entry_id"]: float(record["cost_usd"]) for record in tree.stored(book)} == pytest.approx(
        expected, abs=1e-6
    )
    written = [float(usd) for name in ("imagery/chapters/ch01/imagery.yaml", file) for usd in _costs(book.read(name))]
    assert written == pytest.approx(list(expected.values()), abs=1e-6)
    with sqlite3.connect(book.root / ".chargen/journal.sqlite") as journal:
        rows = dict(journal.execute("SELECT task_id, cost_usd FROM attempts").fetchall())
    journal.close()
    assert {name: float(usd) for name, usd in rows.items()} == pytest.approx(expected, abs=1e-6)


def _costs(text: str) -> list[str]:
    return re.findall(r"cost_usd: ([\d.e-]+)", text)


def test_a_server_of_ones_own_builds_within_a_budget_once_its_price_is_said(
    tmp_path: Path, openai: OpenAIServer
) -> None:
    """Nobody knows the price of its models: no budget takes one before the settings say it, and the plan says how."""
    settings = "[tool.chargen.providers.openai]\nper_minute = 60000\n{}\n[tool.chargen.budget]\nrun = 0.05\n"
    book = Project(tmp_path, settings.format(""), env=openai.environ)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A cat."}, route="openai/flux.1-dev")
    run = book.doit()
    assert (run.code, len(openai.requests)) == (0, 0), run.all
    assert "over budget: its price is unknown; set `price` of its provider" in run.out, run.all
    book.settings(settings.format("price = 0.02"))
    run = book.doit()
    assert (run.code, len(openai.requests)) == (0, 2), run.all
    assert "over budget: $0.02, $0.01 of the run's $0.05 left" in run.out, run.all
    book.settings(settings.format("price = 0"))
    run = book.doit()
    assert (run.code, len(openai.requests)) == (0, 3), run.all
    assert "built by openai/flux.1-dev, $0.00\n" in run.out, run.all
