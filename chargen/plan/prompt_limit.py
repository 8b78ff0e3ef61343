"""How much of what an entry says in its fields goes into its prompt: the weightiest parts first, up to a limit.

Laws: what comes first is kept first; a part that does not fit is shortened at a word where enough room is left, and the
rest is left out; nothing is left out unsaid. Pure; what a provider takes is no matter here.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from chargen.model.entries import PromptPart

WORTH_SHORTENING = 50
"""Characters: with less room left than this a part is left out instead of shortened."""

_TRAILING = " ,;:-\u2013\u2014"


class Shortened(Struct, frozen=True):
    """A part that did not go in as it is written: `kept` of its `length` characters did."""

    name: str
    source: str
    kept: int
    length: int


def fit(parts: Sequence[PromptPart], limit: int) -> tuple[tuple[PromptPart, ...], tuple[Shortened, ...]]:
    """Return the parts that fit into `limit` characters, and what was shortened or left out."""
    kept: list[PromptPart] = []
    left_out: list[Shortened] = []
    room = limit
    for part in sorted(parts, key=lambda part: part.weight):
        length = len(part.label) + len(part.text)
        text = part.text if length <= room else part.text.sub(_shortened(part.text, room - len(part.label)))
        if text:
            kept.append(part if text is part.text else replace(part, text=text))
            room -= len(part.label) + len(text) + 1  # and what parts it from the next
        if len(text) < len(part.text):
            source = str(part.text.position or "")
            left_out.append(Shortened(part.name or part.text.name, source, len(text), len(part.text)))
            room = 0
    return tuple(kept), tuple(left_out)


def _shortened(text: str, room: int) -> str:
    """Return the beginning of a text, cut at a word; nothing where that is not worth it."""
    if room <= WORTH_SHORTENING:
        return ""
    return text[: room + 1].rpartition(" ")[0].rstrip(_TRAILING)
