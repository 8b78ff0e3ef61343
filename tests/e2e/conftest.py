"""What the end-to-end tests share: a loopback vendor, and a team beside a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer
from support.team import Team


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    """A loopback OpenAI that counts what it is asked."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A loopback S3 that keeps its word."""
    with ObjectStore("ministack") as store:
        yield store


@pytest.fixture
def team(tmp_path: Path, object_store: ObjectStore, openai: OpenAIServer) -> Team:
    """Clones of one book with a prefix of their own in that store."""
    return Team(tmp_path, object_store, openai)
