"""Text for people: columns, wrapping, amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.cli.output import RED, styled
from chargen.cli.tables import cells, columns, counts, plural, wrap
from chargen.text.money import cost_text, estimate_text


def test_columns_line_up_and_empty_ones_fall_away() -> None:
    """Cells are padded to the widest, prices flush right, nothing at the end of a line."""
    rows = [("a", "", "$0.10", "x"), ("bbb", "", "$12.00", "")]
    assert columns(rows, right=frozenset({2})) == ["a     $0.10  x", "bbb  $12.00"]
    assert columns([]) == []


def test_colours_and_combining_marks_take_no_room_and_wide_characters_two() -> None:
    """Columns line up on a terminal, not in code points."""
    assert cells(styled("red", RED)) == 3
    assert cells("e\u0301") == 1
    assert columns([("猫", "|"), ("abc", "|")]) == ["猫   |", "abc  |"]


@given(st.text(alphabet="ab 猫", max_size=60), st.integers(4, 20))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    """Joined again the pieces are the text; only a single word may be wider."""
    pieces = wrap(text, width)
    assert " ".join(pieces) == text
    assert all(cells(piece) <= width or " " not in piece.strip() for piece in pieces)


@pytest.mark.parametrize(
    ("amount", "cost", "estimate"),
    [
        (None, "unknown cost", "unknown cost"),
        ("0", "$0.00", "$0.00"),
        ("0.042", "$0.042", "$0.042"),
        ("0.0400001", "$0.04", "$0.041"),
        ("0.071134", "$0.0711", "$0.072"),
        ("0.00123456", "$0.00123", "$0.002"),
        ("1.5", "$1.50", "$1.50"),
        ("1234.567", "$1,234.57", "$1,234.57"),
    ],
)
def test_amounts(amount: str | None, cost: str, estimate: str) -> None:
    """Two digits, or three that count; an estimate is rounded up; an unknown amount is never 0."""
    value = None if amount is None else Decimal(amount)
    assert (cost_text(value), estimate_text(value)) == (cost, estimate)


def test_counts_and_nouns() -> None:
    """Nothing there is none of; one image, two images."""
    assert counts({"fresh": 1200, "stale": 0, "missing": 2}) == "fresh 1,200, missing 2"
    assert (plural(1, "image"), plural(2, "image")) == ("1 image", "2 images")
