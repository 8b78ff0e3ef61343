"""What the tests of the page share: a small book that was built, and its server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forks import Forks
from support.inside import build
from support.project import Project
from support.review import Review, review

HOSTILE = "</script><img src=x onerror=alert(1)> & \"'"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A portrait, two images that show it, one with a hostile title; one entry without a picture yet; a place."""
    made = Project(tmp_path_factory.mktemp("built"))
    made.character("alice", "A girl.")
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."}, entry="depicts_characters: [alice]")
    made.edit("imagery/chapters/ch01/imagery.yaml", '"b"\n', f'"b"\n    title: {HOSTILE!r}\n'.replace("\\'", "''"))
    assert build(made, "chargen batch all") == 0
    made.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lantern.")
    assert build(made, "chargen batch all") == 0
    made.chapter("ch02", {"c": "A door."})
    return made


@pytest.fixture
def book(built: Project, tmp_path: Path) -> Project:
    """The book, for one test."""
    return built.copy(tmp_path)


@pytest.fixture
def server(book: Project, forks: Forks) -> Iterator[Review]:
    """Its page, served."""
    with review(book, forks) as running:
        yield running
