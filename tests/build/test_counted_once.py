"""An image is counted once at the end of a run, whatever became of its entry while its request was on its way."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.loopback import Fault
from servers.openai_server import OpenAIServer
from support.project import Project

from chargen.actions.run_result import RunResult, run_result
from chargen.build import run
from chargen.build.opening import open_build
from chargen.cli.run_report import RunReport
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.errors import InputError, error

FILE = "imagery/chapters/ch01/imagery.yaml"
ROUTE = "openai/gpt-image-2.6-flare"


def deleted(text: str) -> str:
    return re.sub(r"(?s)  - custom_id: \"a\".*?(?=  - custom_id: \"b\")", "", text)


def stashed(text: str) -> str:
    return "metadata:\n  entity_type: chapter-imagery\n  slug: ch01\nimages: []\n" if text else text


def renamed(text: str) -> str:
    return text.replace('custom_id: "a"', 'custom_id: "new-name"')


def broken(text: str) -> str:
    return text.replace("images:", "images: [", 1)


def approved(text: str) -> str:
    return text.replace('custom_id: "a"', 'custom_id: "a"\n    status: approved')


def archived(text: str) -> str:
    return text.replace('custom_id: "a"', 'custom_id: "a"\n    status: archived')


CHANGES: tuple[tuple[Callable[[str], str], str], ...] = (
    (deleted, "failed"), (stashed, "failed"), (renamed, "built"), (broken, "failed"), (approved, "kept"),
    (archived, "kept"), (str, "built"),
)  # fmt: skip


A = "chapters/ch01/a"


def numbers(line: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"(built|failed|kept|fresh|nothing to do) (\d+)", line)}


def built(book: Project, environ: dict[str, str]) -> tuple[RunResult, str]:
    """Build all there is; return the result and what was printed."""
    build = open_build(book.root, environ=environ, command="test")
    out = io.StringIO()
    try:
        code = run_tasks(build, image_tasks(build), None, RunReport(out, build))
        return run_result(build, code), out.getvalue()
    finally:
        build.close()


@pytest.mark.parametrize(("change", "outcome"), CHANGES, ids=lambda value: getattr(value, "__name__", value))
def test_an_image_is_counted_once(change: Callable[[str], str], outcome: str, tmp_path: Path) -> None:
    """Outcomes, counts of the summary, progress lines and money name it once, in text and in JSON."""
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nworkers = 1\nper_minute = 6000\n")
        book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route=ROUTE)

        def meanwhile(body: dict[str, Any]) -> dict[str, Any]:
            book.write(FILE, change(book.read(FILE)))
            return body

        server.when("lamp", Fault(change=meanwhile))
        result, text = built(book, dict(server.environ))
        mine = [item for item in result.outcomes if item.image.id == "chapters/ch01/a"]
        assert [item.outcome for item in mine] == [outcome], text
        assert sum(result.totals.values()) == 2, text
        # nothing is sent for `b` where its file has lost it by then, or is broken
        assert len(server.requests) == result.spent.images == result.spent.sent, text
        lines = re.findall(r"^\[\d/2\] (\S+)", text, re.MULTILINE)
        assert lines.count(A) == 1, text
        told = next(line for line in text.splitlines() if line.endswith(" s"))
        assert numbers(told) == result.totals, text
        assert sum(item.cost_usd or 0 for item in result.outcomes) == result.spent.spent_usd > 0


def test_a_current_picture_whose_slots_can_not_be_mended_has_failed_and_is_not_fresh_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its verdict is fresh, its entry lacks what was recorded, and something kept that from being written."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    before = book.read(FILE)
    built(book, {})
    book.write(FILE, before)

    def broken_disk(*_: object) -> None:
        raise InputError(error("the disk says no"))

    monkeypatch.setattr(run, "build_image", broken_disk)
    result, text = built(book, {})
    assert dict(result.totals) == {"failed": 2}
    assert [numbers(line) for line in text.splitlines() if line.endswith(" s")] == [{"failed": 2}]
    assert result.untouched == {}
