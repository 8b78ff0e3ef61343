"""Entries that claim one picture: which, and what to say of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from chargen.errors import Problem
from chargen.kinds.names import clash, clash_key
from chargen.kinds.registry import named
from chargen.model.entries import Entry, Imagery
from chargen.model.values import EntryId


def clashes(imageries: Iterable[Imagery]) -> tuple[Problem, ...]:
    """Return one error for each entry whose picture another entry already claims, naming both places.

    Names that differ in case or in Unicode form alone clash: many file systems take them for one.
    """
    return tuple(problem for _, problem in _clashing(imageries))


def clashing(imageries: Iterable[Imagery]) -> frozenset[EntryId]:
    """Return the ids of all entries that claim a picture together with another entry: none of them may be built."""
    return frozenset(entry_id for ids, _ in _clashing(imageries) for entry_id in ids)


def _clashing(imageries: Iterable[Imagery]) -> list[tuple[tuple[EntryId, EntryId], Problem]]:
    first: dict[str, Entry] = {}
    found: list[tuple[tuple[EntryId, EntryId], Problem]] = []
    for imagery in imageries:
        for entry in imagery.entries:
            other = first.setdefault(clash_key(entry.id), entry)
            if other is not entry:
                key = named(entry.kind).name_keys[0]
                found.append(((other.id, entry.id), clash(entry.id, entry.position, other.id, other.position, key)))
    return found
