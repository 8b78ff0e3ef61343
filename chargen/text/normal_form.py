"""One form for texts that are the same letters: macOS, zip and rsync spell names another way. Pure."""

from __future__ import annotations

import unicodedata


def normal(path: str) -> str:
    """Return a path in the one form in which two spellings of the same letters are equal."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)
