"""Pictures that were there before, models that change: nothing is generated over the one or because of the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import pictures
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
PACE = "[tool.chargen.providers.openai]\nper_minute = 6000\n"


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer) -> Project:
    """A chapter of two images, nothing built."""
    made = Project(tmp_path, PACE, env=openai.environ)
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route=PAID)
    return made


def _plan(forks: Forks, book: Project) -> dict[str, str]:
    run = forks.run(book, "chargen", "plan", "--json")
    assert run.code == 0, run.all
    return {image["id"]: image["verdict"] for image in run.json["images"]}


def test_a_picture_at_the_target_is_adopted(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """It is listed, taken under today's inputs without a call, and stale only when its prompt is edited after that."""
    drawn = pictures.png(128, 96, 7, 0)
    book.write("generated/chapters/ch01/a.png", drawn)
    assert _plan(forks, book) == {"chapters/ch01/a": "unrecorded", "chapters/ch01/b": "missing"}
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert "chapters/ch01/a  adopted" in run.out
    assert book.image("chapters/ch01/a").read_bytes() == drawn
    assert [seen.prompt for seen in openai.requests] == ["A door."]
    assert _plan(forks, book) == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "fresh"}

    book.edit(CH01, "A lamp.", "A candle.")
    assert forks.run(book, "doit").code == 0
    assert [seen.prompt for seen in openai.requests] == ["A door.", "A candle."]
    kept = [path.read_bytes() for path in book.root.glob(".chargen/history/chapters/ch01/a/*.png")]
    assert kept == [drawn], "what was drawn by hand is in the history"


def test_a_picture_where_file_path_points_is_taken_as_it_is(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """It is listed, left alone and never generated over or beside, with `--rebuild` not either."""
    drawn = pictures.png(128, 96, 7, 0)
    book.write("art/lamp.png", drawn)
    book.edit(CH01, "    file_path: null", "    file_path: art/lamp.png")
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert "unrecorded: chapters/ch01/a" in run.out
    forks.run(book, "doit", "-a", "chapters/ch01/a")
    assert (book.root / "art/lamp.png").read_bytes() == drawn
    assert not book.image("chapters/ch01/a").exists()
    assert [seen.prompt for seen in openai.requests] == ["A door."]


def test_a_changed_model_is_drift_and_rebuilds_nothing(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Other `generation_defaults`, another route, another quality: marked in the plan, and nothing is sent."""
    assert forks.run(book, "doit").code == 0
    book.edit(CH01, "gpt-image-2.6-flare}", "gpt-image-2.5-flare, quality: low}")
    short = forks.run(book, "chargen", "plan").out
    assert (
        "made by another provider, model or quality than declared now, and kept: chapters/ch01/a, chapters/ch01/b"
        in short
    )
    shown = forks.run(book, "chargen", "plan", "--all")
    assert "model was `gpt-image-2.6-flare`, is `gpt-image-2.5-flare`" in shown.out
    assert set(_plan(forks, book).values()) == {"fresh"}
    book.settings(PACE + '[tool.chargen.routes]\n"openai/*" = "google/gemini-nano-banana-2.1"\n')
    assert "provider was `openai`, is `google`" in forks.run(book, "chargen", "plan", "--all").out
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 2


@pytest.mark.parametrize(("named", "expected"), [("model", 4), ("quality", 4), ("provider", 2)])
def test_drift_that_is_named_rebuilds(
    named: str, expected: int, book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """`rebuild_on` makes the drift it names a reason to rebuild, once, and no other."""
    book.edit(CH01, "gpt-image-2.6-flare}", "gpt-image-2.6-flare, quality: high}")
    assert forks.run(book, "doit").code == 0
    book.settings(f'rebuild_on = ["{named}"]\n{PACE}')
    book.edit(CH01, "gpt-image-2.6-flare, quality: high}", "gpt-image-2.5-flare, quality: low}")
    for _ in range(2):
        run = forks.run(book, "doit")
        assert run.code == 0, run.all
    assert len(openai.requests) == expected
    if expected > 2:
        assert openai.requests[-1].model == "gpt-image-2.5-flare"
    assert set(_plan(forks, book).values()) == {"fresh"}


def test_a_dead_model_fails_no_image_that_exists(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Its pictures stay fresh; only what has to be built is blocked, and a route brings that back."""
    assert forks.run(book, "doit").code == 0
    book.edit(CH01, "model: gpt-image-2.6-flare", "model: dall-e-3")
    book.edit(CH01, "A door.", "A gate.")
    book.env = {name: value for name, value in book.env.items() if name != "OPENAI_BASE_URL"}
    assert _plan(forks, book) == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "blocked"}
    run = forks.run(book, "doit")
    assert run.code == 1
    assert "dall-e-3" in run.out
    book.env |= openai.environ
    book.settings(PACE + f'[tool.chargen.routes]\n"openai/dall-e-3" = "{PAID}"\n')
    assert forks.run(book, "doit").code == 0
    assert [seen.prompt for seen in openai.requests][2:] == ["A gate."]
