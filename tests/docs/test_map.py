"""The map of the house is true: what `CONTRIBUTING.md` and `docs/design.md` name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project import REPOSITORY

from chargen.config import layout

TOPS = ("chargen", "tests", "docs", "bench", "proof")
MAPS = ("CONTRIBUTING.md", "docs/design.md")
PATH = re.compile(r"`(\w+/[\w./]*|\w+\.py)`")
"""A file or a folder: from the top, from `chargen/`, or a file's bare name."""
NAMED_IN = re.compile(r"`([A-Za-z_][\w.]*)`(?: and `([A-Za-z_]\w*)`)? in `([\w/]+\.py)`")


def _files() -> set[str]:
    below = (path for top in TOPS for path in (REPOSITORY / top).rglob("*"))
    return {path.relative_to(REPOSITORY).as_posix() for path in (*below, *REPOSITORY.glob("*.py"))}


@pytest.mark.parametrize("page", MAPS)
def test_every_place_it_names_is_there(page: str) -> None:
    """Paths from the top or from `chargen/`; a bare file name is that of a file. Folders of a project are not meant."""
    files = _files()
    names = {Path(file).name for file in files}
    rooms = {file.split("/")[1] for file in files if file.startswith("chargen/")} | {*TOPS}
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    named = {match[1].rstrip("/") for match in PATH.finditer(text)}
    paths = {path for path in named if "/" in path and path.split("/")[0] in rooms}
    assert len(paths) > 20
    assert {path for path in paths if path not in files and f"chargen/{path}" not in files} == set()
    assert {name for name in named if name.endswith(".py") and "/" not in name} <= names


def test_the_page_on_what_is_kept_names_all_of_it() -> None:
    """Everything in the program's own folder: `layout.py` holds the names, `docs/reliability.md` says what each is."""
    text = (REPOSITORY / "docs/reliability.md").read_text(encoding="utf-8")
    kept = {value.removeprefix(f"{layout.STATE}/") for name, value in vars(layout).items() if name.isupper()}
    assert len(kept) > 12
    assert {name for name in kept - {layout.STATE} if f"`{name}`" not in text and f"`{name}/`" not in text} == set()


def test_what_is_said_to_be_in_a_file_is_in_it() -> None:
    """Of `name` in `file.py`: every part of the name is defined there."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = list(NAMED_IN.finditer(text))
    assert len(found) > 8
    for match in found:
        first, second, file = match.groups()
        code = (REPOSITORY / file).read_text(encoding="utf-8")
        for part in (*first.split("."), *([second] if second else [])):
            assert re.search(rf"(?:def|class) {part}\b|^{part}\b", code, re.MULTILINE), (part, file)
