"""Names in messages and paths: a few of many, the nearest to one that is not known, one form for each.

Pure; knows nothing of what the names stand for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_NUMBER = re.compile(r"[0-9]+")

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
    """Return a hint such as "did you mean `imagery`?", or an empty text where nothing is close."""
    found = nearest(name, known)
    return f"did you mean `{found}`?" if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the one of the `known` names most like `name`, or an empty text where nothing is close.

    Upper and lower case count as the same.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    originals: dict[str, str] = {}
    for other in known:
        originals.setdefault(other.lower(), other)
    found = get_close_matches(name.lower(), originals, n=1, cutoff=CUTOFF)
    return originals[found[0]] if found else ""


def other_than_by_number(name: str, known: Iterable[str]) -> Iterator[str]:
    """Yield the `known` names but those that differ from `name` in a number alone: `img-02` is no slip for `img-99`."""
    words, numbers = _NUMBER.sub("0", name.lower()), list(map(int, _NUMBER.findall(name)))
    for other in known:
        if _NUMBER.sub("0", other.lower()) != words or list(map(int, _NUMBER.findall(other))) == numbers:
            yield other


def normal(path: str) -> str:
    """Return a path in the one form in which two spellings of the same letters are equal.

    macOS, zip and rsync spell names another way.
    """
    return path if path.isascii() else unicodedata.normalize("NFC", path)
