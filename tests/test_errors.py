"""Positions and problems as text: a hostile name is one line, and stays readable."""

from __future__ import annotations

import pytest

from chargen.errors import Position, StartError, error


@pytest.mark.parametrize(
    ("name", "shown"),
    [("imagery/ch01.yaml", "imagery/ch01.yaml"), ("a\nb", "a\\nb"), ("a\x1b[31m", "a\\x1b[31m"), ("é/π", "é/π")],
)
def test_a_name_never_ends_a_line_or_steers_a_terminal(name: str, shown: str) -> None:
    """In a place as in a message, also where several problems are told at once."""
    problem = error(f"`{name}` is odd", Position(name, 2, 3), "do this")
    assert str(problem) == f"{shown}:2:3: error: `{shown}` is odd\n  hint: do this"
    assert str(Position(name)) == shown
    assert len(str(StartError([problem, problem])).splitlines()) == 4
