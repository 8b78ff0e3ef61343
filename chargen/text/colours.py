"""Colours in words: the nearest name for a hexadecimal colour, and a hexadecimal colour for words.

Laws: no hexadecimal number leaves `colour_name`; every answer depends on the fixed table alone. The names end up in
prompts, which are inputs: a changed table re-buys images. Pure; knows nothing of palettes or files.
"""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

COLOURS: Mapping[str, str] = MappingProxyType(json.loads(pkgutil.get_data(__package__, "colours.json") or b""))
"""Name to `#rrggbb`: names a painter would say, set by eye. The table of form 1 of inputs: it does not change."""

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
