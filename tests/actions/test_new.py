"""Blank files: written where files of their kind lie, complete enough to be planned, never over anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project import Project

from chargen.actions.check import check
from chargen.actions.new import write_new
from chargen.errors import ChargenError, InputError, Severity, StartError
from chargen.plan.session import open_session


def write(root: Path, kind: str, slug: str) -> str:
    """Write a file in a project; return its path."""
    with open_session(root, {}, read_only=True) as session:
        return write_new(session, kind, slug).file


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("chapter", "imagery/chapters/ch02/imagery.yaml"),
        ("locations", "imagery/locations/ch02/imagery.yaml"),
        ("character", "imagery/characters/ch02/imagery.yaml"),
        ("scenes", "imagery/characters/ch02/scenes.yaml"),
    ],
)
def test_a_new_file_is_planned_at_once_and_sends_nothing(tmp_path: Path, kind: str, file: str) -> None:
    """It has no error, and its one image waits for its words."""
    Project(tmp_path)
    assert write(tmp_path, kind, "ch02") == file
    with open_session(tmp_path, {}, read_only=True) as session:
        plan, found = session.plan(), check(session)
    assert found.exit_code == 0
    assert [image.verdict.value for image in plan.images] in ([], ["no-prompt"])


def test_its_first_line_leads_to_the_schemas_of_the_project(tmp_path: Path) -> None:
    """Where it has them."""
    book = Project(tmp_path)
    assert "$schema" not in book.read(write(tmp_path, "chapter", "ch02"))
    assert book.chargen("schema", "--write", "schemas").code == 0
    assert book.read(write(tmp_path, "chapter", "ch03")).startswith(
        "# yaml-language-server: $schema=../../../schemas/chapter.schema.json\n"
    )


@pytest.mark.parametrize(
    ("kind", "slug", "error", "words"),
    [
        ("chaptr", "ch02", StartError, "did you mean `chapter`"),
        ("chapter", "ch01", InputError, "imagery/chapters/ch01/imagery.yaml"),
        ("chapter", "a/b", InputError, "can't be a slug: it holds a character that a file name can't have"),
        ("chapter", "..", InputError, "can't be a slug"),
        ("chapter", "a: [b", InputError, "can't be a slug"),
        ("chapter", "", InputError, "can't be a slug"),
        ("chapter", "Null", InputError, "can't be a slug: it can't be written as it is"),
        ("chapter", "._x", InputError, "can't be a slug"),
        ("chapter", "mine", InputError, "exists already, and it is yours"),
    ],
)
def test_what_can_not_be_written_is_told(
    tmp_path: Path, kind: str, slug: str, error: type[ChargenError], words: str
) -> None:
    """A word that is no kind, a slug that is taken or none, a file that is there: nothing is written."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.write("imagery/chapters/mine/imagery.yaml", "notes: mine\n")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(error) as raised:
        write(tmp_path, kind, slug)
    assert words in str(raised.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("chapter", "this entry has no prompt yet"),
        ("location", "this entry has no prompt yet"),
        ("character", "the inventory's picture `ch02-portrait` has neither a `prompt_used` nor a `path` yet"),
        ("scene", "this entry has no prompt yet"),
    ],
)
def test_check_tells_what_a_new_file_still_needs(tmp_path: Path, kind: str, told: str) -> None:
    """As `chargen new` says; at the line that waits for it."""
    Project(tmp_path)
    file = write(tmp_path, kind, "ch02")
    with open_session(tmp_path, {}, read_only=True) as session:
        findings = check(session).findings
    (problem,) = (each.problem for each in findings if each.problem.severity is Severity.NOTE)
    assert problem.message == told
    assert not [each for each in findings if "is a comment" in each.problem.message]
    assert problem.position is not None
    assert (problem.position.file, problem.position.line > 1) == (file, True)


_SAMPLE = re.compile(r"( *)#( *(?:- +)?[a-z_]+:(?: |$).*)")
"""A line of a file that is a comment and would be a key without its `#`."""


@pytest.mark.parametrize("kind", ["chapter", "location", "character", "scene"])
@pytest.mark.parametrize("blank", ["", " "])
def test_taking_off_the_signs_of_what_is_commented_gives_a_good_file(tmp_path: Path, kind: str, blank: str) -> None:
    """Of each block by itself and of all; an editor takes the blank behind a sign off too."""
    book = Project(tmp_path)
    book.character("mara", "A girl.")
    file = write(tmp_path, kind, "ch02")
    lines = book.read(file).splitlines()
    samples = [number for number, line in enumerate(lines) if _SAMPLE.fullmatch(line)]
    blocks = [list(group) for group in _runs(samples)]
    assert bool(blocks) is (kind != "character")
    for block in (*blocks, samples):
        taken = [_without_sign(line, blank) if number in block else line for number, line in enumerate(lines)]
        book.write(file, "\n".join(taken) + "\n")
        with open_session(tmp_path, {}, read_only=True) as session:
            found = check(session)
        odd = [finding.problem for finding in found.findings if finding.problem.severity is Severity.ERROR]
        assert not [problem for problem in odd if "in the inventory" not in problem.message], odd


def _runs(numbers: list[int]) -> list[list[int]]:
    """Put numbers that follow each other together."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _without_sign(line: str, blank: str) -> str:
    before, after = _SAMPLE.fullmatch(line).groups()  # type: ignore[union-attr]
    return before + after.removeprefix(blank)
