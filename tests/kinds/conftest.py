"""Scans a text as if it were a file of a project."""

import textwrap

import pytest

from chargen import kinds
from chargen.model.values import Size
from chargen.yaml.document import parse

SQUARE = Size(1024, 1024)


@pytest.fixture
def scan():
    """Return a function from text (indented as one likes) to what was read."""

    def scan_text(text, file="imagery/chapters/ch03/imagery.yaml", default_size=SQUARE, generated="generated"):
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        return kinds.scan(parse(data, file), default_size, generated)

    return scan_text


@pytest.fixture
def told():
    """Return a function from problems to (severity, line, message)."""

    def tell(problems):
        return [(p.severity.value, p.position.line if p.position else 0, p.message) for p in problems]

    return tell
