"""Drafts first, finals after approval: the commands' face, over HTTP, with what they say and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project

A, B = "chapters/ch01/a", "chapters/ch01/b"
CH01 = "imagery/chapters/ch01/imagery.yaml"
FINAL, DRAFT = "gpt-image-2.6-flare", "gpt-image-2"
SETTINGS = f"""
[tool.chargen.providers.openai]
per_minute = 6000
[tool.chargen.tiers.draft.routes]
"openai/*" = "openai/{DRAFT}"
[tool.chargen.tiers.draft.providers.openai]
quality = "low"
"""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as made:
        yield made


@pytest.fixture
def book(tmp_path: Path, server: OpenAIServer) -> Project:
    made = Project(tmp_path, SETTINGS, env=server.environ)
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."}, route=f"openai/{FINAL}")
    return made


def models(server: OpenAIServer) -> list[tuple[str, str]]:
    """Return model and quality of every request there was since this was asked last."""
    found = [(str(seen.json["model"]), str(seen.json["quality"])) for seen in server.requests]
    told = getattr(server, "told", 0)
    server.told = len(found)  # type: ignore[attr-defined]
    return found[told:]


def test_drafts_are_chosen_from_and_promoted(book: Project, server: OpenAIServer, forks: Forks) -> None:
    """Plan, drafts, approval, price, finals, confirmation."""
    planned = forks.run(book, "chargen", "plan", "--tier", "draft", "--json").json
    assert [(image["model"], image["quality"]) for image in planned["images"]] == [(DRAFT, "low")] * 2
    run = forks.run(book, "doit", "--tier", "draft")
    assert run.code == 0, run.all
    assert models(server) == [(DRAFT, "low")] * 2
    assert " tier=draft" in book.read(CH01)

    run = forks.run(book, "doit")
    assert run.code == 0 and "2 drafts: `chargen promote` makes finals of those that are approved" in run.out
    assert "2 drafts: " in forks.run(book, "doit").out
    assert "2 drafts: " in forks.run(book, "chargen", "plan").out
    assert models(server) == []
    told = forks.run(book, "chargen", "plan", "--json").json
    assert [image["tier"] for image in told["images"]] == ["draft", "draft"]

    assert "no draft is approved" in forks.run(book, "chargen", "promote", "--dry-run").out
    assert forks.run(book, "chargen", "approve", A).code == 0
    shown = forks.run(book, "chargen", "promote", "--dry-run")
    assert f"1 to send to openai/{FINAL}, $" in shown.out and A in shown.out, shown.out
    assert B not in shown.out
    dry = forks.run(book, "chargen", "promote", "--budget", "0.001", "--dry-run").out
    assert "no draft is approved" not in dry
    assert "left out: " in dry
    left = forks.run(book, "chargen", "promote", "--budget", "0.001")
    assert left.code == 0 and "left out" in left.out, left.all
    assert models(server) == []
    run = forks.run(book, "chargen", "promote")
    assert run.code == 0 and f"approved as drafts: {A}" in run.out, run.all
    assert [model for model, _ in models(server)] == [FINAL]
    tree.all_agrees(book, {A, B})

    assert f"approved as drafts: {A}" in forks.run(book, "doit").out
    assert f"approved: {A} (its draft was)" in forks.run(book, "chargen", "approve", A).out
    assert "approved as drafts" not in forks.run(book, "doit").out
    history = forks.run(book, "chargen", "history", A)
    assert f"openai/{DRAFT}" in history.out and f"openai/{FINAL}" in history.out, history.out
    assert f"openai/{DRAFT} (draft)" in history.out
    tiers = {row["name"]: row["images"] for row in forks.run(book, "chargen", "cost", "--json").json["by_tier"]}
    assert tiers == {"draft": 2, "final": 1}


def test_a_name_asks_for_a_final(book: Project, server: OpenAIServer, forks: Forks) -> None:
    """Also where nothing changed since the last run, and the plan says so first."""
    forks.run(book, "doit", "--tier", "draft")
    forks.run(book, "doit")
    models(server)
    shown = forks.run(book, "chargen", "plan", A)
    assert "1 to send to openai/gpt-image-2.6-flare" in shown.out, shown.out
    run = forks.run(book, "doit", f"generated/{A}.png")
    assert run.code == 0, run.all
    assert [model for model, _ in models(server)] == [FINAL]
    assert "1 draft: " in forks.run(book, "doit").out
    assert models(server) == []
