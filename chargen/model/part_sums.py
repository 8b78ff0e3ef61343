"""Digests of a picture's parts in few characters, for a record line that has to tell them itself.

Laws: a part is a letter for its name (or the name in brackets) and the first 24 bits of its digest in base64url; what
is read is what was written, as names with 6 hexadecimal digits. Pure.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from urllib.parse import quote, unquote

DIGITS = 6
"""Hexadecimal digits of a digest that are kept: enough to tell which part differs; the fingerprint says whether any."""

_LETTERS = {
    "prompt": "p",
    "negative_prompt": "n",
    "size": "s",
    "prompt.template": "t",
    "prompt.prompt_used": "u",
    "prompt.palette": "c",
    "prompt.visual_thesis": "v",
    "prompt.signature_elements": "e",
    "prompt.characteristic_light": "l",
    "prompt.style_prefix": "x",
    "prompt.style_suffix": "y",
    **{f"reference.{number}": str(number) for number in range(1, 10)},
}
_NAMES = {letter: name for name, letter in _LETTERS.items()}
_ONE = re.compile(r"(?P<letter>[a-z1-9])(?P<sum>[A-Za-z0-9_-]{4})|\((?P<name>[^()]+)\)(?P<named>[A-Za-z0-9_-]{4})")


def write(parts: Iterable[tuple[str, str]]) -> str:
    """Write names with short digests in hexadecimal (`DIGITS` or more)."""
    return "".join(_name(name) + _sum(digest) for name, digest in parts)


def read(text: str) -> tuple[tuple[str, str], ...] | None:
    """Read what `write` wrote; None for anything else."""
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        match = _ONE.match(text, place)
        name = "" if match is None else _NAMES.get(match["letter"] or "") or unquote(match["name"] or "")
        if match is None or not name:
            return None
        found.append((name, urlsafe_b64decode(match["sum"] or match["named"]).hex()))
        place = match.end()
    return tuple(found)


def _name(name: str) -> str:
    return _LETTERS.get(name) or f"({quote(name, safe='/._-')})"


def _sum(digest: str) -> str:
    return urlsafe_b64encode(bytes.fromhex(digest[:DIGITS])).decode()
