"""A kind is one file and a template: one that the program does not have works without a change to any other file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project import Project

from chargen import kinds
from chargen.cli.main import run
from chargen.kinds.registry import all_kinds, named
from chargen.yaml.document import parse

FOLDER = Path(__file__).parent / "postcards"
ALBUM = (
    "album: sea  # by year\n"
    "generation_defaults: {provider: sketch, model: sketch}\n"
    "postcards:\n"
    "  - number: pier\n"
    "    prompt_used: A pier in the rain.\n"
    "    size: 64x64\n"
)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with a chapter and an album, while postcards stand among the kinds."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.write("imagery/album.yaml", ALBUM)
    book.write("prompts/postcard.txt.j2", (FOLDER / "postcard.txt.j2").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(FOLDER)])
    _look_again()
    yield book
    monkeypatch.undo()
    sys.modules.pop("chargen.kinds.postcards")
    _look_again()


def _look_again() -> None:
    all_kinds.cache_clear()
    named.cache_clear()


def test_it_is_recognised_planned_composed_drawn_and_written_back(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """From `batch` with its plural to the slots in the author's file, and nothing else is built."""
    assert run(["plan", "--json"]) == 0
    planned = {image["id"]: image for image in json.loads(capsys.readouterr().out)["images"]}
    assert planned["postcards/sea/pier"]["kind"] == "postcard"
    assert run(["batch", "postcards"]) == 0
    assert [path.name for path in book.root.glob("generated/*/*/*.png")] == ["pier.png"]
    prompt = (book.root / "generated/prompts/postcards/sea/pier.txt").read_text(encoding="utf-8")
    assert prompt.strip() == "A picture postcard: A pier in the rain."
    written = (book.root / "imagery/album.yaml").read_text(encoding="utf-8")
    assert written.startswith(ALBUM)
    assert "    file_path: generated/postcards/sea/pier.png\n" in written
    capsys.readouterr()
    assert run(["batch", "postcards", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["untouched"] == {"fresh": 1}


@pytest.mark.usefixtures("book")
def test_its_template_and_its_slips_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    """`impact` of the template names its images; a key that is all but right is told."""
    assert run(["impact", "prompts/postcard.txt.j2", "--json"]) == 0
    assert "postcards/sea/pier" in capsys.readouterr().out
    problem = kinds.overlooked(parse(ALBUM.replace("postcards:", "postcard:").encode(), "imagery/b.yaml"))
    assert problem is not None
    assert problem.hint == "did you mean `postcards`?"


def test_without_the_file_it_is_no_kind() -> None:
    """What the tests above see comes from the one file."""
    assert kinds.kind_of(parse(ALBUM.encode(), "imagery/album.yaml")) is None


def test_kinds_come_in_a_fixed_order() -> None:
    """More specific shapes first, then by name: the order in which shapes are tried."""
    assert [kind.name for kind in kinds.all_kinds()] == ["chapter", "location", "scene", "character"]
