"""The order of a build: files by path, entries in file order, references before their users; and cycles reported.

Pure: names in, names out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from chargen.model.values import EntryId


class Order(Struct, frozen=True):
    """`ids` with references before users, else as given; `cycles` are chains that end where they begin."""

    ids: tuple[EntryId, ...]
    cycles: tuple[tuple[EntryId, ...], ...]


def build_order(ids: Iterable[EntryId], needs: Mapping[EntryId, tuple[EntryId, ...]]) -> Order:
    """Sort `ids` stably so that everything an id needs (among `ids`) stands before it.

    An id on a cycle is ordered as if the need that closes the cycle were not there.
    """
    given = tuple(ids)
    known = frozenset(given)
    done: dict[EntryId, None] = {}
    cycles: list[tuple[EntryId, ...]] = []
    for root in given:
        wants = needs.get(root)
        if not wants or all(need in done or need not in known for need in wants):  # nearly all
            done.setdefault(root)
            continue
        path: list[EntryId] = []
        on_path: set[EntryId] = set()
        waiting: list[tuple[EntryId, bool]] = [(root, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                path.pop()
                on_path.discard(name)
                done.setdefault(name)
                continue
            if name in on_path:
                cycles.append((*path[path.index(name) :], name))
                continue
            if name in done:
                continue
            path.append(name)
            on_path.add(name)
            waiting.append((name, True))
            waiting.extend((need, False) for need in reversed(needs.get(name, ())) if need in known)
    return Order(tuple(done), tuple(cycles))


def closure(ids: Iterable[EntryId], needs: Mapping[EntryId, tuple[EntryId, ...]]) -> dict[EntryId, EntryId | None]:
    """Return `ids` and all they need through chains, each with the id that needs it (None for the asked ones)."""
    found: dict[EntryId, EntryId | None] = dict.fromkeys(ids)
    waiting = list(found)
    for user in waiting:  # grows while it is walked: near users come before far ones
        for need in needs.get(user, ()):
            if need not in found:
                found[need] = user
                waiting.append(need)
    return found
