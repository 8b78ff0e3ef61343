"""Which saves are worth a look, and what is said where nobody tells of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.inside import opened
from support.project import Project
from watchfiles import Change

from chargen.actions import watch
from chargen.actions.watch import MOST, Look, State, Watched, changes, look
from chargen.cli.watch import _lines
from chargen.errors import StartError
from chargen.model.values import EntryId
from chargen.plan.build_request import BuildRequest


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


def test_images_that_go_are_told(book: Project) -> None:
    """An entry that is deleted, a file that is moved away; and those that come back are news again."""
    file = "imagery/chapters/ch01/imagery.yaml"
    text = book.read(file)
    _, state = _look(book, None)
    book.chapter("ch01", {"a": "A lamp."})
    found, state = _look(book, state)
    assert found.gone == ("chapters/ch01/b",)
    (book.root / file).unlink()
    found, state = _look(book, state)
    assert (found.gone, found.changed) == (("chapters/ch01/a",), ())
    assert list(_lines(found, first=False)) == ["not planned any more: chapters/ch01/a", "nothing to send"]
    book.write(file, text)
    found, state = _look(book, state)
    assert (found.gone, len(found.changed)) == ((), 2)
    assert [line.rpartition("  ")[2] for line in _lines(found, first=False)] == ["fresh", "fresh", "nothing to send"]
    assert _look(book, state)[0] == Look()


def test_what_is_edited_while_it_is_built_is_news_after_the_build(book: Project) -> None:
    """What is built as it was asked for is none."""
    _, before = _look(book, None)
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lantern.")
    _, edited = _look(book, before)
    names = [EntryId("chapters/ch01/a")]
    assert [item.image.id for item in _look(book, before.with_images(edited, names))[0].changed] == names
    assert _look(book, edited.with_images(before, names))[0].changed


def test_more_changes_than_are_explained_are_counted_and_the_first_look_tells_why(book: Project) -> None:
    """A style that changed concerns the whole book."""
    book.chapter("ch02", {f"i{number}": f"Picture {number}." for number in range(MOST)})
    _, state = _look(book, None)
    book.edit("pyproject.toml", "[tool.chargen]", '[tool.chargen]\nstyle_prefix = "Ink."')
    found, _ = _look(book, state)
    assert (len(found.changed), found.more) == (MOST, 2)
    assert "and 2 more images, as `chargen plan` tells" in list(_lines(found, first=False))
    first, _ = _look(book, None)
    assert any("style prefix added" in line for line in _lines(first, first=True))


def _look(book: Project, before: State | None) -> tuple[Look, State]:
    with opened(book, read_only=True) as (session, _):
        return look(session, BuildRequest(), before)


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
