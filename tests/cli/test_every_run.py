"""Errors of the input are told by every run until they are mended, whatever pictures exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project

from chargen.cli.main import run

FIRST, OTHER = "imagery/chapters/ch01/imagery.yaml", "imagery/chapters/ch02/imagery.yaml"


def misspelled(book: Project) -> str:
    """A type that a slip keeps from being one: nothing in the file is planned any more."""
    book.edit(FIRST, "chapter-imagery", "chapter-imagry")
    return f"{FIRST}:2:16"


def misspelled_key(book: Project) -> str:
    """The same by a key, in a file that declares no type."""
    book.edit(FIRST, "  entity_type: chapter-imagery\n", "")
    book.edit(FIRST, "images:", "imges:")
    return f"{FIRST}:4:1"


def planned_twice(book: Project) -> str:
    """Two entries of one id."""
    text = book.read(FIRST)
    book.write(FIRST, text + text.partition("images:\n")[2].replace("A lamp.", "A lantern."))
    return f"{FIRST}:{text.count(chr(10)) + 1}:5"


def broken_template(book: Project) -> str:
    """Whether its pictures are current can't be told."""
    book.write("prompts/chapter.txt.j2", "{% if %}\n")
    return "prompts/chapter.txt.j2:1:1"


def broken_file(book: Project) -> str:
    """A file that is no YAML: its bracket is never closed."""
    book.write("imagery/chapters/ch03/imagery.yaml", "images: [\n")
    return "imagery/chapters/ch03/imagery.yaml:1:9"


def bad_size(book: Project) -> str:
    """An entry that is wrong and has a picture."""
    book.edit(FIRST, '"128x96"', '"128*96"')
    return f"{FIRST}:8:11"


@pytest.mark.parametrize(
    "slip",
    [misspelled, misspelled_key, planned_twice, broken_template, broken_file, bad_size],
    ids=lambda f: f.__name__,
)
def test_every_run_over_the_whole_book_tells_it_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], slip: Callable[[Project], str]
) -> None:
    """All pictures are there; a run for another image has it as a warning and ends with 0."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.chapter("ch02", {"b": "A door."})
    book.character("mara", "A face.")
    monkeypatch.chdir(tmp_path)
    assert run(["batch", "all"]) == 0
    place = slip(book)
    for _ in range(3):
        capsys.readouterr()
        assert run(["batch", "all", "--json"]) == 1
        result = json.loads(capsys.readouterr().out)
        assert [_place(item) for item in result["problems"] if item["severity"] == "error"] == [place]
        assert result["totals"] == {}
    named = "characters/mara/mara-portrait"
    assert run(["batch", "all", named, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [(item["severity"], _place(item)) for item in result["problems"]] == [("warning", place)]


@pytest.mark.parametrize("text", ["", "# all of it is gone\n"])
def test_an_emptied_file_is_told_by_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Its images are gone from the plan; that is odd, once a run, and fails none."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.chapter("ch02", {"b": "A door."})
    monkeypatch.chdir(tmp_path)
    assert run(["batch", "all"]) == 0
    book.write(FIRST, text)
    for _ in range(3):
        capsys.readouterr()
        assert run(["batch", "all"]) == 0
        assert capsys.readouterr().out.count(f"{FIRST}:1:1: warning: this file is empty") == 1
    book.edit(OTHER, "A door.", "A red door.")
    assert run(["batch", "all", "--json"]) == 0
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["severity"], _place(problem)) == ("warning", f"{FIRST}:1:1")


def test_a_file_without_a_byte_is_told_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An editor had truncated it."""
    book = Project(tmp_path)
    book.chapter("ch02", {"b": "A door."})
    book.write("imagery/chapters/c.yaml", "")
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run(["batch", "all"]) == 0
        assert "imagery/chapters/c.yaml:1:1: warning: this file is empty" in capsys.readouterr().out


def _place(item: dict[str, object]) -> str:
    return f"{item['file']}:{item['line']}:{item['column']}"


def test_a_folder_with_the_name_of_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The character in it is missed by somebody; what is inside the folder is read."""
    book = Project(tmp_path)
    book.write("imagery/characters/mara.yaml/imagery.yaml", "entity_type: character\nslug: mara\n")
    monkeypatch.chdir(tmp_path)
    assert run(["check", "--json"]) == 0
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["severity"], problem["file"]) == ("warning", "imagery/characters/mara.yaml")
    assert "folder with the name" in problem["message"]


@pytest.mark.parametrize(("name", "code"), [("old.txt.j2", 0), ("chapter.txt.j2", 3), ("part.j2", 3)])
def test_a_template_that_can_not_be_read_stops_what_it_is_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
) -> None:
    """One that nothing names is a warning of `check`; one that is named by another template may be needed."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.write("prompts/location.txt.j2", "{% include 'part.j2' %}\n")
    book.write("prompts/part.j2", "Far.\n")
    book.write(f"prompts/{name}", b"caf\xe9\n")
    book.write("prompts/._chapter.txt.j2", b"\x00\x05\x16\x07")
    monkeypatch.chdir(tmp_path)
    assert run(["batch", "all"]) == code
    capsys.readouterr()
    assert run(["check", "--json"]) == code
    if not code:
        (problem,) = json.loads(capsys.readouterr().out)["problems"]
        assert (problem["severity"], problem["file"]) == ("warning", f"prompts/{name}")
