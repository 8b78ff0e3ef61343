"""What the tests of actions share: a small book that was built."""

from pathlib import Path

import pytest
from support.inside import build
from support.project import Project


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """Two images, built."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    assert build(made, "chargen batch all") == 0
    return made
