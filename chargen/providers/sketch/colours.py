"""Colours of a sketch: reading an author's palette, and a theme whose text is legible on any of them.

Laws: pure; every ink of a theme has a WCAG contrast of at least 4.5 with each ground it may stand on, lines included.
Must not know: fonts, layout, requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from PIL import ImageColor

RGB: TypeAlias = "tuple[int, int, int]"

LEGIBLE = 4.5
"""Least contrast of text, from WCAG 2.2, success criterion 1.4.3."""

BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)
_PAPER: RGB = (251, 250, 247)
_INK: RGB = (24, 27, 34)
_NEUTRAL: RGB = (92, 104, 120)
_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_WORD = re.compile(r"[a-z]+")

_WORDS: dict[str, RGB] = {
    "red": (176, 48, 44), "green": (72, 122, 78), "blue": (50, 92, 150), "yellow": (226, 188, 66),
    "cyan": (72, 160, 172), "magenta": (168, 62, 122), "purple": (104, 66, 130), "orange": (222, 128, 46),
    "pink": (222, 160, 168), "brown": (112, 78, 54), "grey": (128, 130, 132), "gray": (128, 130, 132),
    "black": (26, 26, 28), "white": (246, 245, 241),
    "amber": (217, 142, 34), "ash": (178, 178, 170), "blood": (122, 22, 26), "bone": (227, 218, 201),
    "brass": (181, 150, 68), "brick": (150, 70, 52), "bronze": (140, 105, 58), "burgundy": (110, 24, 42),
    "charcoal": (54, 58, 62), "clay": (176, 112, 82), "cobalt": (30, 72, 160), "copper": (176, 104, 62),
    "cream": (245, 236, 214), "dusk": (96, 88, 124), "earth": (108, 82, 58), "ember": (206, 84, 40),
    "emerald": (20, 130, 88), "fog": (198, 204, 208), "forest": (38, 78, 50), "gold": (201, 160, 60),
    "granite": (122, 124, 126), "graphite": (66, 68, 72), "honey": (222, 166, 62), "ice": (206, 228, 238),
    "iron": (72, 76, 82), "ivory": (244, 240, 224), "jade": (0, 150, 108), "leather": (124, 80, 50),
    "limestone": (216, 206, 184), "moss": (104, 118, 62), "mud": (92, 74, 56), "mustard": (204, 164, 44),
    "night": (22, 28, 52), "oak": (158, 116, 70), "ochre": (196, 132, 48), "parchment": (236, 222, 190),
    "pearl": (232, 228, 220), "pewter": (132, 138, 142), "pine": (42, 84, 68), "plum": (104, 48, 92),
    "rose": (206, 116, 126), "rust": (160, 76, 38), "saffron": (232, 166, 40), "sand": (214, 190, 146),
    "sea": (52, 112, 124), "sepia": (112, 78, 50), "shadow": (44, 46, 54), "sienna": (158, 86, 50),
    "silver": (188, 192, 196), "slate": (92, 104, 120), "smoke": (136, 138, 142), "snow": (240, 244, 247),
    "soot": (40, 38, 38), "steel": (112, 126, 140), "stone": (146, 142, 134), "straw": (222, 200, 132),
    "terracotta": (194, 98, 68), "timber": (140, 102, 64), "umber": (98, 72, 50), "vermilion": (214, 66, 44),
    "walnut": (92, 64, 44), "wheat": (226, 198, 142), "wine": (104, 28, 48), "wood": (146, 108, 70),
}  # fmt: skip
"""What authors call colours, before the CSS names, whose plain ones are those of a screen and not of paint.

The values are this program's own choice, for a swatch only.
"""

_SHADES = {
    "night": 0.55,
    "midnight": 0.6,
    "dark": 0.4,
    "deep": 0.35,
    "pale": -0.5,
    "light": -0.4,
    "soft": -0.25,
    "faded": -0.3,
    "bright": -0.1,
}
"""How far a word darkens (towards black) or, negative, lightens (towards white)."""


@dataclass(frozen=True, slots=True)
class Swatch:
    """One colour of the palette: as the author wrote it, its value if it could be read, and the ink legible on it."""

    name: str
    fill: RGB
    ink: RGB
    known: bool


@dataclass(frozen=True, slots=True)
class Theme:
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

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in colour)
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
    """Read a colour as authors write it: with a hex value anywhere, a CSS name, or a phrase like `deep slate blue`.

    The last colour word of a phrase decides, since English puts the noun last; a remark in brackets is left out.
    """
    found = _HEX.search(text)
    if found:
        return ImageColor.getrgb(found.group())[:3]
    words = _WORD.findall(text.partition("(")[0].lower())
    for end in range(len(words), 0, -1):
        for start in (end - 2, end - 1):
            value = _named("".join(words[max(start, 0) : end]))
            if value is not None:
                return _shaded(value, words[: max(start, 0)])
    return None


def _named(word: str) -> RGB | None:
    if word in _WORDS:
        return _WORDS[word]
    if word in ImageColor.colormap:
        return ImageColor.getrgb(word)[:3]
    return None


def _shaded(colour: RGB, words: list[str]) -> RGB:
    for word in words:
        change = _SHADES.get(word, 0.0)
        colour = mix(colour, BLACK if change > 0 else WHITE, abs(change))
    return colour


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
