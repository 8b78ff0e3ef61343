"""PNG files as chunks: text is added and proves itself, pixels are never touched."""

import io
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chargen.images import png
from chargen.images.png import PngError


def picture(**options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((20, 10), 60).convert("RGB").save(out, "PNG", **options)
    return out.getvalue()


PLAIN = picture()
RECORD = {"prompt": "ein süßer Dodo \U0001f9a4", "cost_usd": "0.05"}


def test_the_text_is_found_and_verified_and_the_pixels_are_the_same_bytes() -> None:
    """A decoder that knows nothing of us shows the same picture; taking our text out gives the file back."""
    data = png.with_record(PLAIN, RECORD, "<xmp/>")
    assert png.embedded_record(data) == png.Embedded(RECORD, verified=True)
    assert png.without_our_text(data) == PLAIN
    assert "süßer Dodo".encode() in data
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert json.loads(image.text["chargen"])["record"] == RECORD
        assert image.text["XML:com.adobe.xmp"] == "<xmp/>"
        assert image.tobytes() == Image.open(io.BytesIO(PLAIN)).tobytes()


def test_a_second_record_replaces_the_first() -> None:
    """There is never more than one record and one XMP."""
    data = png.with_record(png.with_record(PLAIN, {"a": 1}, "<one/>"), {"a": 2}, "<two/>")
    assert data.count(b"iTXt") == 2
    assert png.embedded_record(data) == png.Embedded({"a": 2}, verified=True)
    assert png.text_of(data, png.XMP_KEYWORD) == "<two/>"


def test_painted_over_pixels_are_found_out() -> None:
    """Text that was copied into another picture is read but not verified."""
    data = png.with_record(PLAIN, RECORD, "<xmp/>")
    start = data.index(b"iTXt") - 4
    text = data[start : start + 12 + int.from_bytes(data[start : start + 4], "big")]
    other = png.inserted(picture(optimize=True), [text])
    assert png.embedded_record(other) == png.Embedded(RECORD, verified=False)


def test_a_record_may_hold_any_text() -> None:
    """A lone surrogate from a provider's reply reads back as it was."""
    assert png.embedded_record(png.with_record(PLAIN, {"x": "half \ud83e"}, "")).record == {"x": "half \ud83e"}


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"record": 5}', "{", '{"record": {}, "body": 7}', "[" * 100_000]
)
def test_a_strangers_text_under_our_keyword_does_no_harm(text: str) -> None:
    """It is no record, or one that is not verified."""
    embedded = png.embedded_record(png.inserted(PLAIN, [png.make_text("chargen", text)]))
    assert embedded is None or not embedded.verified


def test_compressed_text_is_read_up_to_a_limit() -> None:
    """A kilobyte that unpacks to a gigabyte is not unpacked; broken packing is no text."""
    head = b"chargen\0\1\0\0\0"
    assert png.read_text(head + zlib.compress(b"hello")) == ("chargen", "hello")
    bomb = head + zlib.compress(b"x" * (100 << 20), 9)
    tracemalloc.start()
    assert png.read_text(bomb) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20
    assert png.read_text(head + b"no zlib") is None
    for broken in (b"", b"chargen", b"chargen\0", b"chargen\0\0\0\0", b"chargen\0\0\0no end"):
        assert png.read_text(broken) is None


def test_what_follows_the_end_mark_goes_with_the_first_change() -> None:
    """An archive glued to the end is not carried along."""
    glued = PLAIN + b"PK\3\4 and more"
    assert png.only(glued, png.chunks(glued)) == PLAIN
    assert png.inserted(glued, []) == PLAIN


def chunked(*parts: tuple[bytes, bytes]) -> bytes:
    return png.SIGNATURE + b"".join(png.make_chunk(name, body) for name, body in parts)


HEADER = (b"IHDR", bytes(13))
END = (b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "signature"),
        (b"GIF89a", "signature"),
        (png.SIGNATURE, "cut short"),
        (PLAIN[:-12], "cut short"),
        (PLAIN[:-1], "cut short"),
        (PLAIN[:30], "cut short"),
        (PLAIN[:-20] + bytes([PLAIN[-20] ^ 1]) + PLAIN[-19:], "checksum"),
        (chunked(END), "header"),
        (chunked((b"IHDR", b""), (b"IDAT", b""), END), "header"),
        (chunked(HEADER, END), "no pixels"),
        (chunked(HEADER, (b"ID\0T", b""), END), "broken"),
    ],
)
def test_what_the_format_forbids_is_refused(data: bytes, message: str) -> None:
    """Each defect has its word, and none is mistaken for a record."""
    with pytest.raises(PngError, match=message):
        png.chunks(data)
    assert png.embedded_record(data) is None


def test_too_many_chunks_are_refused() -> None:
    """A file of a million empty chunks is not walked to its end."""
    with pytest.raises(PngError, match="broken"):
        png.chunks(png.SIGNATURE + png.make_chunk(b"tEXt", b"") * 70_000)


@given(st.binary(max_size=200), st.integers(0, len(PLAIN)))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    """Mutated files give a PngError or chunks that lie inside the file."""
    data = PLAIN[:at] + noise + PLAIN[at + len(noise) :]
    try:
        found = png.chunks(data)
    except PngError:
        return
    assert all(8 <= chunk.start < chunk.end <= len(data) for chunk in found)


def test_chunks_are_found_by_name() -> None:
    """Asking for a chunk looks at names, not at bytes that happen to spell one."""
    spelled = png.inserted(PLAIN, [png.make_text("note", "caBX")])
    assert not png.has_chunk(spelled, png.CREDENTIALS)
    assert png.has_chunk(png.inserted(PLAIN, [png.make_chunk(b"caBX", b"x")]), png.CREDENTIALS)
