"""What a run that was killed had in flight is named by whoever asks next, before a build would send it again."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from support.inside import build, opened
from support.project import Project

from chargen.actions.run_log import run_log
from chargen.cli.main import run
from chargen.model.values import EntryId, Fingerprint
from chargen.store.journal_rows import Sending

IN_FLIGHT = EntryId("chapters/ch01/b")


def test_a_sketch_in_flight_is_called_billed_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not before the next run, not at its opening, and not by what adds up afterwards."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    in_flight(made, "sketch", "sketch")
    kill(made)
    monkeypatch.chdir(tmp_path)
    for command in (["plan"], ["check"], ["why", "ch01/b"], ["log"], ["cost"], ["batch", "all"], ["log"], ["cost"]):
        assert "billed" not in out(capsys, *command), command
    with opened(made, read_only=True) as (session, _):
        assert [run.open for run in run_log(session.journal, 9).runs] == [(), ()]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two images, of which a run has the second one in flight."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."}, route="openai/gpt-image-2.6-flare")
    in_flight(made, "openai", "gpt-image-2")
    monkeypatch.chdir(tmp_path)
    return made


def in_flight(book: Project, provider: str, model: str) -> None:
    """Let a run have noted that a request leaves, and nothing since."""
    with opened(book) as (session, _):
        session.journal.begin_run("run-1", "doit")
        asked = Fingerprint("ab" * 32)
        session.journal.sent(Sending("20261129T120000-1", IN_FLIGHT, "run-1", 1, provider, model, asked))


def kill(book: Project) -> None:
    """Let the run be one of a process that is gone."""
    with sqlite3.connect(book.root / ".chargen/journal.sqlite") as connection:
        connection.execute("UPDATE runs SET pid = -1")
    connection.close()


def out(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    assert run(list(command)) == 0
    return " ".join(capsys.readouterr().out.split())


def test_plan_check_and_why_name_what_may_have_been_billed(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Not while that run goes on, and not of another image."""
    for command in (["plan"], ["check"], ["why", "ch01/b"]):
        assert "may have been billed" not in out(capsys, *command)
    kill(book)
    for command in (["plan"], ["plan", "ch01/a"], ["check"]):
        told = out(capsys, *command)
        assert "a run was killed while these were in flight: they may have been billed" in told
        assert f"(for `{IN_FLIGHT}`)" in told
    told = out(capsys, "why", "ch01/b")
    assert "may have been billed: a run was killed" in told
    assert "to openai/gpt-image-2; no image came" in told
    assert "may have been billed" not in out(capsys, "why", "ch01/a")


def test_the_log_tells_a_killed_run_from_one_that_goes_on(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """By its process, and by a run that began after it: a process id may be another program's by now."""
    assert "; still running" in out(capsys, "log")
    kill(book)
    assert "; it was killed" in out(capsys, "log")
    with sqlite3.connect(book.root / ".chargen/journal.sqlite") as connection:
        connection.execute("UPDATE runs SET pid = ?", (os.getpid(),))
    connection.close()
    assert "; still running" in out(capsys, "log")
    book.chapter("ch01", {"a": "A lamp."})
    build(book)
    told = out(capsys, "log")
    assert "; it was killed" in told
    assert "still running" not in told
