"""Imagery that can't be read: told with its place, and no reason to call anybody's picture an orphan."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.project import Project

from chargen.actions.orphans import unneeded
from chargen.errors import Severity, StartError
from chargen.plan.plan import Plan
from chargen.plan.session import Session, open_session, unread_templates

FOLDER = "imagery/chapters/ch02"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """Two chapters, and a picture that only the second may plan."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp."})
    made.chapter("ch02", {"c": "A cat."})
    made.write("generated/prompts/chapters/ch02/c.txt", "A cat.")
    return made


@pytest.fixture
def session(book: Project) -> Iterator[Session]:
    """The project, opened to read."""
    with open_session(book.root, {}, read_only=True) as opened:
        yield opened


def close_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Refuse to list a folder, as the system does for one of somebody else's."""
    real = os.scandir

    def scandir(path: Any = ".") -> Any:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def close_file(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Refuse to read a file."""
    real = os.open

    def opened(path: Any, *rest: Any, **named: Any) -> int:
        if isinstance(path, str | Path) and os.fspath(path) == os.fspath(file):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return real(path, *rest, **named)

    monkeypatch.setattr(os, "open", opened)


def told(plan: Plan) -> list[tuple[str, Severity, str]]:
    return [(str(problem.position), problem.severity, problem.message) for problem in plan.problems]


def refused(session: Session) -> str:
    """Return why nothing is proposed."""
    with pytest.raises(StartError) as caught:
        unneeded(session)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_what_is_read_has_orphans_that_are_proposed(book: Project, session: Session) -> None:
    """Without the second chapter its prompt file is nobody's: what the other tests guard would be proposed."""
    (book.root / FOLDER / "imagery.yaml").unlink()
    assert [item.path for item in unneeded(session).files] == ["generated/prompts/chapters/ch02/c.txt"]


def test_a_link_to_a_folder_is_told_and_nothing_is_proposed(book: Project, session: Session, tmp_path: Path) -> None:
    """A link below the imagery folder is not followed; that is a warning, and no picture is an orphan meanwhile."""
    (book.root / FOLDER).rename(tmp_path / "elsewhere")
    (book.root / FOLDER).symlink_to(tmp_path / "elsewhere")
    plan = session.plan()
    message = "links to folders are not followed: nothing behind this one is planned"
    assert told(plan) == [(FOLDER, Severity.WARNING, message)]
    assert [image.id for image in plan.images] == ["chapters/ch01/a"]
    assert FOLDER in refused(session)


def test_a_closed_folder_is_told_and_nothing_is_proposed(
    book: Project, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that can't be listed is an error with its path."""
    close_folder(monkeypatch, book.root / FOLDER)
    assert told(session.plan()) == [(FOLDER, Severity.ERROR, "can't read this folder: permission denied")]
    assert FOLDER in refused(session)


def test_a_closed_file_is_told_and_nothing_is_proposed(
    book: Project, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that can't be read may plan anything, whatever its name is."""
    file = f"{FOLDER}/imagery.yaml"
    close_file(monkeypatch, book.root / file)
    assert told(session.plan()) == [(file, Severity.ERROR, "can't read this file: permission denied")]
    assert file in refused(session)


def test_a_hidden_folder_and_a_missing_root_are_not_told_as_closed(book: Project, session: Session) -> None:
    """What begins with a full stop is left out on purpose; a missing root has its own message."""
    (book.root / "imagery/.git").mkdir()
    assert told(session.plan()) == []
    (book.root / "imagery").rename(book.root / "elsewhere")
    assert [problem.message for problem in session.plan().problems] == ["the imagery folder `imagery` is missing"]


SLIP = "entity_type: character\nslug: eve\nappearance tall\nimage_inventory: []\n"


@pytest.mark.parametrize(
    "data",
    [
        SLIP.encode(),
        SLIP.replace("\n", "\r\n").encode(),
        SLIP.replace("\n", "\r").encode(),
        SLIP.replace("\n", "\x85").encode(),
        SLIP.replace("\n", "\u2028").encode(),
        b"\xef\xbb\xbf" + SLIP.encode(),
        SLIP.encode("utf-16"),
        SLIP.replace("entity_type", '"entity_type"').encode(),
        SLIP.replace("appearance tall", "appearance: l\xe4nger").encode("latin-1"),
        b"{entity_type: character, slug: eve, image_inventory: [}",
        b"{slug: eve,\n image_inventory: [}",
    ],
    ids=["LF", "CRLF", "CR", "NEL", "LS", "BOM", "UTF-16", "quoted", "Latin-1", "flow", "flow on two lines"],
)
def test_a_plan_with_a_slip_is_an_error_whatever_ends_its_lines(book: Project, data: bytes) -> None:
    """A file of ours is never taken for another program's because it can't be read."""
    book.write("imagery/characters/eve/eve.yaml", data)
    with open_session(book.root, {}, read_only=True) as session:
        (problem,) = [item for item in session.plan().problems if "eve.yaml" in str(item.position)]
    assert problem.severity is Severity.ERROR


def test_a_broken_file_of_another_program_stays_a_warning(book: Project) -> None:
    """Nothing in it is ours."""
    book.write("imagery/other.yaml", "playlist: [\n  songs of the entity_type: x\n")
    with open_session(book.root, {}, read_only=True) as session:
        (problem,) = [item for item in session.plan().problems if "other.yaml" in str(item.position)]
    assert problem.severity is Severity.WARNING


def test_a_folder_of_templates_that_a_setting_names_must_be_there(book: Project) -> None:
    """A misspelled one is told with its place; the default one may be absent, and nothing is told then."""
    for name, told in (("prompts", []), ("nope", ["the folder of templates `nope` is missing"])):
        book.settings(f'prompts = "{name}"\n')
        line = book.read("pyproject.toml").splitlines().index(f'prompts = "{name}"') + 1
        with open_session(book.root, {}, read_only=True) as session:
            found = [problem for problem in session.plan().problems if "templates" in problem.message]
        assert [problem.message.partition(":")[0] for problem in found] == told
        assert all(problem.severity is Severity.WARNING for problem in found)
        assert all(str(problem.position) == f"pyproject.toml:{line}:1" for problem in found)
    book.write("nope/chapter.txt.j2", "{{ prompt }}")
    with open_session(book.root, {}, read_only=True) as session:
        assert not [problem for problem in session.plan().problems if "is missing" in problem.message]


def test_a_template_that_is_no_utf_8_is_told_with_its_line_and_column(book: Project) -> None:
    """What every image needs stops; what nothing names is odd."""
    book.write("prompts/mine.txt.j2", b"a\ncaf\xe9\n")
    with open_session(book.root, {}, read_only=True) as session:
        (problem,) = unread_templates(session.project)
    assert str(problem) == (
        "prompts/mine.txt.j2:2:4: warning: this file is not UTF-8\n  hint: save it as UTF-8 in your editor"
    )
    book.write("prompts/chapter.txt.j2", b"{{ prompt }}\r\n\xff\n")
    with open_session(book.root, {}, read_only=True) as session, pytest.raises(StartError) as caught:
        session.plan()
    assert str(caught.value).startswith("prompts/chapter.txt.j2:2:1: error: this file is not UTF-8\n  hint: save it as")
