"""Small pictures of references for a sketch, from bytes that nobody vouches for.

Laws: any bytes give a thumbnail or None, never an exception; a picture whose header claims more pixels than
`MOST_PIXELS` is never decoded; only the formats references come in are tried, and by their own readers.
Must not know: cards, fonts.
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import zlib
from collections import OrderedDict

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from chargen.errors import ChargenError
from chargen.images.decoding import shown_parts, turned
from chargen.images.sniff import orientation, sniff
from chargen.providers.sketch.colours import RGB

MOST_PIXELS = 50_000_000
"""Three times a 4096x4096 reference; a bomb of a few kilobytes claims far more."""

_KEPT = 64  # thumbnails; a book's portraits come again and again
_READERS: tuple[tuple[bytes, int, type[ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, PngImageFile),
    (b"\xff\xd8\xff", 0, JpegImageFile),
    (b"WEBP", 8, WebPImageFile),
    (b"GIF8", 0, GifImageFile),
)
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError,
    OverflowError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
# What readers of malformed files raise, one format or another: never a bug of this program, so never its failure.


class Thumbnails:
    """Thumbnails by content and size, kept for reuse; safe from many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int, RGB], Image.Image | None] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, data: bytes, width: int, height: int, ground: RGB) -> Image.Image | None:
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


def thumbnail(data: bytes, width: int, height: int, ground: RGB) -> Image.Image | None:
    """Decode and scale one reference; transparent parts show `ground`."""
    reader = next((kind for magic, at, kind in _READERS if data[at : at + len(magic)] == magic), None)
    if reader is None:
        return None
    try:
        # The reader itself, not Image.open: that one warns about large pictures, and a warning is no decision.
        with reader(io.BytesIO(shown_parts(data, sniff(data)))) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("RGB", (width * 2, height * 2))
            return _scaled(picture, orientation(data), width, height, ground)
    except (ChargenError, *_BROKEN):
        return None


def _scaled(picture: Image.Image, orientation: int, width: int, height: int, ground: RGB) -> Image.Image:
    upright = turned(picture, orientation)
    if upright.mode.startswith(("I", "F")):  # sixteen bits of grey: cut to eight, all but the darkest would be white
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.new("RGB", layer.size, ground)
        upright.paste(layer, mask=layer.getchannel("A"))
    share = min(width / upright.width, height / upright.height)
    size = max(1, round(upright.width * share)), max(1, round(upright.height * share))
    if upright.mode not in ("RGB", "L"):  # those two scale as they are, which spares a full-size copy
        upright = upright.convert("RGB")
    return upright.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).convert("RGB")
