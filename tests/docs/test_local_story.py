"""The story in docs/local.md happens as it is told, against a server that answers as ComfyUI does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from servers.comfyui_server import ComfyUIServer
from support.forks import Forks
from support.project import REPOSITORY
from support.story import author, tell

from chargen.config.settings_table import parse_settings
from chargen.providers import known_providers
from chargen.providers.comfyui.workflow import read_workflow

PAGE = (REPOSITORY / "docs/local.md").read_text(encoding="utf-8")


def test_a_newcomer_comes_from_a_running_server_to_a_built_chapter(tmp_path: Path, forks: Forks) -> None:
    """Every command prints what the page shows, and at the end the chapter is there."""
    with ComfyUIServer(model="dreamshaper_8.safetensors") as server:
        shell = author(tmp_path, forks, **server.environ)
        tell("local.md", shell)
        assert len(list((shell.folder / "generated/chapters/ch01").glob("*.png"))) == 2
        assert len(set(server.ids)) == len(server.queued)


def test_every_setting_that_the_page_shows_is_one() -> None:
    """Each block of settings is read without a complaint."""
    shown = re.findall(r"(?ms)^```toml\n(.*?)^```", PAGE)
    assert len(shown) >= 3
    for text in shown:
        table = tomllib.loads(text)["tool"]["chargen"]
        parse_settings(table, text, "pyproject.toml", known_providers=known_providers())


def test_the_nodes_that_the_page_shows_are_bound() -> None:
    """A workflow of the starter with these nodes takes two references, and nothing is wrong with it."""
    [shown] = re.findall(r"(?ms)^```json\n(.*?)^```", PAGE)
    starter = json.loads((REPOSITORY / "chargen/providers/comfyui/starter/workflows/comfyui.json").read_text())
    del starter["2"]
    workflow = read_workflow(json.dumps({**starter, **json.loads(shown)}).encode(), "w.json")
    assert workflow.problems == ()
    assert workflow.references == 2
