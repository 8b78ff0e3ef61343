"""Which saves are worth a look, and what is said where nobody tells of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.project import Project
from watchfiles import Change

from chargen.actions import watch
from chargen.actions.watch import Watched, changes
from chargen.errors import StartError


def test_folders_are_those_of_the_settings_as_they_are_now(book: Project) -> None:
    """A folder that is named later is followed from then on; half saved settings change nothing."""
    watched = Watched(book.root)
    settings, file = str(book.root / "pyproject.toml"), str(book.root / "more/chapters/ch09/imagery.yaml")
    assert not watched(Change.modified, file)
    book.edit("pyproject.toml", "[tool.chargen]", '[tool.chargen]\nimagery = ["imagery", "more"]')
    assert watched(Change.modified, settings)
    assert watched(Change.modified, file)
    book.write("pyproject.toml", "[tool.char")
    assert watched(Change.modified, settings)
    assert watched(Change.modified, file)


@pytest.mark.parametrize("failure", [OSError("OS file watch limit reached"), RuntimeError("Too many open files")])
def test_a_system_that_has_no_watch_left_is_told(
    book: Project, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """As an error with a way on, not as a bug."""

    def refused(*_: object, **__: object) -> Iterator[None]:
        raise failure
        yield

    monkeypatch.setattr(watch, "watch", refused)
    with pytest.raises(StartError, match=f"(?s){failure}.*WATCHFILES_FORCE_POLLING"):
        next(changes(book.root))
