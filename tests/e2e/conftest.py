"""What the end-to-end tests share: a loopback vendor, and processes that start quickly."""

from collections.abc import Iterator

import pytest
from servers.openai_server import OpenAIServer
from support.forks import Forks


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Real processes, forked from one that has imported what is slow."""
    with Forks() as server:
        yield server


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    """A loopback OpenAI that counts what it is asked."""
    with OpenAIServer() as server:
        yield server
