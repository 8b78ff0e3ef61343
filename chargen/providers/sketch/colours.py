"""Colours of a sketch: reading an author's palette, and a theme whose text is legible on any of them.

Laws: pure; every ink of a theme has a WCAG contrast of at least 4.5 with each ground it may stand on, lines included.
Must not know: fonts, layout, requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct
from PIL import ImageColor

from chargen.text.colours import colour_hex, linear

RGB: TypeAlias = "tuple[int, int, int]"

LEGIBLE = 4.5
"""Least contrast of text, from WCAG 2.2, success criterion 1.4.3."""

BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)
_PAPER: RGB = (251, 250, 247)
_INK: RGB = (24, 27, 34)
_NEUTRAL: RGB = (92, 104, 120)


class Swatch(Struct, frozen=True):
    """One colour of the palette: as the author wrote it, its value if it could be read, and the ink legible on it."""

    name: str
    fill: RGB
    ink: RGB
    known: bool


class Theme(Struct, frozen=True):
    """The colours of one card. `ink` and `muted` are legible on `paper` and on `line`; `on_accent` on `accent`."""

    paper: RGB
    line: RGB
    ink: RGB
    muted: RGB
    accent: RGB
    on_accent: RGB
    swatches: tuple[Swatch, ...]


def luminance(colour: RGB) -> float:
    """Compute the relative luminance of WCAG 2.2, 0 (black) to 1 (white)."""
    red, green, blue = (linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: RGB, other: RGB) -> float:
    """Compute the contrast ratio of WCAG 2.2, 1 to 21."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Move from `one` towards `other` by `share`, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def ink_on(ground: RGB) -> RGB:
    """Choose black or white, whichever stands out more; the worse ground there is still gives 4.58."""
    return max((BLACK, WHITE), key=lambda ink: contrast(ink, ground))


def legible(ink: RGB, grounds: Iterable[RGB]) -> RGB:
    """Darken `ink` just as far as it takes to be legible on every one of these light grounds."""
    grounds = tuple(grounds)
    for step in range(20):
        candidate = mix(ink, BLACK, step / 20)
        if all(contrast(candidate, ground) >= LEGIBLE for ground in grounds):
            return candidate
    return BLACK


def parse(text: str) -> RGB | None:
    """Read a colour as authors write it, as a number or in words; None where the words name none of the table."""
    number = colour_hex(text)
    return ImageColor.getrgb(number)[:3] if number else None


@lru_cache(maxsize=256)
def theme(colours: tuple[str, ...]) -> Theme:
    """Make the theme of a palette; the strongest readable colour is the accent and tints the paper."""
    read = [(name, parse(name)) for name in dict.fromkeys(colours) if name.strip()]
    known = [value for _, value in read if value is not None]
    first = known[0] if known else _NEUTRAL
    accent = max(known[:8], key=_strength) if known else _NEUTRAL
    paper = mix(_PAPER, accent, 0.05)
    while luminance(paper) < 0.75:  # a black palette must still leave light paper
        paper = mix(paper, WHITE, 0.3)
    line = mix(paper, mix(_INK, first, 0.5), 0.14)
    swatches = tuple(
        Swatch(name, value or line, ink_on(value or line), known=value is not None) for name, value in read
    )
    grounds = (paper, line)
    return Theme(
        paper=paper,
        line=line,
        ink=legible(mix(_INK, first, 0.06), grounds),
        muted=legible((104, 108, 116), grounds),
        accent=accent,
        on_accent=ink_on(accent),
        swatches=swatches,
    )


def _strength(colour: RGB) -> float:
    return (max(colour) - min(colour)) * (1 - abs(luminance(colour) - 0.25))
