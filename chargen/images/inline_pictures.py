"""Decodes a picture that a provider put into its reply as text.

Takes standard and URL-safe base64, with or without padding, line breaks and a `data:` prefix, as vendors and compatible
servers write it. Anything else is None: it was paid for and is garbage, which the caller must say. Pure; does not look
at what the bytes are.
"""

from __future__ import annotations

import binascii

_URL_SAFE = str.maketrans("-_", "+/")


def decode_picture(text: object) -> bytes | None:
    """Return the bytes of a base64 text, or None where it is none or empty.

    The common spelling is tried as it stands: tidying megabytes first would take as long as decoding them.
    """
    if not isinstance(text, str):
        return None
    payload = text.partition(",")[2] if text.startswith("data:") else text
    return _decoded(payload) or _decoded(_tidied(payload))


def _decoded(payload: str) -> bytes | None:
    try:
        return binascii.a2b_base64(payload, strict_mode=True) or None
    except ValueError:
        return None


def _tidied(payload: str) -> str:
    """Standard letters, no blanks, full padding."""
    bare = "".join(payload.split()).rstrip("=").translate(_URL_SAFE)
    return bare + "=" * (-len(bare) % 4)
