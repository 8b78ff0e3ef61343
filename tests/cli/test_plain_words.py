"""What commands say where an author would otherwise be left to guess."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from servers.pictures import png
from support.project import Project

from chargen.cli.main import run
from chargen.text.money import by_estimate, estimate_text


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One image."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp."})
    monkeypatch.chdir(tmp_path)
    return made


def out(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(list(command)) == code
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("book")
def test_a_promotion_of_nothing_says_that_nothing_is_approved(capsys: pytest.CaptureFixture[str]) -> None:
    """The book has images; none of them is an approved draft."""
    assert run(["batch", "all"]) == 0
    assert out(capsys, "promote", "--dry-run") == (
        "no draft is approved: `chargen approve` those that are good, then promote them"
    )


def test_a_text_in_place_of_a_list_is_told_with_the_list(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """So that nobody looks up how lists are written; where its items are mappings, no such list would do."""
    file = book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: mara", extra="locations: mill")
    told = out(capsys, "check", code=1)
    assert (
        f"{file}:10:25: error: `depicts_characters` must be a list hint: write a list: `depicts_characters: [mara]`"
        in told
    )
    assert "[mill]" not in told


def test_what_is_no_file_at_a_target_is_told_in_words(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe is no kind of picture; a folder is named as one."""
    target = book.image("chapters/ch01/a")
    target.parent.mkdir(parents=True)
    os.mkfifo(target)
    assert "something that is no readable file stands at `generated/chapters/ch01/a.png`" in out(capsys, "plan")
    target.unlink()
    target.mkdir()
    assert "a directory stands at" in out(capsys, "plan")


def test_what_a_proof_was_made_by_is_not_told_as_kept(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A build replaces it, whatever `rebuild_on` says."""
    assert run(["batch", "all"]) == 0
    book.settings('[tool.chargen.routes]\n"sketch/*" = "openai/gpt-image-2.6-flare"\n')
    told = out(capsys, "why", "ch01/a")
    assert "proof" in told
    assert "openai" in told
    assert "rebuild_on" not in told


@pytest.mark.usefixtures("book")
def test_an_environment_with_ascii_names_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files with other letters seem not to be there, and what can't be looked at can't be judged."""
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    assert run(["plan"]) == 3
    assert "PYTHONUTF8" in capsys.readouterr().err


def test_help_is_set_evenly_and_names_all_decisions(capsys: pytest.CaptureFixture[str]) -> None:
    """Of `reject`, whose text has several lines, and of `undo`."""
    run(["reject", "--help"])
    told = capsys.readouterr().out
    assert "beside the status" in " ".join(told.split())
    assert not [line for line in told.splitlines() if "  " in line.strip() and "-" not in line]
    assert "restore and retake" in out(capsys, "undo", "--help")


@pytest.mark.usefixtures("book")
def test_a_promotion_that_was_carried_out_says_what_was_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """As its dry run does."""
    assert run(["batch", "all"]) == 0
    assert "no draft is approved: `chargen approve` those that are good" in out(capsys, "promote")


def test_what_is_kept_and_gone_or_asked_anew_is_told_with_the_next_step(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the step works."""
    assert run(["batch", "all"]) == 0
    assert run(["approve", "ch01/a"]) == 0
    told = out(capsys, "retake", "ch01/a", "Put it out.")
    assert "it is locked: status is approved" in told
    assert "`chargen unlock chapters/ch01/a` has the next build make it" in told
    assert run(["unlock", "ch01/a"]) == 0
    assert "1 to send" in out(capsys, "plan")
    assert run(["undo"]) == 0
    assert run(["undo"]) == 0
    book.image("chapters/ch01/a").unlink()
    for file in (book.root / ".chargen").rglob("*.png"):
        file.unlink()
    for file in (book.root / ".chargen" / "originals").rglob("*"):
        if file.is_file():
            file.unlink()
    target = "generated/chapters/ch01/a.png"
    assert f"put it back, or `doit --rebuild {target}` makes a new one" in out(capsys, "plan")
    assert "1 to send" in out(capsys, "batch", "all", "--dry-run", "--rebuild", target)


def test_an_unknown_price_is_no_estimate() -> None:
    """Nobody knows what is unknown "by estimate"."""
    assert by_estimate(estimate_text(None)) == "unknown cost"
    assert by_estimate(estimate_text(Decimal("0.107"))) == "$0.107 by estimate"


def test_one_picture_is_taken_as_it_is(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """And several as they are."""
    book.write("imagery/chapters/ch01/a.png", png(128, 96, 1))
    assert "1 picture taken as it is;" in out(capsys, "adopt")
