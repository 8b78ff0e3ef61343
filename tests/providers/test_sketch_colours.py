"""Palettes become themes whose text is legible, whatever the author wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.providers.sketch.colours import BLACK, LEGIBLE, WHITE, contrast, ink_on, legible, luminance, parse, theme

channels = st.integers(0, 255)
colours = st.tuples(channels, channels, channels)
palettes = st.lists(
    st.one_of(colours.map(lambda c: "#{:02x}{:02x}{:02x}".format(*c)), st.text(max_size=20)), max_size=9
)


def test_contrast_of_known_pairs() -> None:
    """The formula gives the values published for these pairs."""
    assert contrast(BLACK, WHITE) == pytest.approx(21.0)
    assert contrast(WHITE, WHITE) == pytest.approx(1.0)
    assert contrast((0x76, 0x76, 0x76), WHITE) == pytest.approx(4.54, abs=0.01)
    assert luminance((255, 0, 0)) == pytest.approx(0.2126)


@given(colours)
def test_ink_on_any_ground_is_legible(ground: tuple[int, int, int]) -> None:
    """Black or white always stands out enough."""
    assert contrast(ink_on(ground), ground) >= LEGIBLE


@given(colours, st.tuples(*[st.integers(190, 255)] * 3))
def test_legible_darkens_only_as_needed(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    """Any ink becomes legible on light ground, and one that already was stays as it is."""
    found = legible(ink, (ground, WHITE))
    assert contrast(found, ground) >= LEGIBLE
    assert luminance(found) <= luminance(ink)
    if contrast(ink, ground) >= LEGIBLE and contrast(ink, WHITE) >= LEGIBLE and luminance(ink) < luminance(ground):
        assert found == ink


@given(palettes)
def test_every_theme_is_legible(palette: list[str]) -> None:
    """Each ink keeps its contrast on paper, lines, accent and swatches."""
    found = theme(tuple(palette))
    for ink in (found.ink, found.muted):
        assert contrast(ink, found.paper) >= LEGIBLE
        assert contrast(ink, found.line) >= LEGIBLE
    assert contrast(found.on_accent, found.accent) >= LEGIBLE
    assert all(contrast(swatch.ink, swatch.fill) >= LEGIBLE for swatch in found.swatches)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#1a2B3c", (0x1A, 0x2B, 0x3C)),
        ("iron grey #abc", (0xAA, 0xBB, 0xCC)),
        ("granite grey (wall)", (0x67, 0x67, 0x67)),
        ("no such thing", None),
        ("(red)", None),
        ("", None),
    ],
)
def test_reading_colours(text: str, expected: tuple[int, int, int] | None) -> None:
    """A number wins, then the words of the one table; remarks in brackets don't count."""
    assert parse(text) == expected


def test_swatches_keep_the_authors_words_and_order() -> None:
    """Doubles vanish; a colour nobody can read is shown as its words."""
    found = theme(("rust", "#102030", "rust", " ", "the sound of rain"))
    assert [(swatch.name, swatch.known) for swatch in found.swatches] == [
        ("rust", True),
        ("#102030", True),
        ("the sound of rain", False),
    ]


def test_legible_stops_soon_enough() -> None:
    """A pale ink becomes a dark one of its own hue, not black."""
    found = legible((150, 170, 150), (WHITE,))
    assert LEGIBLE <= contrast(found, WHITE) < 6
    assert found[1] > found[0]
