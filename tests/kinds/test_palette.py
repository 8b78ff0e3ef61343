"""Palettes: an author's own names for numbers, wherever they stand."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("palette", "words"),
    [
        ('{accent: {persimmon: "#E2612F", slate_blue: "#5c6f8c"}}', "persimmon, slate blue"),
        ('{accent: [{persimmon: "#E2612F"}, {name: soot, hex: "#2a2a2b"}]}', "persimmon, soot"),
        ('{persimmon: "#E2612F", salt white: "rgb(244, 241, 234)"}', "persimmon, salt white"),
        ('{primary: "#E2612F", accent: "#F4F1EA"}', "persimmon, warm white"),
        ('{accent: {main: "#E2612F", shadow: "#4B3B57", colour1: "#F4F1EA"}}', "persimmon, dark plum, warm white"),
        ('["#F4F1EA salt white", "hsl(17 76% 54%)", "#111111 - pips"]', "salt white, persimmon, pips"),
        ("{accent: {persimmon: wet vermilion}}", "wet vermilion"),
    ],
)
def test_a_name_beside_a_number_is_its_name(scan, palette, words):
    """A key that says what a colour is for names nothing; the numbers go to the storyboard."""
    text = f"metadata: {{slug: s, color_palette: {palette}}}\nimages: [{{custom_id: a, prompt_used: x}}]\n"
    (entry,) = scan(text).entries
    assert entry.always[0] == f"Palette: {words}."
    assert len(entry.colours) == len(words.split(", "))
