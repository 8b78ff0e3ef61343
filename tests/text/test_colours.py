"""Colours go into prompts as words and into storyboards as numbers."""

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.text.colours import COLOURS, FIRST, NAMES, NEWEST, ColourNames, colour_hex, is_number


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
    assert FIRST.name(written) == name


@pytest.mark.parametrize(
    ("written", "first", "name"),
    [
        ("#F4F1EA", "ice blue", "warm white"),
        ("#F7F3EA", "ice blue", "warm white"),
        ("#4B3B57", "charcoal", "dark plum"),
        ("#E2612F", "terracotta", "persimmon"),
        ("#A9C6C4", "silver", "glacier blue"),
        ("#1D6B45", "forest green", "lawn green"),
        ("#F0F8FF", "ice blue", "cool white"),
        ("#708090", "slate grey", "slate grey"),
        ("#000", "black", "black"),
        ("#F4F1EA salt white", "salt white", "salt white"),
        ("salt white (#F4F1EA)", "salt white", "salt white"),
        ("rgb(226, 97, 47)", "rgb", "persimmon"),
        ("RGB(88.6% 38% 18.4% / 50%)", "RGB", "persimmon"),
        ("rgba(226 97 47 / .5) sash", "rgba sash", "sash"),
        ("hsl(17 76% 54%)", "hsl", "persimmon"),
        ("hsla(-343deg, 76%, 54%, 1)", "hsla", "persimmon"),
        ("rgb(999, -4, 0)", "rgb", "scarlet"),
        ("rgb(1, 2)", "rgb", ""),
    ],
)
def test_the_newest_form_has_more_names_and_reads_functions(written, first, name):
    """What the first form makes of it never changes: pictures were made of it."""
    assert (FIRST.name(written), NEWEST.name(written)) == (first, name)


@pytest.mark.parametrize(
    ("written", "number"),
    [("#fff", True), ("8B0000", True), ("hsl(1 2% 3%)", True), ("#fff snow", False), ("rust", False)],
)
def test_a_number_is_told_from_a_name(written, number):
    """What stands beside a number names it."""
    assert is_number(written) is number


def test_tables_are_what_pictures_were_made_of():
    """A changed name or number re-buys images: a better table is a new form."""
    digests = [hashlib.sha256(json.dumps(dict(table)).encode()).hexdigest()[:16] for table in (COLOURS, NAMES)]
    assert digests == ["cb14d09530e4758a", "37eda83c136cb7b9"]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("#ABC", "#aabbcc"),
        ("slate gray roofs", "#708090"),
        ("obsidian black", "#000000"),
        ("silver-grey", "#808080"),
        ("sorrow", None),
        ("rgb(255 0 0)", "#ff0000"),
        ("lawn green hedge", "#1d6b45"),
    ],
)
def test_words_become_a_number_where_they_name_a_colour(written, number):
    """The longest known name counts, of equal ones the last."""
    assert colour_hex(written) == number


BOTH = pytest.mark.parametrize("names", [FIRST, NEWEST], ids=["first", "newest"])


@BOTH
@given(value=st.integers(0, 0xFFFFFF))
def test_no_number_ever_leaves_as_a_name(names: ColourNames, value: int):
    """Every number has a name of the table, and it holds no digit."""
    assert re.search(r"[0-9#]", names.name(f"#{value:06x}")) is None


@BOTH
def test_every_name_is_nearest_to_its_own_number(names: ColourNames):
    """No colour of the table is hidden behind another."""
    assert {name: names.nearest(number) for name, number in names.table.items()} == {name: name for name in names.table}
