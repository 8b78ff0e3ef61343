"""Tables, amounts and times as people read them: columns that line up, words that wrap.

Widths count terminal cells, so that wide characters don't push a column out of line.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from chargen.cli.output import BOLD, CYAN, DIM, GREEN, RED, YELLOW, plain, styled
from chargen.model.values import Verdict
from chargen.text.names import few

NARROWEST = 60
"""Columns that a narrower terminal is treated as having."""

_OFTEN = 1024
"""Texts whose cells are kept: in a long table most cells of a column are the same few."""

_COLOURS = {
    Verdict.MISSING: CYAN,
    Verdict.STALE: YELLOW,
    Verdict.PROOF: YELLOW,
    Verdict.RESTORABLE: GREEN,
    Verdict.WAITING: CYAN,
    Verdict.BLOCKED: RED,
}


def width() -> int:
    """Return the columns of the terminal; 100 where there is none."""
    return max(shutil.get_terminal_size((100, 24)).columns, NARROWEST)


def columns(rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset(), gap: int = 2) -> list[str]:
    """Line up cells in columns; those whose number is in `right` end flush. Empty columns fall away."""
    table = [tuple(row) for row in rows]
    if not table:
        return []
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    filled = [(number, wanted, number in right) for number, wanted in enumerate(widths) if wanted]
    between = " " * gap
    return [
        between.join([pad(row[number], wanted, right=flush) for number, wanted, flush in filled]).rstrip()
        for row in table
    ]


def pad(text: str, wanted: int, *, right: bool = False) -> str:
    """Fill `text` up to so many cells; colours count for nothing."""
    space = " " * (wanted - cells(text))
    return space + text if right else text + space


@lru_cache(maxsize=_OFTEN)
def cells(text: str) -> int:
    """Count the terminal cells of a text: two for a wide character, none for a combining one or a style."""
    text = plain(text)
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def wrap(text: str, columns: int) -> list[str]:
    """Break one line at spaces so that no piece has more cells than `columns`; a longer word stays whole."""
    line, *words = text.split(" ")
    lines: list[str] = []
    for word in words:
        if line.strip() and cells(line) + 1 + cells(word) > columns:
            lines.append(line)
            line = word
        else:
            line += f" {word}"
    return [*lines, line]


def coloured(verdict: Verdict) -> str:
    """Return a verdict's word in its colour."""
    return styled(verdict.value, _COLOURS[verdict]) if verdict in _COLOURS else verdict.value


def dim(text: str) -> str:
    """Return a text that matters less."""
    return styled(text, DIM)


def bold(text: str) -> str:
    """Return a text that heads others."""
    return styled(text, BOLD)


def plural(count: int, noun: str) -> str:
    """Write a number with its noun: `1 image`, `3 images`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counts(numbers: Mapping[str, int]) -> str:
    """Write several counts in a row: `missing 12, fresh 72`; what there is none of is left out."""
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)


MANY = 12
"""Names listed in a line before it says how many more there are."""


def listed(names: Iterable[str]) -> str:
    """Join names, the first `MANY` of them."""
    return few(names, MANY)


def moment(text: str | None) -> str:
    """Write an ISO time for people: `2026-11-22 14:08 UTC`; nothing for none."""
    if not text:
        return ""
    day, _, time = text.partition("T")
    return f"{day} {time[:5]} UTC" if time else day


def size_text(size: int) -> str:
    """Write a number of bytes for people: `1.4 MB`."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
