"""Bounds what a server sent, so that it can be kept: in JSON, in YAML, in a database, in a message.

Laws: whatever JSON value comes in, one comes out that nests a few levels, holds numbers that fit everywhere and texts
that are Unicode; ordinary values come out as they were; texts are cleaned before they are cut, because of a key that is
cut the beginning would stay. A reply that was paid for must not be lost for its extras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DEEPEST = 8
LARGEST = 10**15
LONGEST_TEXT = 40_000
"""Characters; the longest prompt a vendor takes has 32,000, and comes back revised."""
MOST_ITEMS = 500


def bounded(value: Any, clean: Callable[[str], str] = str, depth: int = DEEPEST) -> Any:
    """Return a JSON value without what can't be kept: that becomes None, a longer text or list its beginning.

    Every text, keys of objects included, goes through `clean` first.
    """
    if isinstance(value, str):
        return clean(value)[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if abs(value) <= LARGEST else None  # NaN is not, either
    if isinstance(value, Mapping):
        items = list(value.items())[:MOST_ITEMS]
        return {bounded(str(key), clean): bounded(item, clean, depth - 1) for key, item in items} if depth else None
    if isinstance(value, list | tuple):
        return [bounded(item, clean, depth - 1) for item in value[:MOST_ITEMS]] if depth else None
    return value
