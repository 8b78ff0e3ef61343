"""`chargen cost`: what a loopback vendor billed, by day, provider and file; failures and doubts apart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from servers.loopback import cut_before_headers
from servers.openai_server import OpenAIServer, moderated
from support.forks import Forks
from support.project import Project, Run

PAID = "openai/gpt-image-2.6-flare"
SETTINGS = "[tool.chargen.providers.openai]\nper_minute = 6000\n"


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _cost(forks: Forks, book: Project, *options: str) -> dict[str, Any]:
    return _ok(forks.run(book, "chargen", "cost", "--json", *options)).json


def test_what_was_spent_is_told_three_ways(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """Pictures by day, route and file; a refusal and a request cut off stand apart; a lost journal is rebuilt."""
    book = Project(tmp_path, SETTINGS, env=openai.environ)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route=PAID)
    book.chapter("ch02", {"c": "A cat."})
    openai.when("door", moderated())
    assert _ok(forks.run(book, "chargen", "cost")).out == "nothing was sent\n"
    assert not (book.root / ".chargen").exists(), "adding up writes nothing"
    run = forks.run(book, "doit")
    assert run.code == 1, run.all
    found = _cost(forks, book)
    rows = {row["name"]: row for row in (*found["by_provider"], *found["by_file"])}
    assert rows[PAID]["images"] == 1
    assert rows[PAID]["failures"] == 1
    assert rows[PAID]["cost_usd"] > 0
    assert rows["sketch/sketch"]["total_usd"] == 0
    assert rows["chapters/ch01"]["cost_usd"] == found["total"]["cost_usd"]
    assert len(found["by_day"]) == 1
    billed = found["total"]["cost_usd"]
    openai.when("tower", cut_before_headers())
    book.chapter("ch03", {"d": "A tower."}, route=PAID)
    assert forks.run(book, "doit").code == 1
    found = _cost(forks, book)["total"]
    assert found["possibly_billed"] >= 1
    assert found["possibly_billed_usd"] > 0
    assert found["cost_usd"] == billed
    text = _ok(forks.run(book, "chargen", "cost")).out
    assert "possibly billed" in text
    assert f"{PAID}" in text
    assert "2 images" in text
    month = found_month(book, forks)
    assert _cost(forks, book, "--month", month)["total"] == found
    assert _cost(forks, book, "--since", "2999-01-01")["total"]["images"] == 0
    for journal in (book.root / ".chargen").glob("journal.sqlite*"):
        journal.unlink()
    rebuilt = _cost(forks, book)["total"]
    assert (rebuilt["images"], rebuilt["cost_usd"]) == (2, billed)


def found_month(book: Project, forks: Forks) -> str:
    return _cost(forks, book)["by_day"][0]["name"][:7]


def test_an_unknown_cost_is_counted_and_never_nothing(tmp_path: Path, forks: Forks) -> None:
    """A server without usage and a model nobody knows the price of."""
    with OpenAIServer(shape="localai") as server:
        book = Project(tmp_path, SETTINGS, env=server.environ)
        book.chapter("ch01", {"a": "A lamp."}, route="openai/my-own-model")
        _ok(forks.run(book, "doit"))
    found = _cost(forks, book)["total"]
    assert (found["images"], found["unknown_cost"]) == (1, 1)
    text = _ok(forks.run(book, "chargen", "cost")).out
    assert "1 of unknown cost" in text


def test_a_bad_date_is_told_before_anything_is_read(tmp_path: Path, forks: Forks) -> None:
    """Exit 3 with an example of how to write it."""
    book = Project(tmp_path)
    run = forks.run(book, "chargen", "cost", "--month", "november")
    assert (run.code, run.out) == (3, "")
    assert "--month 2026-11" in run.err
    shutil.rmtree(book.root / "imagery")
    assert _ok(forks.run(book, "chargen", "cost")).out == "nothing was sent\n"
