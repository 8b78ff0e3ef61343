"""Thumbnails: every format references come in, transparency, orientation, and reuse."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chargen.providers.sketch.drawing import Studio, thumbnail

GROUND = (240, 230, 220)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_formats(kind: str, mode: str) -> None:
    """The picture is scaled into the box with its proportions kept, in RGB."""
    made = thumbnail(
        encoded(Image.new(mode, (400, 200), 128 if mode == "L" else (128, 128, 128)), kind), 100, 100, GROUND
    )
    assert made is not None
    assert (made.mode, made.size) == ("RGB", (100, 50))
    assert all(abs(channel - 128) <= 3 for channel in made.getpixel((50, 25)))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_show_the_ground(mode: str) -> None:
    """What is transparent must not turn black."""
    picture = Image.new("RGBA", (50, 50), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": picture.getpixel((0, 0))} if mode == "P" else {}
    made = thumbnail(encoded(picture, "PNG", **options), 20, 20, GROUND)
    assert made is not None
    assert made.getpixel((10, 10)) == GROUND


def test_orientation_is_followed() -> None:
    """A photograph taken sideways stands upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    made = thumbnail(encoded(Image.new("RGB", (400, 200)), "JPEG", exif=exif), 100, 100, GROUND)
    assert made is not None
    assert made.size == (50, 100)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBP"]),
)
def test_any_bytes_are_survived(data: bytes, magic: bytes) -> None:
    """Rubbish behind a good beginning is no thumbnail, and no exception."""
    made = thumbnail(magic + data, 20, 20, GROUND)
    assert made is None or made.mode == "RGB"


@given(st.integers(20, 400), st.integers(0, 255))
def test_a_damaged_picture_is_survived(at: int, value: int) -> None:
    """One wrong byte anywhere costs at most the thumbnail."""
    data = bytearray(encoded(Image.linear_gradient("L").convert("RGB"), "PNG"))
    data[at % len(data)] = value
    made = thumbnail(bytes(data), 20, 20, GROUND)
    assert made is None or made.mode == "RGB"


def test_decompression_bombs_are_not_decoded() -> None:
    """A sound file of 70 million pixels in 10 KB is left alone, without a warning; one of 12 million is shown."""
    assert thumbnail(encoded(Image.new("1", (10_000, 7_000)), "PNG"), 20, 20, GROUND) is None
    assert thumbnail(encoded(Image.new("1", (4_000, 3_000)), "PNG"), 20, 20, GROUND) is not None


def test_headers_that_lie_are_not_believed() -> None:
    """A header that claims 3.6 thousand million pixels costs no memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    assert thumbnail(bomb, 20, 20, GROUND) is None


def test_thumbnails_are_kept_and_forgotten() -> None:
    """The same bytes are decoded once; the store stays small."""
    store = Studio()
    data = encoded(Image.new("RGB", (30, 30)), "PNG")
    first = store.thumbnail(data, 20, 20, GROUND)
    assert store.thumbnail(data, 20, 20, GROUND) is first
    assert store.thumbnail(data, 10, 10, GROUND) is not first
    for width in range(21, 121):
        store.thumbnail(data, width, 20, GROUND)
    assert len(store._kept) <= 64


def test_sixteen_bits_of_grey_are_a_ramp_and_no_white_box() -> None:
    """A scanned drawing keeps its greys."""
    ramp = Image.new("I;16", (256, 8))
    ramp.putdata([x * 257 for _ in range(8) for x in range(256)])
    made = thumbnail(encoded(ramp, "PNG"), 256, 8, GROUND)
    assert made is not None
    assert all(abs(made.getpixel((x, 4))[0] - x) <= 2 for x in (10, 100, 200, 250))


def test_a_colour_profile_of_any_size_does_not_hide_a_picture() -> None:
    """The decoder refuses one over a megabyte; the picture is shown without."""
    data = encoded(Image.new("RGB", (40, 20), (9, 99, 199)), "PNG", icc_profile=b"\0" * 3_000_000)
    made = thumbnail(data, 40, 20, GROUND)
    assert made is not None
    assert made.getpixel((3, 3)) == (9, 99, 199)
