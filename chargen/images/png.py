"""PNG files as chunks: reading, adding and removing what stands around the pixels, without touching them.

Laws: only bytes are moved, no pixel is decoded; a file is walked once with every length and checksum checked; text of
our own says what the rest of the file hashed to, so that it proves or disproves itself. Pure.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RECORD_KEYWORD = "chargen"
XMP_KEYWORD = "XML:com.adobe.xmp"
CREDENTIALS = b"caBX"
"""The chunk that holds C2PA Content Credentials."""
ANIMATION = b"acTL"
_WITH_ALPHA = (b"\4", b"\6")
"""Colour types of PNG with a channel for it: grey and colour."""
_TEXT_LIMIT = 4 << 20
"""Bytes of text read from one chunk; a record is some kilobytes."""
_CHUNK_LIMIT = 1 << 16
"""Chunks in one file; encoders that write 8 KiB of pixels a chunk stay far below it."""


class PngError(ValueError):
    """Bytes that are no PNG, or one that is cut short or damaged."""


class Chunk(Struct, frozen=True):
    """One chunk: its four-letter name, and where it lies in the file (`start` to `end` with length and checksum)."""

    name: bytes
    start: int
    end: int

    def body(self, data: bytes) -> bytes:
        """Return its content."""
        return data[self.start + 8 : self.end - 4]


class Embedded(Struct, frozen=True):
    """Our own text in a PNG: `record` as parsed JSON, and whether the rest of the file is still as it was written."""

    record: dict[str, Any]
    verified: bool


def chunks(data: bytes) -> tuple[Chunk, ...]:
    """Return the chunks up to the end mark. Raises PngError for anything the format forbids or that is cut short."""
    if not data.startswith(SIGNATURE):
        raise PngError("no PNG signature")
    found: list[Chunk] = []
    view = memoryview(data)
    at = len(SIGNATURE)
    while not found or found[-1].name != b"IEND":
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if end > len(data) or len(view[at : at + 12]) < 12:
            raise PngError("cut short")
        name = bytes(view[at + 4 : at + 8])
        if not name.isalpha() or len(found) >= _CHUNK_LIMIT:
            raise PngError("broken chunk")
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise PngError(f"wrong checksum of chunk `{name.decode()}`")
        found.append(Chunk(name, at, end))
        at = end
    if found[0].name != b"IHDR" or found[0].end - found[0].start != 25:
        raise PngError("no header")
    if all(chunk.name != b"IDAT" for chunk in found):
        raise PngError("no pixels")
    return tuple(found)


def make_chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk as it stands in a file."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def make_text(keyword: str, text: str) -> bytes:
    """Return an international text chunk, uncompressed, so that people can read it in the file.

    A lone surrogate, which has no UTF-8, becomes its escape (in JSON that is the same text).
    """
    return make_chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8", "backslashreplace"))


def read_text(body: bytes) -> tuple[str, str] | None:
    """Return keyword and text of an international text chunk; None where it is broken or too long."""
    keyword, nul, rest = body.partition(b"\0")
    parts = rest[2:].split(b"\0", 2)
    if not nul or len(rest) < 4 or len(parts) != 3:
        return None
    text = parts[2]
    if rest[0]:
        try:
            text = zlib.decompressobj().decompress(text, _TEXT_LIMIT + 1)
        except zlib.error:
            return None
    return None if len(text) > _TEXT_LIMIT else (keyword.decode("latin-1"), text.decode("utf-8", "replace"))


def has_alpha(data: bytes) -> bool:
    """Say whether bytes are a PNG whose pixels may be transparent, by its colour type."""
    return data.startswith(SIGNATURE) and data[12:16] == b"IHDR" and data[25:26] in _WITH_ALPHA


def has_chunk(data: bytes, name: bytes) -> bool:
    """Say whether a chunk of this name is there. Raises PngError."""
    return any(chunk.name == name for chunk in chunks(data))


def text_of(data: bytes, keyword: str) -> str | None:
    """Return the first international text under `keyword`, or None. Raises PngError."""
    for chunk in chunks(data):
        if chunk.name == b"iTXt" and (pair := read_text(chunk.body(data))) and pair[0] == keyword:
            return pair[1]
    return None


def only(data: bytes, kept: Iterable[Chunk]) -> bytes:
    """Return the file with these of its chunks alone; what follows the end mark goes."""
    return SIGNATURE + b"".join([data[chunk.start : chunk.end] for chunk in kept])


def inserted(data: bytes, new: Iterable[bytes]) -> bytes:
    """Return the file with whole chunks added after its header; what follows the end mark goes. Raises PngError."""
    found = chunks(data)
    head = found[0].end
    return data[:head] + b"".join(new) + data[head : found[-1].end]


def without_our_text(data: bytes) -> bytes:
    """Return the file without the record and without XMP. Raises PngError."""
    return only(data, [chunk for chunk in chunks(data) if not _is_ours(chunk, data)])


def with_record(data: bytes, record: Mapping[str, Any], xmp: str) -> bytes:
    """Return the file with a record (JSON values) and XMP in it, in place of any it had. Raises PngError.

    The text also holds the SHA-256 of all the rest, so that `embedded_record` can say whether that changed.
    """
    rest = without_our_text(data)
    value = {"chargen": 1, "body": hashlib.sha256(rest).hexdigest(), "record": record}
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return inserted(rest, (make_text(RECORD_KEYWORD, text), make_text(XMP_KEYWORD, xmp)))


def embedded_record(data: bytes) -> Embedded | None:
    """Return the record in a PNG of ours; None for any other bytes. Never raises."""
    try:
        text = text_of(data, RECORD_KEYWORD)
        value = None if text is None else json.loads(text)
        if not isinstance(value, dict) or not isinstance(value.get("record"), dict):
            return None
        return Embedded(value["record"], hashlib.sha256(without_our_text(data)).hexdigest() == value.get("body"))
    except (ValueError, RecursionError):  # PngError and JSON's own error are ValueErrors
        return None


def _is_ours(chunk: Chunk, data: bytes) -> bool:
    if chunk.name != b"iTXt":
        return False
    start = data[chunk.start + 8 : chunk.start + 8 + len(XMP_KEYWORD) + 1]
    return start.partition(b"\0")[0] in (RECORD_KEYWORD.encode(), XMP_KEYWORD.encode())
