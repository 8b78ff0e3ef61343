"""How far one has to look to follow one image: the files and functions of the program that are entered for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from support.project import Project

import chargen
from chargen import kinds
from chargen.build.opening import open_build
from chargen.providers.sketch import SketchProvider

ROOT = f"{Path(chargen.__file__).parent}/"
ALL = (140, 948)
"""Files and functions for planning and building an image with its portrait, and for what a run does around it."""
BUILDING = (78, 505)
"""Those of the building alone, the drawing of the two sketches among them."""
WITHOUT_DRAWING = (69, 440)
"""Those of the building, what a sketch is drawn with left out: another provider has its request and its reply there."""


class Entered:
    """The functions of the program that are called in the block, by file; bodies of classes and the like left out."""

    def __init__(self) -> None:
        self.functions: set[tuple[str, str]] = set()

    def __enter__(self) -> Entered:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        is_function = code.co_flags & CO_OPTIMIZED and not code.co_name.startswith("<")
        if event == "call" and is_function and code.co_filename.startswith(ROOT):
            self.functions.add((code.co_filename, code.co_qualname))

    @property
    def count(self) -> tuple[int, int]:
        return len({file for file, _ in self.functions}), len(self.functions)


@pytest.fixture
def book(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.character("alice", "A girl with a lamp.")
    made.chapter("ch01", {"a": "A lamp on a table."}, entry="depicts_characters: [alice]")
    return made


def test_an_image_with_its_portrait_is_built_along_a_short_path(book: Project) -> None:
    """The bounds are near what is measured alone: what other tests left in caches is not entered again."""
    whole, building = Entered(), Entered()
    with whole:
        build = open_build(book.root, environ={})
    with building:
        assert [build.build(image.id) for image in build.chosen] == [None, None]
    build.close()
    whole.functions |= building.functions
    assert len(build.done) == 2
    undrawn = Entered()
    undrawn.functions = {item for item in building.functions if "/providers/sketch/" not in item[0]}
    for entered, (files, functions) in ((whole, ALL), (building, BUILDING), (undrawn, WITHOUT_DRAWING)):
        assert files // 2 < entered.count[0] <= files
        assert functions // 2 < entered.count[1] <= functions


def test_everything_is_asked_once(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is adapted and checked once in the plan and once at the send; its entry is read once."""
    calls: dict[str, int] = {}

    def counted(place: Any, name: str) -> None:
        plain: Callable[..., Any] = getattr(place, name)

        def call(*given: Any, **named: Any) -> Any:
            calls[name] = calls.get(name, 0) + 1
            return plain(*given, **named)

        monkeypatch.setattr(place, name, call)

    counted(SketchProvider, "adapt")
    counted(SketchProvider, "check")
    counted(kinds, "scan")
    build = open_build(book.root, environ={})
    for image in build.chosen:
        assert build.build(image.id) is None
    build.close()
    assert calls == {"adapt": 4, "check": 4, "scan": 2}
