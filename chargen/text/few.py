"""A few of many, for a line that people read. Pure."""

from __future__ import annotations

from collections.abc import Iterable

FEW = 3


def few(texts: Iterable[str], most: int = FEW) -> str:
    """Join the first `most` texts and count the rest: `a, b, c and 4 more`."""
    known = list(texts)
    rest = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + rest


def few_names(names: Iterable[str]) -> str:
    """Join the first names, in back ticks, and count the rest."""
    return few(f"`{name}`" for name in names)
