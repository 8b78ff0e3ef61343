"""Many images that finish at once in one file all get written, whatever the file looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import tree
from support.forks import Forks
from support.project import Project

SETTINGS = "[tool.chargen.providers.sketch]\nworkers = 16\n"
CHAPTER = "imagery/chapters/ch01/imagery.yaml"


def _checked(book: Project, forks: Forks, ids: set[str]) -> None:
    before = tree.yaml_files(book)
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    tree.slots_only(book, before)
    tree.all_agrees(book, ids)
    after = tree.yaml_files(book)
    assert f"fresh {len(ids)}" in forks.run(book, "doit").out
    assert tree.yaml_files(book) == after


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _bom(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.encode()


def _no_final_newline(text: str) -> bytes:
    return text.rstrip("\n").encode()


def _all_three(text: str) -> bytes:
    return b"\xef\xbb\xbf" + _crlf(text.rstrip("\n"))


@pytest.mark.parametrize("form", [str.encode, _crlf, _bom, _no_final_newline, _all_three], ids=lambda f: f.__name__)
def test_forty_images_of_one_chapter_at_once(tmp_path: Path, forks: Forks, form: object) -> None:
    """Forty images, sixteen workers, one file: all slots are in it and nothing else of it changed."""
    book = Project(tmp_path, SETTINGS)
    names = [f"i{number:02}" for number in range(40)]
    book.chapter("ch01", {name: f"The scene {name}." for name in names})
    assert callable(form)
    book.write(CHAPTER, form(book.read(CHAPTER)))
    _checked(book, forks, {f"chapters/ch01/{name}" for name in names})
    data = (book.root / CHAPTER).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") == (form in (_bom, _all_three))
    if form in (_crlf, _all_three):
        assert data.count(b"\r\n") == data.count(b"\n")


@pytest.mark.parametrize("form", [str.encode, _crlf, _bom, _no_final_newline, _all_three], ids=lambda f: f.__name__)
def test_a_location_without_the_lists(tmp_path: Path, forks: Forks, form: object) -> None:
    """Zones and beats with no `generated_images`, an empty one and one with a comment, between banners."""
    book = Project(tmp_path, SETTINGS)
    text = """\
# A garden.
metadata:
  entity_type: location-imagery
  slug: garden
  generation_defaults: {provider: sketch, model: sketch}
overview:
  prompt_used: A walled garden.
  size: 128x96
  generated_images: []  # none yet

# ---- zones ----
zones:
  - slug: gate
    prompt_used: >
      An iron gate,
      half open.
    size: 128x96

  # ---- the pond ----
  - slug: pond
    prompt_used: "A pond: still."
    size: 128x96
    tags: [water,
           dusk]
    # after the pond

  - slug: shed
    images:
      - image_slug: spade
        prompt: A spade.
        size: 128x96
        generated_images:
      - image_slug: rake
        prompt: A rake.
        size: 128x96
beat_images:
  - beat_slug: rain
    prompt_used: Rain.
    size: 128x96
    generated_images: []
"""
    assert callable(form)
    book.write("imagery/locations/garden/imagery.yaml", form(text))
    names = ("overview", "gate", "pond", "spade", "rake", "rain")
    _checked(book, forks, {f"locations/garden/{name}" for name in names})
