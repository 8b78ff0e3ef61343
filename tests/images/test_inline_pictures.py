"""Pictures as text: every spelling of base64 comes back as bytes, garbage as nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.images.inline_pictures import decode_picture


@given(st.binary(min_size=1, max_size=200))
def test_every_spelling_decodes(data: bytes) -> None:
    """Standard and URL-safe, with and without padding, prefix and line breaks."""
    for text in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        for spelling in (
            text,
            text.rstrip("="),
            f"data:image/png;base64,{text}",
            "\r\n".join([text[:9], text[9:], ""]),
        ):
            assert decode_picture(spelling) == data


@pytest.mark.parametrize("text", ["", "data:image/png;base64,", "@@@", "abc$", "aGVsbG8=x", "a", None, 7, "data:", "é"])
def test_garbage_is_nothing(text: object) -> None:
    """What is no base64, or empty, is no picture."""
    assert decode_picture(text) is None
