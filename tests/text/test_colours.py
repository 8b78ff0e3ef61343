"""Colours go into prompts as words and into storyboards as numbers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.text.colours import COLOURS, colour_hex, colour_name, nearest_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("#708090", "slate grey"),
        ("#1A1A2E", "night blue"),
        ("#fff", "white"),
        ("#DAA520ff", "goldenrod"),
        ("8B0000", "dark red"),
        ("limestone cream (walls)", "limestone cream"),
        ("rust #B03F10", "rust"),
        ("#FFD700 (the crown)", "gold"),
        ("moss [north side] green", "moss green"),
        ("facade", "facade"),
        ("(only an aside)", ""),
        ("  ", ""),
    ],
)
def test_a_colour_becomes_words(written, name):
    """Numbers become the nearest name, words stay without their asides."""
    assert colour_name(written) == name


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("#ABC", "#aabbcc"),
        ("slate gray roofs", "#708090"),
        ("obsidian black", "#000000"),
        ("silver-grey", "#808080"),
        ("sorrow", None),
    ],
)
def test_words_become_a_number_where_they_name_a_colour(written, number):
    """The longest known name counts, of equal ones the last."""
    assert colour_hex(written) == number


@given(st.integers(0, 0xFFFFFF))
def test_no_number_ever_leaves_as_a_name(value):
    """Every number has a name of the table, and it holds no digit."""
    assert re.search(r"[0-9#]", colour_name(f"#{value:06x}")) is None


def test_every_name_is_nearest_to_its_own_number():
    """No colour of the table is hidden behind another."""
    assert {name: nearest_name(number) for name, number in COLOURS.items()} == {name: name for name in COLOURS}
