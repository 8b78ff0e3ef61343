"""Small real pictures for the loopback servers, each different from the others. Must not import chargen."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def colour(number: int) -> tuple[int, int, int]:
    """A colour for the picture of that number, far from its neighbours' and distinct for 65,536 of them."""
    return (number * 37) % 256, (number * 91 + number // 256) % 256, (number * 151 + 80) % 256


def png(width: int, height: int, number: int, pad: int = 0) -> bytes:
    """An RGB PNG of one colour; `pad` bytes that don't compress go into a private chunk before the pixels."""
    row = b"\0" + bytes(colour(number)) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header), _chunk(b"tEXt", b"Comment\0picture %d" % number)]
    if pad:
        parts.append(_chunk(b"paDd", bytes((index * index + number) % 256 for index in range(1024)) * (pad // 1024)))
    parts += [_chunk(b"IDAT", zlib.compress(row * height, 1)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def jpeg(width: int, height: int, number: int, pad: int = 0) -> bytes:
    """A JPEG of one colour whose comment holds its number; `pad` bytes are appended as further comments."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour(number)).save(out, "JPEG", comment=b"picture %d" % number)
    data = out.getvalue()
    filler = b"".join(b"\xff\xfe" + struct.pack(">H", 60_002) + bytes(60_000) for _ in range(pad // 60_000))
    return data[:2] + filler + data[2:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
