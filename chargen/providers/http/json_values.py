"""Parts of a server's answer, which may be anything: each read as what it should be, or as nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, in order."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def text(value: Any) -> str | None:
    """Return a text that says something, None for anything else."""
    return value if isinstance(value, str) and value else None


def number(table: Mapping[str, Any], *keys: str) -> int:
    """Return the first of these that is a whole number, at least 0; 0 where none is."""
    found = (table.get(key) for key in keys)
    return next((max(value, 0) for value in found if isinstance(value, int) and not isinstance(value, bool)), 0)
