"""What the end-to-end tests share: a loopback vendor."""

from collections.abc import Iterator

import pytest
from servers.openai_server import OpenAIServer


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    """A loopback OpenAI that counts what it is asked."""
    with OpenAIServer() as server:
        yield server
