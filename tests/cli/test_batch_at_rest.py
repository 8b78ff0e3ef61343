"""`chargen batch all` where nothing has to be done: no project is opened, and it tells what a run would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import inside
from support.project import Project

from chargen.cli import batch
from chargen.cli.main import run

CHAPTER = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two pictures that are there, and a plan that is kept."""
    inside.let_settle(monkeypatch)
    monkeypatch.chdir(tmp_path)
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="status: draft")
    for _ in range(2):  # what the first run builds is planned as fresh by the second
        assert run(["batch", "all"]) == 0
    return book


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands for which a run was opened."""
    found: list[str] = []
    run_here = batch.run_here
    monkeypatch.setattr(batch, "run_here", lambda order, name, out: (found.append(name), run_here(order, name, out))[1])
    return found


def told(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what is printed, without the seconds it took."""
    capsys.readouterr()
    assert run(["batch", "all", *options]) == 0
    return re.sub(r"\d+\.\d s", "", capsys.readouterr().out)


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("options", [(), ("--provider", "openai")])
def test_nothing_due_opens_nothing(
    capsys: pytest.CaptureFixture[str], opened: list[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """A provider is asked only for what is not fresh."""
    short = told(capsys, *options)
    assert (short, opened) == ("fresh 2, \n", [])
    monkeypatch.setattr(batch, "_nothing_due", lambda _provider: None)
    assert told(capsys, *options) == short
    assert opened == ["chargen batch all"]


@pytest.mark.usefixtures("book")
def test_a_provider_that_there_is_not_is_an_error_also_where_nothing_is_due(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["batch", "all", "--provider", "opnai"]) == 3
    assert "there is no provider `opnai`" in capsys.readouterr().err


@pytest.mark.parametrize("options", [("--json",), ("--max-tasks", "1"), ("--no-resume",), ("--tier", "final"), ("a",)])
@pytest.mark.usefixtures("book")
def test_who_asks_for_more_gets_a_run(
    capsys: pytest.CaptureFixture[str], opened: list[str], options: tuple[str, ...]
) -> None:
    """JSON, a selection, and options that may change what is due."""
    told(capsys, *options)
    assert opened == ["chargen batch all"]


def test_a_provider_is_asked_for_what_is_not_fresh(
    book: Project, capsys: pytest.CaptureFixture[str], opened: list[str]
) -> None:
    """A locked image needs nothing either; what would be due for another provider is for a run to say."""
    book.edit(CHAPTER, "A lamp.", "A lantern.")
    book.edit(CHAPTER, "status: draft", "status: locked")
    told(capsys)
    assert opened == ["chargen batch all"]  # which keeps the plan of what was edited
    opened.clear()
    short = told(capsys)
    assert "locked: " in short
    assert opened == []
    assert told(capsys, "--provider", "sketch") == short
    assert opened == ["chargen batch all"]


def test_an_edit_is_built(book: Project, capsys: pytest.CaptureFixture[str], opened: list[str]) -> None:
    """Whatever is kept."""
    book.edit(CHAPTER, "A lamp.", "A lantern.")
    assert "built 1, fresh 1" in told(capsys)
    assert opened == ["chargen batch all"]
