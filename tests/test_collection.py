"""What a run of the whole suite collects."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    folders = {part for file in TESTS.rglob("test_*.py") for part in file.relative_to(TESTS).parts[:-1]}
    passed_over = pytestconfig.getini("norecursedirs")
    assert "build" in folders
    assert [name for name in folders if any(fnmatch(name, pattern) for pattern in passed_over)] == []


def test_no_two_files_of_tests_have_one_name() -> None:
    """They would be one module to Python, and the second is an error."""
    names = [file.name for file in TESTS.rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
