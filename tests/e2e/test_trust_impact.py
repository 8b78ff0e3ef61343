"""`chargen impact`: every image that something feeds, through chains, with what stays and what rebuilding costs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project, Run

PAID = "openai/gpt-image-2.6-flare"
PORTRAIT = "characters/alice/alice-portrait"


SETTINGS = "[tool.chargen.providers.openai]\nper_minute = 6000\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """A portrait shown by two images, one of which is approved; a location; a chapter without anybody."""
    with OpenAIServer() as server:
        made = Project(tmp_path_factory.mktemp("built"), SETTINGS, env=server.environ)
        made.character("alice", "A girl.", route=PAID)
        made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [alice]", route=PAID)
        made.chapter("ch02", {"c": "A cat."}, route="sketch/sketch")
        made.write(
            "imagery/locations/inn/imagery.yaml",
            "metadata: {entity_type: location-imagery, slug: inn, generation_defaults: {provider: sketch}}"
            '\noverview: {slug: yard, prompt_used: "A yard.", size: "96x64"}\nzones: []\n',
        )
        _ok(forks.run(made, "doit"))
    made.edit("imagery/chapters/ch01/imagery.yaml", '    size: "128x96"', '    size: "128x96"\n    status: approved')
    return made.root


@pytest.fixture
def book(tmp_path: Path, built: Path, openai: OpenAIServer) -> Project:
    """A copy of the built project, whose vendor has seen nothing yet."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path, SETTINGS, env=openai.environ)


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _impact(forks: Forks, book: Project, what: str) -> dict[str, Any]:
    return _ok(forks.run(book, "chargen", "impact", what, "--json")).json


def _ids(found: dict[str, Any]) -> list[str]:
    return [image["id"] for image in found["images"]]


def test_a_character_reaches_its_portrait_and_all_that_show_it(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Slug and file mean the same; approved images stay; the price is that of what a change then really sends."""
    found = _impact(forks, book, "alice")
    assert _ids(found) == [PORTRAIT, "chapters/ch01/a", "chapters/ch01/b"]
    assert (found["locked"], found["rebuilds"]) == (1, 2)
    assert _ids(_impact(forks, book, "imagery/characters/alice/imagery.yaml")) == _ids(found)
    text = _ok(forks.run(book, "chargen", "impact", "alice")).out
    assert "the character alice feeds 3 images: fresh 2, locked 1" in text
    assert "1 approved or locked" in text
    sent = len(openai.requests)
    book.edit("imagery/characters/alice/imagery.yaml", "A girl.", "A boy.")
    assert _impact(forks, book, "alice")["cost_usd"] == pytest.approx(found["cost_usd"], rel=0.05)
    plan = _ok(forks.run(book, "chargen", "plan", "--json")).json
    assert plan["cost_usd"] == pytest.approx(found["cost_usd"], rel=0.05)
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) - sent == found["rebuilds"]


def test_an_image_reaches_itself_and_those_that_show_it(book: Project, forks: Forks) -> None:
    """A portrait named by its id or target: its users are reached through it."""
    for name in (PORTRAIT, f"generated/{PORTRAIT}.png"):
        found = _impact(forks, book, name)
        assert [image["through"] for image in found["images"]] == [None, PORTRAIT, PORTRAIT]
    assert _ids(_impact(forks, book, "chapters/ch01/a")) == ["chapters/ch01/a"]


def test_a_template_reaches_the_kinds_that_use_it_also_by_include_and_extends(book: Project, forks: Forks) -> None:
    """The character template reaches chapters through the portrait; an included one whoever includes it."""
    found = _impact(forks, book, "prompts/character.txt.j2")
    assert {image["id"]: image["through"] for image in found["images"]} == {
        PORTRAIT: None,
        "chapters/ch01/a": PORTRAIT,
        "chapters/ch01/b": PORTRAIT,
    }
    book.write("prompts/frame.txt.j2", "{% block words %}{% endblock %}\n")
    book.write("prompts/tail.txt.j2", "No letters.\n")
    book.write("prompts/location.txt.j2", "{% include 'tail.txt.j2' %}\n{{ prompt }}\n")
    book.write("prompts/chapter.txt.j2", "{% extends 'frame.txt.j2' %}{% block words %}{{ prompt }}{% endblock %}\n")
    assert _ids(_impact(forks, book, "prompts/tail.txt.j2")) == ["locations/inn/yard"]
    expected = ["chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"]
    assert _ids(_impact(forks, book, "frame.txt.j2")) == expected
    book.write("prompts/location.txt.j2", "{% set name = 'tail' ~ '.txt.j2' %}{% include name %}\n{{ prompt }}\n")
    assert "locations/inn/yard" in _ids(_impact(forks, book, "prompts/frame.txt.j2")), "a computed name may be any"


def test_a_locked_portrait_passes_nothing_on(book: Project, forks: Forks) -> None:
    """Through a portrait that stays as it is, nothing is rebuilt."""
    book.edit("imagery/characters/alice/imagery.yaml", "    is_ref", "    status: locked\n    is_ref")
    found = _impact(forks, book, "prompts/character.txt.j2")
    assert found["rebuilds"] == 0
    assert found["cost_usd"] == 0
    assert "a change rebuilds none of them" in _ok(forks.run(book, "chargen", "impact", PORTRAIT)).out


def test_a_location_a_chapter_and_a_picture(book: Project, forks: Forks) -> None:
    """A location's and a chapter's slug mean their own images; a picture those that send it along."""
    assert _ids(_impact(forks, book, "inn")) == ["locations/inn/yard"]
    assert _ids(_impact(forks, book, "ch02")) == ["chapters/ch02/c"]
    book.write("imagery/characters/bill/face.png", book.image(PORTRAIT).read_bytes())
    book.write(
        "imagery/characters/bill/imagery.yaml",
        "entity_type: character\nslug: bill\nimage_inventory:\n"
        "  - {id: face, path: face.png, is_reference_portrait: true}\n",
    )
    book.edit("imagery/chapters/ch02/imagery.yaml", '    size: "', '    depicts_characters: [bill]\n    size: "')
    assert _ids(_impact(forks, book, "imagery/characters/bill/face.png")) == ["chapters/ch02/c"]
    run = _ok(book.chargen("impact", "face.png", "--json", cwd="imagery/characters/bill"))
    assert _ids(run.json) == ["chapters/ch02/c"]


def test_what_is_nothing_of_the_project_is_an_error_with_a_suggestion(book: Project, forks: Forks) -> None:
    """Exit 3 and the nearest slug."""
    run = forks.run(book, "chargen", "impact", "alcie")
    assert (run.code, run.out) == (3, "")
    assert "`alcie` is no image, slug, imagery file, picture or template of this project" in run.err
    assert "did you mean `alice`?" in run.err
