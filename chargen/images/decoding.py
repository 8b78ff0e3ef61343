"""Turning bytes from outside into pixels, within limits: the only place that decodes pictures.

Laws: what a picture is, its bytes say, never a name; size is checked before memory is spent on it; only the parts a
picture needs to be shown reach the decoder, so that text, thumbnails and other extras can't harm; whatever is wrong
is a PictureError. Must not know where the bytes came from.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from msgspec import Struct
from PIL import Image, features

from chargen.errors import ChargenError, ExitCode
from chargen.images import png
from chargen.images.sniff import (
    GIF,
    JPEG,
    PNG,
    WEBP,
    carries_credentials,
    header,
    jpeg_segments,
    orientation,
    webp_chunks,
)

MAX_BYTES = 64 << 20
"""Bytes of one picture; the largest any model delivers (4096x4096, PNG) are below half of it."""

MAX_PIXELS = 64_000_000
"""Pixels of one picture: four bytes each in memory, so one decoded picture stays below 256 MB."""

MAX_PROFILE = 1 << 20
"""Bytes of a colour profile; without a longer one the picture is shown as if it had none."""

_FORMATS = {PNG: "PNG", JPEG: "JPEG", WEBP: "WEBP", GIF: "GIF"}
_CODECS = {PNG: "zlib", JPEG: "jpg", WEBP: "webp", GIF: "pil"}
"""What Pillow is built with to read each format; it reads GIF by itself."""
_NAMES = {"image/svg+xml": "an SVG drawing", "image/avif": "an AVIF picture", "image/heic": "a HEIC picture"}
_PIXEL_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT"}
)
_SHOWN_SEGMENTS = frozenset({0xE0, 0xEE})
"""JPEG application segments that change how pixels are read: JFIF and Adobe; ICC profiles are known by their name."""

_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    UserWarning,
    struct.error,
    zlib.error,
)
"""What the decoder is known to raise for broken bytes; warnings count where they are made errors."""


class PictureError(ChargenError):
    """Bytes that are no usable picture."""

    exit_code = ExitCode.FAILED


class DamagedPictureError(PictureError):
    """Bytes that are no picture at all, or one that is cut short or broken."""


class NotDecodedError(PictureError):
    """This machine lacks the memory or the codec to decode a picture: that says nothing of the picture."""


class Picture(Struct, frozen=True):
    """What is known of a picture: sniffed type, width and height in pixels as shown, and what it carries."""

    media_type: str
    width: int
    height: int
    has_credentials: bool


def inspect(data: bytes) -> Picture:
    """Decode a picture to the last pixel and say what it is. Raises PictureError."""
    return decode(data)[0]


def decode(data: bytes) -> tuple[Picture, Image.Image]:
    """Decode a picture wholly, turned as its EXIF says. Raises PictureError.

    Refused are: too many bytes or pixels, cut short or damaged, animated, vector drawings, formats no provider uses.
    """
    media_type = _checked_type(data)
    try:
        shown = shown_parts(data, media_type)
        with Image.open(BytesIO(shown), formats=[_FORMATS[media_type]]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PictureError(_too_large(image.width, image.height))
            if media_type == GIF and getattr(image, "is_animated", False):
                raise PictureError("this picture is animated")
            image.load()
            upright = turned(image, orientation(data))
    except png.PngError as failure:
        raise DamagedPictureError(f"this PNG is damaged: {failure}", hint=_HINT) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"this picture has more than the {MAX_PIXELS} pixels that are read") from None
    except MemoryError:
        raise NotDecodedError("there is not enough memory to decode this picture", hint=_CLOSE) from None
    except _DECODER_ERRORS as failure:
        name = _FORMATS[media_type]
        if not features.check(_CODECS[media_type]):
            raise NotDecodedError(f"Pillow is installed without what decodes a {name}", hint=_REINSTALL) from None
        message = f"this {name} is cut short or damaged: {type(failure).__name__}"
        raise DamagedPictureError(message, hint=_HINT) from None
    return Picture(media_type, upright.width, upright.height, carries_credentials(data)), upright


_CLOSE = "close other programs, or lower `workers` in pyproject.toml; the next run goes on for free"
_REINSTALL = "install Pillow from its wheel: `pip install --force-reinstall pillow`"
_HINT = "the delivered bytes are kept as they are; build the image again"


def _checked_type(data: bytes) -> str:
    if not data:
        raise DamagedPictureError("no bytes where a picture should be")
    if len(data) > MAX_BYTES:
        raise PictureError(f"this picture has {len(data)} bytes, more than the {MAX_BYTES} that are read")
    seen = header(data)
    if seen.media_type not in _FORMATS:
        what = _NAMES.get(seen.media_type)
        if what is None:
            raise DamagedPictureError("these bytes are no picture")
        raise PictureError(f"this is {what}", hint="PNG, JPEG, WebP and still GIF can be used")
    if seen.width * seen.height > MAX_PIXELS:
        raise PictureError(_too_large(seen.width, seen.height))
    return seen.media_type


def _too_large(width: int, height: int) -> str:
    return f"this picture is {width}x{height}, more than the {MAX_PIXELS} pixels that are read"


def shown_parts(data: bytes, media_type: str) -> bytes:
    """Return the picture with only what its pixels need; what can be refused from the structure alone is.

    Raises PictureError and PngError.
    """
    if media_type == PNG:
        chunks = png.chunks(data)
        for chunk in chunks:
            if chunk.name == png.ANIMATION and int.from_bytes(chunk.body(data)[:4], "big") > 1:
                raise PictureError("this picture is animated")
        return png.only(data, [chunk for chunk in chunks if chunk.name in _PIXEL_CHUNKS and not _too_long(chunk, data)])
    if media_type == WEBP and any(name == b"ANIM" for name, _ in webp_chunks(data)):
        raise PictureError("this picture is animated")
    if media_type == JPEG:
        return _shown_segments(data)
    return data


def _too_long(chunk: png.Chunk, data: bytes) -> bool:
    """Say whether a colour profile is one that the decoder refuses, and the whole picture with it."""
    if chunk.name != b"iCCP":
        return False
    try:
        body = chunk.body(data).partition(b"\0")[2][1:]
        return len(zlib.decompressobj().decompress(body, MAX_PROFILE + 1)) > MAX_PROFILE
    except zlib.error:
        return True


def _shown_segments(data: bytes) -> bytes:
    kept = [data[:2]]
    end = 2
    for segment in jpeg_segments(data):
        application = 0xE0 <= segment.marker <= 0xEF or segment.marker == 0xFE
        profile = segment.marker == 0xE2 and segment.body.startswith(b"ICC_PROFILE\0")
        if not application or segment.marker in _SHOWN_SEGMENTS or profile:
            kept.append(data[segment.start : segment.end])
        end = segment.end
    return b"".join((*kept, data[end:]))


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def eight_bits(image: Image.Image) -> Image.Image:
    """Return sixteen bits of grey as eight: cut to them, all but the darkest would be white."""
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return a picture as its EXIF orientation `orientation` says it is to be looked at."""
    turn = _TURNS.get(orientation)
    upright = image.copy() if turn is None else image.transpose(turn)
    upright.info = dict(image.info)
    return upright
