"""Colours in words: the nearest name for a colour in numbers, and a hexadecimal colour for words.

Laws: no number of a colour comes out as a name; every answer depends on a fixed table alone. The names end up in
prompts, which are inputs: a changed table re-buys images, so each form of inputs keeps its own (`FIRST`, `NEWEST`).
Pure; knows nothing of palettes or files.
"""

from __future__ import annotations

import colorsys
import json
import pkgutil
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct

COLOURS: Mapping[str, str] = MappingProxyType(json.loads(pkgutil.get_data(__package__, "colours.json") or b""))
"""Name to `#rrggbb`: names a painter would say, set by eye. Forms 1 and 2 of inputs have it: it does not change."""

NAMES: Mapping[str, str] = MappingProxyType(json.loads(pkgutil.get_data(__package__, "colour_names.json") or b""))
"""The same for form 3, with three times as many names, whites, greys and dark colours above all: it does not change."""

_KNOWN = {**NAMES, **COLOURS}
"""What words mean in numbers, for storyboards."""

_HEX = re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})(?![0-9a-z])", re.IGNORECASE)
_BARE_HEX = re.compile(r"(?=.*[0-9])[0-9a-f]{6}", re.IGNORECASE)
_FUNCTION = re.compile(r"\b(?P<space>rgb|hsl)a?\(\s*(?P<parts>[-+0-9.,/%\sdeg]*)\)", re.IGNORECASE)
"""`rgb(...)` and `hsl(...)` as CSS Color 4 has them: commas or blanks, percentages, degrees, an opacity."""
_PART = re.compile(r"[-+]?[0-9]*\.?[0-9]+")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W_]+")
_EDGES = " \t\r\n-\u2013\u2014:;,./|*"

_CHROMA = 2.0
"""How much more than lightness the two colour axes of OKLab count (`deltaEOK2` of the CSS working group's color.js)."""


class ColourNames(Struct, frozen=True, eq=False):
    """How colours are told in words: a form of inputs. `chroma` weighs the colour axes of OKLab (Ottosson, 2020).

    `has_functions` says that `rgb(...)` and `hsl(...)` are read, `has_pairs` that an author's own name beside a number,
    as a key, is the colour's name.
    """

    table: Mapping[str, str]
    chroma: float
    has_functions: bool
    has_pairs: bool

    def name(self, text: str) -> str:
        """Return a colour in words: words stay (asides in brackets dropped), a number becomes its nearest name.

        Empty where nothing is left.
        """
        return _name(self, text)

    def nearest(self, number: str) -> str:
        """Return the table's name nearest to `#rrggbb`."""
        labs = _labs(self)
        lab = _oklab(number)
        weights = (1.0, self.chroma, self.chroma)

        def distance(name: str) -> float:
            return sum((weight * (a - b)) ** 2 for weight, a, b in zip(weights, lab, labs[name], strict=True))

        return min(labs, key=lambda name: (distance(name), name))


@lru_cache(maxsize=4096)
def _name(names: ColourNames, text: str) -> str:
    words = _words(text, has_functions=names.has_functions)
    if any(character.isalpha() for character in words):
        return words
    number = _number(text, has_functions=names.has_functions)
    return names.nearest(number) if number else ""


def _words(text: str, *, has_functions: bool = True) -> str:
    """Return what stands beside the numbers, asides in brackets left out."""
    words = _FUNCTION.sub(" ", text) if has_functions else text
    words = " ".join(_HEX.sub(" ", _without_asides(words)).split()).strip(_EDGES)
    return "" if _BARE_HEX.fullmatch(words) else words


@lru_cache
def _labs(names: ColourNames) -> Mapping[str, tuple[float, float, float]]:
    return {name: _oklab(number) for name, number in names.table.items()}


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
            if found := _KNOWN.get(" ".join(words[start : start + length])):
                return found
    return None


def is_number(text: str) -> bool:
    """Say whether a text is a colour in numbers, without a name."""
    return _number(text) is not None and not any(character.isalpha() for character in _words(text))


def _number(text: str, *, has_functions: bool = True) -> str | None:
    match = _HEX.search(text)
    digits = match[0][1:] if match else ""
    if not digits and has_functions and (found := _FUNCTION.search(text)):
        return _of_function(found["space"].lower(), found["parts"])
    if not digits and _BARE_HEX.fullmatch(text.strip()):
        digits = text.strip()
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits[:6].lower()}" if digits else None


def _of_function(space: str, parts: str) -> str | None:
    """Read the three numbers of `rgb(...)` (0 to 255, or per cent) or `hsl(...)` (degrees, per cent, per cent)."""
    found = [(float(part[0]), parts[part.end() : part.end() + 1] == "%") for part in _PART.finditer(parts)]
    if len(found) not in (3, 4):
        return None
    if space == "rgb":
        shares = [value / 100 if percent else value / 255 for value, percent in found[:3]]
    else:
        hue, saturation, light = (value for value, _ in found[:3])
        shares = list(colorsys.hls_to_rgb(hue % 360 / 360, _share(light / 100), _share(saturation / 100)))
    return "#" + "".join(f"{round(_share(share) * 255):02x}" for share in shares)


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _without_asides(text: str) -> str:
    shorter = _ASIDE.sub(" ", text)
    while shorter != text:
        text, shorter = shorter, _ASIDE.sub(" ", shorter)
    return text


def _american(word: str) -> str:
    return "grey" if word == "gray" else word


def _oklab(number: str) -> tuple[float, float, float]:
    red, green, blue = (linear(int(number[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def linear(part: float) -> float:
    """Return a channel of sRGB, from 0 to 1, as light."""
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


_LONGEST = max(len(name.split()) for name in _KNOWN)

FIRST = ColourNames(COLOURS, 1.0, has_functions=False, has_pairs=False)
"""Forms 1 and 2 of inputs."""

NEWEST = ColourNames(NAMES, _CHROMA, has_functions=True, has_pairs=True)
"""Form 3 of inputs."""
