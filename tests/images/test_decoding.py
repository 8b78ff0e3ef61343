"""Bytes from outside become pixels or a PictureError, in bounded memory."""

import ast
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import chargen
from chargen.images import decoding, png
from chargen.images.decoding import PictureError, decode, inspect


def picture(form: str = "PNG", size: tuple[int, int] = (70, 40), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(out, form, **options)
    return out.getvalue()


def animated(form: str) -> bytes:
    frames = [Image.effect_noise((20, 20), 60) for _ in range(3)]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_whole_pictures_are_measured(form: str) -> None:
    """Type and size are those of the pixels."""
    seen = inspect(picture(form))
    assert (seen.width, seen.height, seen.has_credentials) == (70, 40, False)
    assert seen.media_type == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no bytes"),
        (b"abc", "no picture"),
        (b"<html><body>502</body></html>", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "an SVG drawing"),
        (b"\0\0\0\x20ftypavif", "an AVIF picture"),
        (animated("PNG"), "animated"),
        (animated("GIF"), "animated"),
        (animated("WEBP"), "animated"),
        (picture()[:-30], "cut short"),
        (picture("JPEG")[:-200], "cut short"),
        (picture("WEBP")[:-200], "cut short"),
        (picture("GIF")[:-200], "cut short"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"\xff\xd8\xff\xd9", "cut short or damaged"),
        (b"GIF89a", "cut short or damaged"),
    ],
)
def test_what_is_no_usable_picture_is_said(data: bytes, message: str) -> None:
    """Not an image, vector, animated, truncated: each has its message."""
    with pytest.raises(PictureError, match=message):
        inspect(data)


def bomb(width: int, height: int, body: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return png.SIGNATURE + b"".join(
        png.make_chunk(name, part) for name, part in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    )


def test_bombs_are_refused_by_their_header() -> None:
    """More pixels than the limit are not decoded, whatever format claims them."""
    jpeg = bytearray(picture("JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    webp = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0"
    for data, size in ((bomb(100_000, 100_000), "100000x100000"), (bytes(jpeg), "65535x65535"), (webp, "16384x16384")):
        with pytest.raises(PictureError, match=f"{size}, more than"):
            inspect(data)


@pytest.mark.parametrize(("side", "said"), [(30_000, "more than"), (8_010, "8010x8010, more than")])
def test_a_frame_larger_than_its_screen_is_refused(side: int, said: str) -> None:
    """A GIF whose header is harmless and whose first picture is not."""
    number = side.to_bytes(2, "little")
    gif = b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0" + number + number + b"\0\2\2\x44\1\0;"
    with pytest.raises(PictureError, match=said):
        inspect(gif)


def test_too_many_bytes_are_refused(monkeypatch) -> None:
    """The limit is in bytes of the delivered file."""
    monkeypatch.setattr(decoding, "MAX_BYTES", 100)
    with pytest.raises(PictureError, match="bytes"):
        inspect(picture())


def test_memory_stays_bounded_for_the_largest_picture_let_in() -> None:
    """A file of a few kilobytes at the limit of pixels costs pixels, not more: measured in its own process."""
    script = (
        "import resource, sys\nfrom chargen.images.decoding import inspect\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "inspect(sys.stdin.buffer.read())\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    rows = (b"\0" + b"\xff" * 1000) * 8000
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=bomb(8000, 8000, zlib.compress(rows, 9)),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert int(done.stdout) < 2 * 4 * decoding.MAX_PIXELS >> 20  # the picture and one copy, at four bytes a pixel


def test_extras_never_reach_the_decoder() -> None:
    """Text bombs, broken EXIF and thumbnails beside good pixels do not spoil a paid picture."""
    text = png.make_chunk(b"zTXt", b"x\0\0" + zlib.compress(b"y" * (20 << 20), 9))
    assert inspect(png.inserted(picture(), [text])).width == 70
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40
    assert inspect(picture("JPEG", exif=broken)).width == 70


def test_a_jpeg_is_turned_as_its_exif_says() -> None:
    """Size and pixels are those a viewer shows."""
    image = Image.new("RGB", (64, 32), "red")
    image.paste("blue", (0, 0, 32, 32))  # left half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=95)
    seen, turned = decode(out.getvalue())
    assert (seen.width, seen.height) == (32, 64)
    top, bottom = turned.getpixel((16, 5)), turned.getpixel((16, 60))
    assert top[2] > 200 > 60 > top[0] and bottom[0] > 200 > 60 > bottom[2]


@settings(max_examples=150)
@given(
    form=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]),
    changes=st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=6)), max_size=5),
    cut=st.none() | st.integers(0, 5000),
    mend=st.booleans(),
)
def test_mutated_pictures_are_pictures_or_picture_errors(
    form: str, changes: list, cut: int | None, *, mend: bool
) -> None:
    """No mutation gets anything else out of the decoder; half of the PNGs have their checksums made right again."""
    data = bytearray(FUZZED[form])
    for at, noise in changes:
        data[at % len(data) : at % len(data) + len(noise)] = noise
    mutated = mended(bytes(data)) if mend and form == "PNG" else bytes(data)
    try:
        seen = inspect(mutated[:cut])
    except PictureError as failure:
        assert str(failure).startswith("error: ")
    else:
        assert seen.width * seen.height <= decoding.MAX_PIXELS


FUZZED = {form: picture(form, (24, 16)) for form in ("PNG", "JPEG", "WEBP", "GIF")}


def mended(data: bytes) -> bytes:
    """Make the checksums of a mutated PNG right, so that the mutation reaches the decoder."""
    out, at = [data[:8]], 8
    while at + 12 <= len(data):
        size = min(int.from_bytes(data[at : at + 4], "big"), len(data) - at - 12)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        out.append(png.make_chunk(name, body))
        at += 12 + size
    return b"".join(out)


@pytest.mark.parametrize("profile", [b"\0" * 3_000_000, b"acsp" * 100], ids=["three megabytes", "small"])
def test_a_colour_profile_of_any_size_leaves_a_picture_whole(profile: bytes) -> None:
    """The decoder refuses one over a megabyte, as a guard; the pixels are none the worse for it."""
    out = io.BytesIO()
    Image.new("RGB", (8, 4), (9, 99, 199)).save(out, "PNG", icc_profile=profile)
    picture, image = decode(out.getvalue())
    assert (picture.width, picture.height) == (8, 4)
    assert image.getpixel((0, 0)) == (9, 99, 199)
    assert ("icc_profile" in image.info) is (len(profile) < 1_000_000)


def test_pictures_are_opened_in_one_place_and_as_one_of_few_formats() -> None:
    """Left to itself the library takes dozens, and starts other programs for some of them."""
    package = Path(chargen.__file__).parent
    calls = [
        (file.relative_to(package).as_posix(), {keyword.arg for keyword in node.keywords})
        for file in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open"
    ]
    assert calls == [("images/decoding.py", {"formats"})]
