"""Painting a card: from a list of things to paint to the bytes of a PNG, references as small pictures among them.

Laws: the same card gives the same bytes on one installation; nothing is decided here that a reader of the card would
care about; any bytes of a reference give a small picture or none, never an exception: one whose header claims more
pixels than `MOST_PIXELS` is never decoded, and only the formats references come in are tried, by their own readers.
Must not know: palettes, line breaking.
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import assert_never

from PIL import Image, ImageDraw
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from chargen.errors import ChargenError
from chargen.images.decoding import eight_bits, shown_parts, turned
from chargen.images.sniff import GIF, JPEG, PNG, WEBP, orientation, sniff
from chargen.model.request import Request
from chargen.providers.sketch.card import plan_card
from chargen.providers.sketch.colours import RGB
from chargen.providers.sketch.fonts import face
from chargen.providers.sketch.sheet import Box, Disc, Fill, Line, Picture, Polygon, bold_extra

_COMPRESSION = 1
"""Level of zlib: flat colour shrinks well at any level, and higher ones cost more time than the drawing."""
MOST_PIXELS = 50_000_000
"""Three times a 4096x4096 reference; a bomb of a few kilobytes claims far more."""

_KEPT = 64  # thumbnails; a book's portraits come again and again
_READERS: Mapping[str, type[ImageFile]] = {
    PNG: PngImageFile, JPEG: JpegImageFile, WEBP: WebPImageFile, GIF: GifImageFile,
}  # fmt: skip
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError,
    OverflowError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
# What readers of malformed files raise, one format or another: never a bug of this program, so never its failure.


class Studio:
    """Draws cards, and keeps thumbnails of references between them; safe to use from threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int, RGB], Image.Image | None] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, request: Request) -> bytes:
        """Draw one card in its exact size, as a PNG (RGB, 8 bits)."""
        card = plan_card(request)
        image = Image.new("RGB", (card.size.width, card.size.height), card.paper)
        draw = ImageDraw.Draw(image)
        for item in card.items:
            match item:
                case Fill():
                    _shape(draw.rectangle, item)
                case Polygon():
                    draw.polygon(item.corners, fill=item.colour)
                case Disc():
                    _shape(draw.ellipse, item)
                case Line():
                    _text(draw, item)
                case Picture():
                    small = self.thumbnail(item.data, item.box.width, item.box.height, item.ground)
                    _picture(image, draw, item, small)
                case _:
                    assert_never(item)
        out = io.BytesIO()
        image.save(out, "PNG", compress_level=_COMPRESSION)
        return out.getvalue()

    def thumbnail(self, data: bytes, width: int, height: int, ground: RGB) -> Image.Image | None:
        """Give the picture in RGB, scaled to lie within width x height, or None where it can't be read."""
        key = (hashlib.sha256(data).hexdigest(), width, height, ground)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = thumbnail(data, width, height, ground)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _shape(draw: Callable[..., None], item: Fill | Disc) -> None:
    if item.box.width > 0 and item.box.height > 0:
        draw(_corners(item.box), fill=item.colour)


def _corners(box: Box) -> tuple[int, int, int, int]:
    """Return the corners of a box as Pillow counts: the last pixels belong to it."""
    return box.left, box.top, box.right - 1, box.bottom - 1


def _text(draw: ImageDraw.ImageDraw, line: Line) -> None:
    for extra in range(bold_extra(line.size) + 1 if line.bold else 1):
        draw.text((line.left + extra, line.baseline), line.text, fill=line.colour, font=face(line.size), anchor="ls")


def _picture(image: Image.Image, draw: ImageDraw.ImageDraw, item: Picture, small: Image.Image | None) -> None:
    box = item.box
    if small is not None:
        left, top = box.left + (box.width - small.width) // 2, box.top + (box.height - small.height) // 2
        image.paste(small, (left, top))
        return
    corners = _corners(box)
    draw.rectangle(corners, fill=item.ground, outline=item.line)
    draw.line(corners, fill=item.line)
    draw.line((box.left, box.bottom - 1, box.right - 1, box.top), fill=item.line)


def thumbnail(data: bytes, width: int, height: int, ground: RGB) -> Image.Image | None:
    """Decode and scale one reference; transparent parts show `ground`."""
    media_type = sniff(data)
    reader = _READERS.get(media_type)
    if reader is None:
        return None
    try:
        # The reader itself, not Image.open: that one warns about large pictures, and a warning is no decision.
        with reader(io.BytesIO(shown_parts(data, media_type))) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("RGB", (width * 2, height * 2))
            return _scaled(picture, orientation(data), width, height, ground)
    except (ChargenError, *_BROKEN):
        return None


def _scaled(picture: Image.Image, orientation: int, width: int, height: int, ground: RGB) -> Image.Image:
    upright = turned(picture, orientation)
    if upright.mode.startswith(("I", "F")):
        upright = eight_bits(upright)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.new("RGB", layer.size, ground)
        upright.paste(layer, mask=layer.getchannel("A"))
    share = min(width / upright.width, height / upright.height)
    size = max(1, round(upright.width * share)), max(1, round(upright.height * share))
    if upright.mode not in ("RGB", "L"):  # those two scale as they are, which spares a full-size copy
        upright = upright.convert("RGB")
    return upright.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).convert("RGB")
