"""The order of a build, over random graphs: stable, references first, cycles told."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chargen.model.values import EntryId
from chargen.plan.order import build_order, closure

NAMES = [EntryId(name) for name in "abcdefg"]
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3).map(tuple))


def acyclic(needs: dict[EntryId, tuple[EntryId, ...]]) -> dict[EntryId, tuple[EntryId, ...]]:
    """Keep only needs that point backwards in the alphabet: no cycle is left."""
    return {name: tuple(need for need in found if need < name) for name, found in needs.items()}


@given(st.permutations(NAMES), GRAPHS.map(acyclic))
def test_every_need_stands_before_its_user(ids: list[EntryId], needs: dict[EntryId, tuple[EntryId, ...]]) -> None:
    """Without cycles, all ids come out once, each after what it needs."""
    order = build_order(ids, needs)
    assert sorted(order.ids) == sorted(ids)
    assert order.cycles == ()
    place = {name: number for number, name in enumerate(order.ids)}
    assert all(place[need] < place[name] for name, found in needs.items() for need in found)


@given(st.permutations(NAMES))
def test_without_needs_the_order_is_as_given(ids: list[EntryId]) -> None:
    """Files by path and entries in file order stay as they are."""
    assert list(build_order(ids, {}).ids) == ids


@given(st.permutations(NAMES), GRAPHS)
def test_cycles_are_told_and_lose_nobody(ids: list[EntryId], needs: dict[EntryId, tuple[EntryId, ...]]) -> None:
    """With cycles, all ids still come out once, and each told chain is one of needs that ends where it begins."""
    order = build_order(ids, needs)
    assert sorted(order.ids) == sorted(ids)
    for chain in order.cycles:
        assert chain[0] == chain[-1]
        assert all(later in needs[earlier] for earlier, later in pairwise(chain))
    assert bool(order.cycles) == any(name in reachable(name, needs) for name in ids)


def reachable(start: EntryId, needs: dict[EntryId, tuple[EntryId, ...]]) -> set[EntryId]:
    """All that `start` needs, through chains."""
    found: set[EntryId] = set()
    waiting = list(needs.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(needs.get(name, ()))
    return found


def test_a_deep_chain_needs_no_deep_stack() -> None:
    """Ten thousand portraits that reference each other in a row are ordered without recursion."""
    ids = [EntryId(str(number)) for number in range(10_000)]
    needs = {ids[number]: (ids[number + 1],) for number in range(len(ids) - 1)}
    assert list(build_order(ids, needs).ids) == ids[::-1]


@given(st.lists(st.sampled_from(NAMES), unique=True), GRAPHS)
def test_the_closure_names_a_user_for_all_that_is_added(
    ids: list[EntryId], needs: dict[EntryId, tuple[EntryId, ...]]
) -> None:
    """What was asked for has no user; what came along has one that needs it."""
    found = closure(ids, needs)
    assert {name for name, user in found.items() if user is None} == set(ids)
    assert all(name in needs[user] for name, user in found.items() if user is not None)
    assert set(found) == set(ids).union(*(reachable(name, needs) for name in ids))
