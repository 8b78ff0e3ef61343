"""A book from a ComfyUI on this machine: real processes against a server that answers as a real one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.comfyui_server import ComfyUIServer
from support import tree
from support.forks import Forks
from support.project import REPOSITORY, Project

WORKFLOW = "workflows/comfyui.json"
ROUTE = f"comfyui/{WORKFLOW}"
STARTER = REPOSITORY / "chargen/providers/comfyui/starter" / WORKFLOW


@pytest.fixture
def server() -> Iterator[ComfyUIServer]:
    with ComfyUIServer() as made:
        yield made


@pytest.fixture
def book(tmp_path: Path, server: ComfyUIServer) -> Project:
    made = Project(tmp_path, env=server.environ)
    made.write(WORKFLOW, STARTER.read_bytes())
    made.chapter("ch01", {"a": "A lamp."}, route=ROUTE)
    return made


def test_an_image_comes_from_the_server(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """Planned at no price, queued once with its prompt, size and a seed, kept as delivered, and fresh afterwards."""
    planned = forks.run(book, "chargen", "plan", "--json").json["images"][0]
    assert (planned["provider"], planned["model"], planned["cost_usd"]) == ("comfyui", WORKFLOW, 0)
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    [sent] = server.queued
    assert server.prompts == ["A lamp."]
    assert sent["prompt"]["4"]["inputs"] == {"width": 128, "height": 96, "batch_size": 1}
    told = book.read("imagery/chapters/ch01/imagery.yaml")
    assert "provider: comfyui" in told
    assert f'request_id: "{sent["prompt_id"]}"' in told
    assert f"seed: {sent['prompt']['5']['inputs']['seed']}" in told
    tree.all_agrees(book, {"chapters/ch01/a"})
    assert forks.run(book, "chargen", "plan", "--json").json["images"][0]["verdict"] == "fresh"
