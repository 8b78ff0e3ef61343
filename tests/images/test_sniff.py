"""What bytes are, by their first bytes and headers."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chargen.images import sniff as seen
from chargen.images.png import inserted, make_chunk
from chargen.images.sniff import Header, carries_credentials, header, jpeg_segments, orientation, sniff


def picture(form: str, size: tuple[int, int] = (70, 40), **options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "options", "media_type"),
    [
        ("PNG", {}, seen.PNG),
        ("JPEG", {}, seen.JPEG),
        ("JPEG", {"progressive": True}, seen.JPEG),
        ("WEBP", {}, seen.WEBP),
        ("WEBP", {"lossless": True}, seen.WEBP),
        ("WEBP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}, seen.WEBP),
        ("GIF", {}, seen.GIF),
    ],
)
def test_type_and_size_are_read_from_real_files(form: str, options: dict, media_type: str) -> None:
    """Each format, in each of its variants, tells its stored size."""
    assert header(picture(form, **options)) == Header(media_type, 70, 40)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", seen.UNKNOWN),
        (b"<html>", seen.UNKNOWN),
        (b"\xef\xbb\xbf\n<svg xmlns='x'/>", seen.SVG),
        (b"<?xml version='1.0'?><SVG>", seen.SVG),
        (b"<?xml version='1.0'?><feed>", seen.UNKNOWN),
        (b"\0\0\0\x20ftypavif", seen.AVIF),
        (b"\0\0\0\x20ftypheic", seen.HEIC),
        (b"\0\0\0\x20ftypisom", seen.UNKNOWN),
        (b"RIFF\0\0\0\0WAVE", seen.UNKNOWN),
    ],
)
def test_other_beginnings(data: bytes, media_type: str) -> None:
    """Drawings and formats nobody asked for have names; the rest is unknown."""
    assert sniff(data) == media_type


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
@given(cut=st.integers(0, 400), noise=st.binary(max_size=8))
def test_broken_headers_give_no_size_and_no_crash(form: str, cut: int, noise: bytes) -> None:
    """Cut and mutated files are looked at without an exception."""
    data = picture(form)[:cut] + noise
    header(data), orientation(data), carries_credentials(data)


def exif(value: int, order: str = "little") -> bytes:
    head = b"II*\0" if order == "little" else b"MM\0*"
    number = value.to_bytes(2, order)
    entry = b"".join(part.to_bytes(size, order) for part, size in ((0x0112, 2), (3, 2), (1, 4))) + number + b"\0\0"
    return b"Exif\0\0" + head + (8).to_bytes(4, order) + (1).to_bytes(2, order) + entry


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("value", "turned"), [(1, 1), (6, 6), (8, 8), (0, 1), (9, 1)])
def test_orientation_is_read_in_both_byte_orders(order: str, value: int, turned: int) -> None:
    """From JPEG and WebP; values that are none count as upright."""
    assert orientation(picture("JPEG", exif=exif(value, order))) == turned
    assert orientation(picture("WEBP", exif=exif(value, order))) == turned


def test_no_orientation_is_upright() -> None:
    """Other formats, no EXIF, and EXIF that is no TIFF."""
    assert orientation(picture("PNG")) == orientation(picture("JPEG")) == 1
    assert orientation(picture("JPEG", exif=b"Exif\0\0nonsense")) == 1


def test_credentials_are_seen_where_each_format_has_them() -> None:
    """PNG's caBX, JPEG's APP11 with a JUMBF box, WebP's C2PA chunk."""
    jpeg, webp = picture("JPEG"), picture("WEBP", exif=exif(1))
    signed = jpeg[:2] + b"\xff\xeb\0\x12JP\0\1\0\0\0\1\0\0\0\x20jumb" + jpeg[2:]
    assert carries_credentials(signed) and not carries_credentials(jpeg)
    assert carries_credentials(webp + b"C2PA\2\0\0\0xx") and not carries_credentials(webp)
    png = picture("PNG")
    assert carries_credentials(inserted(png, [make_chunk(b"caBX", b"letters")])) and not carries_credentials(png)
    assert not carries_credentials(png + b"caBX") and not carries_credentials(picture("GIF"))


def test_segments_end_quietly_where_they_are_broken() -> None:
    """Fill bytes and standalone markers are passed over; a length beyond the end stops the walk."""
    data = b"\xff\xd8\xff\xff\xe0\0\4ab\xff\xd0\xff\xe1\xff\xff"
    assert [(segment.marker, segment.body) for segment in jpeg_segments(data)] == [(0xE0, b"ab")]
    assert list(jpeg_segments(b"\xff\xd8\xff\xe0\0\1")) == []
