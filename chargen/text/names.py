"""Names in messages and paths: a few of many, the nearest to one that is not known, one form for each.

Pure; knows nothing of what the names stand for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

FEW = 3
CUTOFF = 0.6
"""Similarity from which a name is worth suggesting (difflib's own default: about three letters of five)."""


def few(texts: Iterable[str], most: int = FEW) -> str:
    """Join the first `most` texts and count the rest: `a, b, c and 4 more`."""
    known = list(texts)
    rest = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + rest


def few_names(names: Iterable[str]) -> str:
    """Join the first names, in back ticks, and count the rest."""
    return few(f"`{name}`" for name in names)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint such as "did you mean `imagery`?", or an empty text where nothing is close.

    Upper and lower case count as the same.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    originals: dict[str, str] = {}
    for other in known:
        originals.setdefault(other.lower(), other)
    found = get_close_matches(name.lower(), originals, n=1, cutoff=CUTOFF)
    return f"did you mean `{originals[found[0]]}`?" if found else ""


def normal(path: str) -> str:
    """Return a path in the one form in which two spellings of the same letters are equal.

    macOS, zip and rsync spell names another way.
    """
    return path if path.isascii() else unicodedata.normalize("NFC", path)
