"""Plain tables and text for people: columns that line up, words that wrap, colour on a terminal only.

Widths count terminal cells, so that wide characters don't push a column out of line.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_UP, Decimal
from functools import lru_cache

from chargen.model.values import Verdict

_TENTH_OF_A_CENT = Decimal("0.001")

NARROWEST = 60
"""Columns that a narrower terminal is treated as having."""

_OFTEN = 1024
"""Texts whose cells and colours are kept: in a long table most cells of a column are the same few."""

_COLOURS = {
    Verdict.MISSING: "cyan",
    Verdict.STALE: "yellow",
    Verdict.PROOF: "yellow",
    Verdict.RESTORABLE: "green",
    Verdict.BLOCKED: "red",
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
    """Count the terminal cells of a text: two for a wide character, none for a combining one or a colour."""
    if "\x1b" in text:
        from click import unstyle  # noqa: PLC0415 - slow to import, and a build writes without it

        text = unstyle(text)
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


@lru_cache(maxsize=_OFTEN)
def coloured(verdict: Verdict) -> str:
    """Return a verdict's word in its colour."""
    from click import style  # noqa: PLC0415 - as above

    return style(verdict.value, fg=_COLOURS[verdict]) if verdict in _COLOURS else verdict.value


@lru_cache(maxsize=_OFTEN)
def dim(text: str) -> str:
    """Return a text that matters less."""
    from click import style  # noqa: PLC0415 - as above

    return style(text, dim=True) if text else ""


def plural(count: int, noun: str) -> str:
    """Write a number with its noun: `1 image`, `3 images`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def cost_text(cost: Decimal | None) -> str:
    """Write an amount of USD; an unknown one is `unknown cost`, never 0."""
    if cost is None:
        return "unknown cost"
    return f"${cost:.2f}" if cost == cost.quantize(Decimal("0.01")) else f"${cost.normalize():f}"


def estimate_text(cost: Decimal | None) -> str:
    """Write an estimate in USD, rounded up to a tenth of a cent: more digits would claim more than is known."""
    if cost is None:
        return "unknown cost"
    rounded = cost.quantize(_TENTH_OF_A_CENT, rounding=ROUND_UP)
    return f"${rounded:.2f}" if rounded == rounded.quantize(Decimal("0.01")) else f"${rounded}"


def counts(numbers: Mapping[str, int]) -> str:
    """Write several counts in a row: `missing 12, fresh 72`; what there is none of is left out."""
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)
