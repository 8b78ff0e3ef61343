"""Colours in words: the nearest name for a hexadecimal colour, and a hexadecimal colour for words.

Laws: no hexadecimal number leaves `colour_name`; every answer depends on the fixed table alone. The names end up in
prompts, which are inputs: a changed table re-buys images. Pure; knows nothing of palettes or files.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType

COLOURS = MappingProxyType(
    {
        "black": "#000000",
        "ink black": "#16161f",
        "charcoal": "#36383c",
        "dark grey": "#4c4c4c",
        "granite grey": "#676767",
        "grey": "#808080",
        "slate grey": "#708090",
        "ash grey": "#b2b5ae",
        "light grey": "#d3d3d3",
        "silver": "#c0c0c0",
        "pearl": "#eae6da",
        "bone": "#e3dac9",
        "white": "#ffffff",
        "snow white": "#fbfcfe",
        "ivory": "#fffff0",
        "cream": "#fdf5d6",
        "limestone": "#dcd3bd",
        "parchment": "#f1e7cd",
        "ice blue": "#e8f4fc",
        "beige": "#f0ead6",
        "sand": "#dcc59c",
        "tan": "#d2b48c",
        "khaki": "#b9a878",
        "taupe": "#8b7e70",
        "umber": "#635147",
        "brown": "#7b4a26",
        "saddle brown": "#8b4513",
        "chestnut": "#954535",
        "dark brown": "#3f2718",
        "sepia": "#704214",
        "sienna": "#a0522d",
        "terracotta": "#c8694a",
        "rust": "#b03f10",
        "copper": "#b87333",
        "bronze": "#9c6b30",
        "brass": "#b5a042",
        "gold": "#ffd700",
        "old gold": "#cfb53b",
        "dark gold": "#b8860b",
        "goldenrod": "#daa520",
        "ochre": "#cc7722",
        "honey": "#e6a117",
        "amber": "#ffbf00",
        "straw": "#e4d96f",
        "yellow": "#ffee00",
        "lemon": "#fff44f",
        "pale yellow": "#fffab0",
        "orange": "#ff8c00",
        "burnt orange": "#cc5500",
        "fiery orange": "#ff4500",
        "peach": "#ffd5b0",
        "apricot": "#fbb67a",
        "coral": "#ff7f50",
        "salmon": "#fa8072",
        "pink": "#ffb6c1",
        "rose": "#e8637f",
        "hot pink": "#ff4fa3",
        "magenta": "#e000c0",
        "raspberry": "#b3245c",
        "red": "#e01b1b",
        "scarlet": "#ff2400",
        "crimson": "#b0112f",
        "dark red": "#8b0000",
        "maroon": "#65101c",
        "burgundy": "#800020",
        "brick red": "#a6403a",
        "wine": "#5b1e32",
        "plum": "#7d3c6b",
        "mauve": "#b49bb9",
        "lavender": "#dcd6f7",
        "lilac": "#c3a1d6",
        "violet": "#8a3ffc",
        "purple": "#730a8a",
        "indigo": "#3f1a8c",
        "midnight blue": "#191970",
        "night blue": "#1a1a2e",
        "navy": "#0a1f5c",
        "blue": "#1f4fe0",
        "cobalt blue": "#0047ab",
        "royal blue": "#4169e1",
        "azure": "#2f8fee",
        "cornflower blue": "#6495ed",
        "steel blue": "#4682b4",
        "sky blue": "#87ceeb",
        "powder blue": "#b0c4de",
        "pale blue": "#cfe3f2",
        "petrol blue": "#12556b",
        "turquoise": "#40d8c8",
        "cyan": "#00e5ee",
        "teal": "#0c7a7a",
        "verdigris": "#43a391",
        "aquamarine": "#8ff0cf",
        "mint": "#b5f0cf",
        "pale green": "#98fb98",
        "sage": "#a3b18a",
        "moss green": "#6d7f3c",
        "olive": "#77751a",
        "lime": "#a8e61d",
        "green": "#1f9a3a",
        "emerald": "#2fbf71",
        "jade": "#00a86b",
        "forest green": "#1f5e2c",
        "pine green": "#123c30",
        "bottle green": "#0b4a35",
    }
)
"""Name to `#rrggbb`: names a painter would say, set by eye for this table."""

_HEX = re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})(?![0-9a-z])", re.IGNORECASE)
_BARE_HEX = re.compile(r"(?=.*[0-9])[0-9a-f]{6}", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W_]+")
_EDGES = " \t\r\n-\u2013\u2014:;,./|*"


@lru_cache(maxsize=4096)
def colour_name(text: str) -> str:
    """Return the colour in words: words stay (asides in brackets dropped), a number becomes its nearest name.

    Empty where nothing is left.
    """
    number = _number(text)
    words = " ".join(_HEX.sub(" ", _without_asides(text)).split()).strip(_EDGES)
    if _BARE_HEX.fullmatch(words):
        words = ""
    if any(character.isalpha() for character in words):
        return words
    return nearest_name(number) if number else ""


@lru_cache(maxsize=4096)
def colour_hex(text: str) -> str | None:
    """Return `#rrggbb` for a colour written as a number or in words; None where the words name none of the table.

    The last colour of the longest name wins: `obsidian black` is black, `slate grey roof` is slate grey.
    """
    if number := _number(text):
        return number
    words = [_american(word) for word in _WORD.findall(_without_asides(text).lower())]
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length, -1, -1):
            if found := COLOURS.get(" ".join(words[start : start + length])):
                return found
    return None


@lru_cache(maxsize=4096)
def nearest_name(number: str) -> str:
    """Return the table's name nearest to `#rrggbb`, by distance in the OKLab space (Ottosson, 2020)."""
    lab = _oklab(number)
    return min(_LABS, key=lambda name: (sum((a - b) ** 2 for a, b in zip(lab, _LABS[name], strict=True)), name))


def _number(text: str) -> str | None:
    match = _HEX.search(text)
    digits = match[0][1:] if match else ""
    if not digits and _BARE_HEX.fullmatch(text.strip()):
        digits = text.strip()
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits[:6].lower()}" if digits else None


def _without_asides(text: str) -> str:
    shorter = _ASIDE.sub(" ", text)
    while shorter != text:
        text, shorter = shorter, _ASIDE.sub(" ", shorter)
    return text


def _american(word: str) -> str:
    return "grey" if word == "gray" else word


def _oklab(number: str) -> tuple[float, float, float]:
    red, green, blue = (_linear(int(number[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


_LONGEST = max(len(name.split()) for name in COLOURS)
_LABS = {name: _oklab(number) for name, number in COLOURS.items()}
