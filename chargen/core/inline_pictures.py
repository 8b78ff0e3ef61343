"""Decodes a picture that a provider put into its reply as text.

Takes standard and URL-safe base64, with or without padding, line breaks and a `data:` prefix, as vendors and compatible
servers write it. Anything else is None: it was paid for and is garbage, which the caller must say. Pure; does not look
at what the bytes are.
"""

from __future__ import annotations

import binascii

_URL_SAFE = str.maketrans("-_", "+/")


def decode_picture(text: object) -> bytes | None:
    """Return the bytes of a base64 text, or None where it is none or empty."""
    if not isinstance(text, str):
        return None
    payload = text.partition(",")[2] if text.startswith("data:") else text
    payload = "".join(payload.split()).rstrip("=")
    if "-" in payload or "_" in payload:
        payload = payload.translate(_URL_SAFE)
    try:
        data = binascii.a2b_base64(payload + "=" * (-len(payload) % 4), strict_mode=True)
    except ValueError:
        return None
    return data or None
