"""The sheet a sketch is laid out on: what can be placed, the scale of type, and the mark that no sketch goes without.

Laws: pure over the font's advances; nothing is placed without the ground it stands on. Must not know: what a card
shows where, pixels, PNG.
"""

from __future__ import annotations

from math import gcd, sqrt
from typing import TypeAlias

from msgspec import Struct

from chargen.model.request import Request
from chargen.model.values import Size
from chargen.providers.sketch.colours import RGB, Theme
from chargen.providers.sketch.fonts import advance, drawable
from chargen.providers.sketch.text import SMALLEST, Fitted, line_height

MARK = "SKETCH"
PROOF = "proof \u2013 not a picture"
_SMALL = 21
"""Largest number of a ratio that people know by its name."""
_DESIGN = 768  # side of the square as large as 1024x576, for which the sizes of type are meant


class Box(Struct, frozen=True):
    """A rectangle in pixels: left and top belong to it, right and bottom don't."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top


class Fill(Struct, frozen=True):
    """A rectangle of one colour."""

    box: Box
    colour: RGB


class Polygon(Struct, frozen=True):
    """A surface of one colour within its corners."""

    corners: tuple[tuple[int, int], ...]
    colour: RGB


class Disc(Struct, frozen=True):
    """A surface of one colour within the ellipse that fills a box."""

    box: Box
    colour: RGB


class Line(Struct, frozen=True):
    """One line of text: its left end and baseline, and the ground it stands on."""

    left: int
    baseline: int
    size: int
    text: str
    colour: RGB
    ground: RGB
    bold: bool
    role: str


class Picture(Struct, frozen=True):
    """A reference, to be scaled into the box, on `ground`; a crossed box in `line` where it can't be read."""

    box: Box
    data: bytes
    ground: RGB
    line: RGB


Item: TypeAlias = "Fill | Polygon | Disc | Line | Picture"


class Card(Struct, frozen=True):
    """Everything to paint, back to front, on `paper`."""

    size: Size
    paper: RGB
    items: tuple[Item, ...]


def aspect(size: Size) -> str:
    """Write a size's ratio: `3:4` where the numbers are small, up to a side's rounding, else `1.77:1`."""
    for down in range(1, _SMALL + 1):
        across = round(size.width * down / size.height)
        exact = (
            round(size.width * down / max(1, across)) == size.height or round(size.height * across / down) == size.width
        )
        if 0 < across <= _SMALL and exact:
            return f"{across}:{down}"
    by = gcd(size.width, size.height)
    across, down = size.width // by, size.height // by
    if max(across, down) <= 50:
        return f"{across}:{down}"
    return f"{size.width / size.height:.2f}:1" if across > down else f"1:{size.height / size.width:.2f}"


class Sheet:
    """A card as it is laid out, with the words it shows already in drawable form."""

    def __init__(self, size: Size, colours: Theme, request: Request) -> None:
        self.size, self.theme = size, colours
        self.items: list[Item] = []
        self.scale = min(sqrt(size.pixels) / _DESIGN, size.width / 560, size.height / 400)
        self.hair = max(1, round(self.scale))
        asked = request.asked
        self.stand_ins = 0
        self.title = self._words(asked.title)
        self.entry_id = self._words(asked.entry_id)
        self.prompt = self._words(request.prompt) or "(no prompt)"
        self.words = " ".join(drawable(asked.words or self.prompt).text.split())
        self.negative = self._words(asked.negative_prompt)
        self.chance = f"{self.entry_id or self.prompt} {asked.seed or ''}"
        """What a composition is drawn by: an entry's variants have one each."""
        self.references = asked.references

    def _words(self, text: str) -> str:
        shown = drawable(text)
        self.stand_ins += shown.stand_ins
        return shown.text.strip()

    def px(self, length: float) -> int:
        """Scale a length of the 1024x576 design."""
        return max(1, round(length * self.scale))

    def type(self, size: float) -> int:
        """Scale a size of type, never below the smallest legible one."""
        return max(SMALLEST, round(size * self.scale))

    def fill(self, left: float, top: float, right: float, bottom: float, colour: RGB) -> None:
        """Place a rectangle, its edges rounded to pixels."""
        self.items.append(Fill(Box(round(left), round(top), round(right), round(bottom)), colour))

    def put(
        self,
        lines: Fitted,
        left: int,
        top: int,
        colour: RGB,
        role: str,
        *,
        ground: RGB | None = None,
        bold: bool = False,
    ) -> int:
        """Place fitted lines below `top`; gives where they end."""
        step = line_height(lines.size)
        for text in lines.lines:
            baseline = top + round((step + lines.size * 0.74) / 2)
            if text:
                on = ground or self.theme.paper
                self.items.append(Line(left, baseline, lines.size, text, colour, on, bold, role))
            top += step
        return top

    def facts(self) -> str:
        """Say what a crop check needs: size and ratio, and whether the font had to improvise."""
        text = f"{self.size.width} \u00d7 {self.size.height}  \u00b7  {aspect(self.size)}"
        if self.stand_ins:
            text += f"  \u00b7  {self.stand_ins} {'character' if self.stand_ins == 1 else 'characters'} not in the font"
        return text


def bold_extra(size: int) -> int:
    """Pixels by which bold strokes grow to the right: the face has one weight, and small type would only smear."""
    return size // 18


def chip(sheet: Sheet, left: int, top: int, size: int) -> Box:
    """Place the mark that says what this picture is; gives the box it fills."""
    colours = sheet.theme
    pad = max(2, round(size * 0.5))
    wide = round(advance(size, MARK))
    box = Box(left, top, left + wide + 2 * pad, top + line_height(size) + pad // 2)
    sheet.fill(box.left, box.top, box.right, box.bottom, colours.accent)
    mark = Fitted(size, (MARK,), 1, 1)
    sheet.put(mark, left + pad, top + pad // 4, colours.on_accent, "mark", ground=colours.accent)
    return box
