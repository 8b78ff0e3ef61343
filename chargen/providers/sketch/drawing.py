"""Painting a card: from a list of things to paint to the bytes of a PNG.

Laws: the same card gives the same bytes on one installation; nothing is decided here that a reader of the card would
care about. Must not know: palettes, line breaking.
"""

from __future__ import annotations

import io
from typing import assert_never

from PIL import Image, ImageDraw

from chargen.model.request import Request
from chargen.providers.sketch.card import plan_card
from chargen.providers.sketch.fonts import face
from chargen.providers.sketch.sheet import Box, Card, Disc, Fill, Line, Picture, Polygon, bold_extra
from chargen.providers.sketch.thumbnails import Thumbnails

_COMPRESSION = 1
"""Level of zlib: flat colour shrinks well at any level, and higher ones cost more time than the drawing."""


class Studio:
    """Draws cards, and keeps thumbnails of references between them; safe to use from threads."""

    def __init__(self) -> None:
        self._thumbnails = Thumbnails()

    def draw(self, request: Request) -> bytes:
        """Draw one card, as a PNG."""
        return paint(plan_card(request), self._thumbnails)


def paint(card: Card, thumbnails: Thumbnails) -> bytes:
    """Paint a card in its exact size and encode it as PNG (RGB, 8 bits)."""
    image = Image.new("RGB", (card.size.width, card.size.height), card.paper)
    draw = ImageDraw.Draw(image)
    for item in card.items:
        match item:
            case Fill():
                _rectangle(draw, item.box, item.colour)
            case Polygon():
                draw.polygon(item.corners, fill=item.colour)
            case Disc():
                _disc(draw, item.box, item.colour)
            case Line():
                _text(draw, item)
            case Picture():
                _picture(image, draw, item, thumbnails)
            case _:
                assert_never(item)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=_COMPRESSION)
    return out.getvalue()


def _rectangle(draw: ImageDraw.ImageDraw, box: Box, colour: tuple[int, int, int]) -> None:
    if box.width > 0 and box.height > 0:
        draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), fill=colour)


def _disc(draw: ImageDraw.ImageDraw, box: Box, colour: tuple[int, int, int]) -> None:
    if box.width > 0 and box.height > 0:
        draw.ellipse((box.left, box.top, box.right - 1, box.bottom - 1), fill=colour)


def _text(draw: ImageDraw.ImageDraw, line: Line) -> None:
    for extra in range(bold_extra(line.size) + 1 if line.bold else 1):
        draw.text((line.left + extra, line.baseline), line.text, fill=line.colour, font=face(line.size), anchor="ls")


def _picture(image: Image.Image, draw: ImageDraw.ImageDraw, item: Picture, thumbnails: Thumbnails) -> None:
    box = item.box
    small = thumbnails.get(item.data, box.width, box.height, item.ground)
    if small is not None:
        left, top = box.left + (box.width - small.width) // 2, box.top + (box.height - small.height) // 2
        image.paste(small, (left, top))
        return
    corners = (box.left, box.top, box.right - 1, box.bottom - 1)
    draw.rectangle(corners, fill=item.ground, outline=item.line)
    draw.line(corners, fill=item.line)
    draw.line((box.left, box.bottom - 1, box.right - 1, box.top), fill=item.line)
