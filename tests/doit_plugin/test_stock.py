"""Images under doit's stock commands, asked in this process: what is planned, what is made, what is said."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from support.inside import build, verdicts
from support.project import DOIT_TABLES, Project

from chargen.doit_plugin import stock
from chargen.doit_plugin.stock import StockBuild

A = "chapters/ch01/a"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One image; doit stands in the project and was started there."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp."})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stock, "started_in", lambda: tmp_path)
    return made


def test_opening_plans_and_only_looks(book: Project) -> None:
    """No journal and no lock are made; the folder for doit's own database is."""
    opened = StockBuild.open()
    assert ([image.id for image in opened.chosen], opened.untouched) == ([A], ())
    assert [path.name for path in (book.root / ".chargen").iterdir()] == []
    assert not opened.is_up_to_date(A)


def test_an_image_is_made_once(book: Project) -> None:
    """The build is opened by the first action; what is fresh needs nothing and is untouched."""
    opened = StockBuild.open()
    assert opened.build(A) is None
    opened._build.close()
    assert verdicts(book)[A].value == "fresh"
    again = StockBuild.open()
    assert ([image.id for image in again.untouched], again.chosen) == ([A], ())
    assert again.is_up_to_date(A)
    assert len(book.originals()) == 1


def test_what_can_not_be_made_says_why(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that is planned no more, a blocked one, and one in another process."""
    book.edit(book.chapter("ch02", {"c": "A cat."}), "128x96", "banana")
    opened = StockBuild.open()
    assert not opened.is_up_to_date("chapters/ch02/c")
    assert "banana" in opened.build("chapters/ch02/c")
    opened._build.close()
    later = StockBuild.open()
    book.write(
        "imagery/chapters/ch01/imagery.yaml", "metadata: {entity_type: chapter-imagery, slug: ch01}\nimages: []\n"
    )
    assert later.build(A) == "this image is not planned any more"
    later._build.close()
    monkeypatch.setattr(stock.os, "getpid", lambda: -1)
    assert "`-P thread`" in later.build(A)


def test_people_are_told_where_the_own_commands_are(
    book: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Started below the project the folder to start in; without the tables the lines to add."""
    with caplog.at_level(logging.WARNING, "chargen"):
        StockBuild.open()
        assert caplog.text == ""
        monkeypatch.setattr(stock, "started_in", lambda: book.root / "imagery")
        StockBuild.open()
        assert f"start it in {book.root}" in caplog.text
        caplog.clear()
        book.write("pyproject.toml", book.read("pyproject.toml").replace(DOIT_TABLES, ""))
        StockBuild.open()
        assert 'run = "chargen.cli.doit.run:Run"' in caplog.text


def test_a_build_elsewhere_is_no_second_one(book: Project) -> None:
    """What another run has built meanwhile is not bought again."""
    opened = StockBuild.open()
    assert build(book) == 0
    assert opened.build(A) is None
    opened._build.close()
    assert len(book.originals()) == 1
