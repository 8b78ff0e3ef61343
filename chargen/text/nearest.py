"""Did you mean: the known names closest to one that is not known.

Pure; upper and lower case count as the same. Knows nothing of what the names stand for.
"""

from __future__ import annotations

from collections.abc import Iterable

CUTOFF = 0.6
"""Similarity from which a name is worth suggesting (difflib's own default: about three letters of five)."""


def nearest(name: str, known: Iterable[str], count: int = 1) -> tuple[str, ...]:
    """Return up to `count` of the `known` names most like `name`, the closest first; none where nothing is close."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    originals: dict[str, str] = {}
    for other in known:
        originals.setdefault(other.lower(), other)
    return tuple(originals[match] for match in get_close_matches(name.lower(), originals, n=count, cutoff=CUTOFF))


def did_you_mean(name: str, known: Iterable[str], count: int = 1) -> str:
    """Return a hint such as "did you mean `imagery`?", or an empty text where nothing is close."""
    found = nearest(name, known, count)
    return f"did you mean {' or '.join(f'`{other}`' for other in found)}?" if found else ""
