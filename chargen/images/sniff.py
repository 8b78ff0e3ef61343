"""What kind of picture some bytes are, from the bytes alone: never from a name or a declared type.

Only headers are looked at; whether the rest decodes is for `chargen.store.pictures` to say. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from chargen.images import png

PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"
GIF = "image/gif"
AVIF = "image/avif"
HEIC = "image/heic"
SVG = "image/svg+xml"
UNKNOWN = "application/octet-stream"

SUFFIXES = {PNG: ".png", JPEG: ".jpg", WEBP: ".webp", GIF: ".gif", AVIF: ".avif", HEIC: ".heic", SVG: ".svg"}
"""File name suffix of each type that is told apart; `.bin` for what is none of them."""

_BRANDS = {b"avif": AVIF, b"avis": AVIF, b"heic": HEIC, b"heix": HEIC, b"mif1": HEIC, b"msf1": HEIC, b"hevc": HEIC}
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = b"Exif\0\0"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_BYTE_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}


class Header(Struct, frozen=True):
    """What the first bytes say: media type, and width and height in pixels as stored (0 where they don't say)."""

    media_type: str
    width: int = 0
    height: int = 0


class JpegSegment(Struct, frozen=True):
    """One marker segment before the pixels: `start` and `end` include the marker, `body` leaves out the length."""

    marker: int
    start: int
    end: int
    body: bytes


def sniff(data: bytes) -> str:
    """Return the media type of a picture by its first bytes, `application/octet-stream` for what is none."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return GIF
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], UNKNOWN)
    return SVG if _looks_like_svg(data[:1024]) else UNKNOWN


def header(data: bytes) -> Header:
    """Return media type and stored size; a header that is cut short gives a size of 0x0."""
    media_type = sniff(data)
    width, height = 0, 0
    if media_type == PNG and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    elif media_type == GIF and len(data) >= 10:
        width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    elif media_type == JPEG:
        width, height = _jpeg_size(data)
    elif media_type == WEBP:
        width, height = _webp_size(data)
    return Header(media_type, width, height)


def is_plain(data: bytes) -> bool:
    """Say whether those who know neither EXIF nor sixteen bits of grey see a picture as it is meant."""
    is_grey16 = sniff(data) == PNG and data[24:26] == b"\x10\x00"
    return orientation(data) == 1 and not is_grey16


def jpeg_segments(data: bytes) -> Iterator[JpegSegment]:
    """Yield a JPEG's segments up to the start of its pixels; ends quietly where they are broken."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end < at + 4 or end > len(data):
            return
        yield JpegSegment(marker, at, end, data[at + 4 : end])
        if marker == 0xDA:
            return
        at = end


def cut_short(data: bytes) -> bool:
    """Say whether a JPEG, WebP or GIF lacks its end, as an interrupted copy does; other formats are not looked at."""
    media_type = sniff(data)
    if media_type == JPEG:
        pixels = next((segment.end for segment in jpeg_segments(data) if segment.marker == 0xDA), None)
        return pixels is None or data.rfind(b"\xff\xd9", pixels) < 0
    if media_type == WEBP:
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    return media_type == GIF and not data.rstrip(b"\0").endswith(b";")


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield a WebP's chunks as (name, body), bodies cut to 64 KiB; ends quietly where they are broken."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + min(size, 1 << 16)]
        at += 8 + size + size % 2


def orientation(data: bytes) -> int:
    """Return the EXIF orientation of a JPEG or WebP, 1 to 8; 1 where it has none or it can't be read."""
    media_type = sniff(data)
    if media_type == JPEG:
        for segment in jpeg_segments(data):
            if segment.marker == 0xE1 and segment.body.startswith(_EXIF):
                return _tiff_orientation(segment.body.removeprefix(_EXIF))
    elif media_type == WEBP:
        for name, body in webp_chunks(data):
            if name == b"EXIF":
                return _tiff_orientation(body.removeprefix(_EXIF))
    return 1


def carries_credentials(data: bytes) -> bool:
    """Say whether a picture carries C2PA Content Credentials, by the place its format has for them."""
    match sniff(data):
        case "image/png":
            try:
                return png.CREDENTIALS in data and png.has_chunk(data, png.CREDENTIALS)  # it could stand in pixels too
            except png.PngError:
                return False
        case "image/jpeg":
            return any(segment.marker == 0xEB and b"jumb" in segment.body[:64] for segment in jpeg_segments(data))
        case "image/webp":
            return any(name == b"C2PA" for name, _ in webp_chunks(data))
    return False


def _tiff_orientation(tiff: bytes) -> int:
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)

    start = number(4, 4)
    for index in range(min(number(start, 2), 512)):
        at = start + 2 + 12 * index
        if number(at, 2) == 0x0112:
            value = number(at + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def _jpeg_size(data: bytes) -> tuple[int, int]:
    for segment in jpeg_segments(data):
        if segment.marker in _START_OF_FRAME and len(segment.body) >= 5:
            return int.from_bytes(segment.body[3:5], "big"), int.from_bytes(segment.body[1:3], "big")
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    for name, body in webp_chunks(data):
        if name == b"VP8X" and len(body) >= 10:
            return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
            bits = int.from_bytes(body[1:5], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        if name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
            return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return 0, 0


def _looks_like_svg(start: bytes) -> bool:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in text)
