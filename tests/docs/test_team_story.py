"""The story in docs/team.md happens as it is told, on a server that speaks S3."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.story import author, tell


@pytest.mark.servers
def test_a_team_and_ci_share_one_bucket(tmp_path: Path, forks: Forks) -> None:
    """Every command prints what the page shows; two pictures, a portrait and one answer to a rejection are bought."""
    with ObjectStore("ministack") as store, OpenAIServer() as vendor:
        shell = author(tmp_path, forks, **store.environ, **vendor.environ)
        tell("team.md", shell)
        assert len(vendor.requests) == 4
        for name in ("book", "ben", "ci"):
            assert len(list((tmp_path / name / "generated").rglob("*.png"))) == 3
