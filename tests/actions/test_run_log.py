"""What was run: built, failed and open images of each run, what it cost, the newest first."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.inside import build, opened
from support.project import Project

from chargen.actions.run_log import RunLog, going_on, run_log
from chargen.build.opening import open_build
from chargen.cli.main import run
from chargen.model.request import FailureClass
from chargen.model.values import EntryId, Fingerprint
from chargen.store.journal_rows import Sending

FAILING = "[tool.chargen.providers.sketch]\nfail = ['*/c=refused']\n"


def log(book: Project, limit: int = 20) -> RunLog:
    with opened(book, read_only=True) as (session, _):
        return run_log(session.journal, limit)


def test_runs_tell_what_was_built_and_what_failed(tmp_path: Path) -> None:
    """A refusal is told with its words; so is an image that was blocked before a request left."""
    book = Project(tmp_path, FAILING)
    book.chapter("ch01", {"a": "A lamp.", "c": "A cat."})
    assert build(book, "doit") == 1
    book.settings("")
    book.edit("imagery/chapters/ch01/imagery.yaml", '"128x96"', "banana")
    book.image("chapters/ch01/a").unlink()
    for folder in book.originals():
        for file in folder.iterdir():
            file.unlink()
    assert build(book, "chargen batch all") == 1
    second, first = log(book).runs
    assert (first.command, first.built, list(first.failed)) == ("doit", ("chapters/ch01/a",), ["chapters/ch01/c"])
    assert first.ended is not None
    assert "chapters/ch01/a" in second.failed
    assert "banana" in second.failed["chapters/ch01/a"].error
    assert (second.built, second.spent.images) == ((), 0)
    shown = log(book).to_json()
    assert [run["command"] for run in shown["runs"]] == ["chargen batch all", "doit"]
    assert shown["runs"][1]["spent"]["images"] == 1


def test_a_status_is_told_with_the_failure_it_is_of_alone(tmp_path: Path) -> None:
    """Not with that of a later try that was never answered, nor with what kept one from being sent."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    with opened(book) as (session, _):
        session.journal.begin_run("run-1", "doit")
        for number, name in ((1, "a"), (2, "b"), (3, "b")):
            image = EntryId(f"chapters/ch01/{name}")
            asked = Sending(f"try-{number}", image, "run-1", 1, "openai", "gpt-image-2", Fingerprint("ab" * 32))
            session.journal.sent(asked)
            if number < 3:
                session.journal.failed(asked.attempt_id, FailureClass.TRANSIENT, "too many", http_status=429)
        session.journal.task_failed(EntryId("chapters/ch01/a"), "not sent: the key is refused")
        session.journal.task_failed(EntryId("chapters/ch01/b"), "the process ended before an answer came")
        session.journal.end_run("run-1")
    (found,) = log(book).to_json()["runs"]
    assert [one["http_status"] for one in found["failed"]] == [None, None]


def test_a_failure_tells_its_status_and_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a vendor's support asks for; images that failed alike stand on one line, without it where none is known."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A cat.", "c": "A door."})
    with opened(book) as (session, _):
        session.journal.begin_run("run-1", "doit")
        for number, name in enumerate("abc", 1):
            image = EntryId(f"chapters/ch01/{name}")
            asked = Sending(f"try-{number}", image, "run-1", 1, "openai", "gpt-image-2", Fingerprint("ab" * 32))
            session.journal.sent(asked)
            told = {} if name == "c" else {"http_status": 429, "request_id": f"req_{name}"}
            session.journal.failed(asked.attempt_id, FailureClass.TRANSIENT, "too many", **told)
            session.journal.task_failed(image, "too many: wait")
        session.journal.end_run("run-1")
    (found,) = log(book).to_json()["runs"]
    failed = {one["id"][-1]: (one["error"], one["http_status"], one["request_id"]) for one in found["failed"]}
    assert failed == {name: ("too many: wait", 429, f"req_{name}") for name in "ab"} | {
        "c": ("too many: wait", None, None)
    }
    monkeypatch.chdir(tmp_path)
    assert run(["log"]) == 0
    shown = capsys.readouterr().out
    assert "  failed: chapters/ch01/a, chapters/ch01/b (HTTP 429)\n    too many: wait\n" in shown
    assert "  failed: chapters/ch01/c\n" in shown


def test_only_the_last_runs_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    """`--limit 1` is the newest."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    for command in ("one", "two", "three"):
        build(book, command)
    found = log(book, 1)
    assert ([run.command for run in found.runs], found.more) == (["three"], 2)


def test_a_run_that_did_not_end_says_so(tmp_path: Path) -> None:
    """As after a crash: no end, and nothing of it is invented."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    opened_build = open_build(book.root, environ={}, command="doit")
    try:
        assert [run.ended for run in log(book).runs] == [None]
        with opened(book, read_only=True) as (session, _):
            assert going_on(session.journal) == log(book).runs[0]
    finally:
        opened_build.close()
    assert log(book).runs[0].ended is not None
    with opened(book, read_only=True) as (session, _):
        assert going_on(session.journal) is None


def test_a_journal_that_was_lost_has_no_runs_to_tell_of(tmp_path: Path) -> None:
    """Its attempts come from the originals, and nothing tells which run they were of."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    build(book, "doit")
    (book.root / ".chargen/journal.sqlite").write_bytes(b"damaged" * 100)
    assert log(book).runs == ()
