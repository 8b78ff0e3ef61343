"""An estimate never passes as a cost: where a provider told no usage, every place says so."""

from __future__ import annotations

import io
import shutil
from decimal import Decimal
from pathlib import Path

from servers.loopback import Fault
from servers.openai_server import OpenAIServer
from support.inside import build, opened
from support.project import Project

from chargen.actions.history import history
from chargen.actions.why import why
from chargen.build.opening import open_build
from chargen.cli.run_report import RunReport
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.text.money import paid_text

NAMES = ("chapters/ch01/a", "chapters/ch01/b")


def test_an_estimate_is_called_one(tmp_path: Path) -> None:
    """One reply with an account of its tokens, one without: in the progress, `why` and `history`, text and JSON."""
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n")
        book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route="openai/gpt-image-2.6-flare")
        server.when("lamp", Fault(change=lambda body: {**body, "usage": None}))
        running = open_build(book.root, environ=server.environ, command="test")
        out = io.StringIO()
        try:
            run_tasks(running, image_tasks(running), None, RunReport(out, running))
            assert [running.done[name].estimated for name in NAMES] == [True, False]
        finally:
            running.close()
    lines = {line.split()[1]: line for line in out.getvalue().splitlines() if line.startswith("[")}
    assert [lines[name].endswith(" estimated") for name in NAMES] == [True, False]
    with opened(book, read_only=True) as (session, planner):
        for name, estimated in zip(NAMES, (True, False), strict=True):
            image = planner.image(planner.book.entry(name).id)
            explained = why(session, planner, image).to_json()["made"]
            assert (explained["cost_estimated"], explained["cost_usd"] > 0) == (estimated, True)
            (version,) = history(session, planner.evidence, image).versions
            assert (version.estimated, version.to_json()["cost_estimated"]) == (estimated, estimated)


def test_words() -> None:
    """What is unknown is not estimated."""
    assert paid_text(Decimal("0.05"), estimated=True) == "$0.05 estimated"
    assert paid_text(Decimal("0.05"), estimated=False) == "$0.05"
    assert paid_text(None, estimated=True) == "unknown cost"


def test_nothing_is_not_unknown(tmp_path: Path) -> None:
    """A sketch cost nothing, also where only its entry tells it."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    build(book)
    shutil.rmtree(tmp_path / ".chargen")
    book.image(NAMES[0]).unlink()
    with opened(book, read_only=True) as (session, planner):
        image = planner.image(planner.book.entry(NAMES[0]).id)
        assert why(session, planner, image).cost_usd == 0
