"""Machines that buy one image beside a store whose answers get lost, each way: what is paid twice is named."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from obstore.store import MemoryStore
from support.records import a_record, original_told

from chargen.model.values import EntryId, Fingerprint
from chargen.store.shared.claims import Claim, Claims, Held, Holder, Wanted
from chargen.store.shared.objects import Objects, Stored, StoreError
from chargen.store.shared.replies import Replies

PRINT = Fingerprint("b" * 64)
LAMP = EntryId("chapters/ch01/lamp")
FAULTS = 0.15
DIES = 0.15
SEEDS = 200


class Faulty(Objects):
    """A store in memory: of some questions nothing comes, before they had an effect or after."""

    def __init__(self, luck: random.Random) -> None:
        super().__init__(MemoryStore())
        self._luck = luck

    def _asked(self, question: Callable[..., Any], *told: Any) -> Any:
        chance = self._luck.random()
        if chance < FAULTS / 2:
            raise StoreError("it was not reached")
        answer = question(*told)
        if chance < FAULTS:
            raise StoreError("its answer was lost")
        return answer

    def get(self, key: str) -> Stored | None:
        found: Stored | None = self._asked(super().get, key)
        return found

    def put(self, key: str, data: bytes) -> None:
        self._asked(super().put, key, data)

    def create(self, key: str, data: bytes) -> Mapping[str, str] | None:
        version: Mapping[str, str] | None = self._asked(super().create, key, data)
        return version

    def swap(self, key: str, data: bytes, version: Mapping[str, str]) -> Mapping[str, str] | None:
        swapped: Mapping[str, str] | None = self._asked(super().swap, key, data, version)
        return swapped


class Team:
    """Three machines, of which one at a time does its next step."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.objects = Faulty(self.luck)
        self.now = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
        self.paid: list[str] = []
        self.named: set[str] = set()

    def run(self) -> None:
        machines = {name: self._machine(name) for name in ("ana", "ben", "eve")}
        while machines:
            name = self.luck.choice(list(machines))
            if next(machines[name], "ended") == "ended":
                del machines[name]

    def _machine(self, name: str) -> Iterator[None]:
        """Buy the image, as a build does with `claims = "required"`, again until its reply is there."""
        claims = Claims(self.objects, Holder(name, name, f"{name}-run"), lambda: self.now)
        replies = Replies(self.objects, name)
        while True:
            yield
            try:
                came = frozenset(reply.record.attempt for reply in replies.under(PRINT))
                if came:
                    return
                held = claims.acquire(Wanted(PRINT, LAMP, "openai", {LAMP}.__contains__, came))
                if isinstance(held, Claim):
                    self.now += timedelta(seconds=30)
                    continue
                if replies.under(PRINT):
                    claims.free(held)
                    return
                if held.claim.before is not None:
                    self.named.add(held.claim.before.attempt)
                yield
                attempt = f"20261122T{self.luck.randrange(10**12):012d}Z-00000000"
                sent = claims.sent(held, attempt, 60)
            except StoreError:
                continue
            if sent is None:
                continue
            yield
            self.paid.append(attempt)
            if self.luck.random() < DIES:
                return
            yield from _brought(replies, claims, sent)
            return


def _brought(replies: Replies, claims: Claims, sent: Held) -> Iterator[None]:
    """Put the reply to a request into the store, however often that takes."""
    data = sent.claim.attempt.encode()
    record = a_record(attempt=sent.claim.attempt, fingerprint=PRINT, original=original_told(data))
    while True:
        yield
        try:
            replies.put(record, data)
            claims.done(sent)
        except StoreError:
            continue
        return


@pytest.mark.parametrize("part", range(4))
def test_what_is_paid_twice_is_named(part: int) -> None:
    several = 0
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        team = Team(seed)
        team.run()
        named = team.named.intersection(team.paid)
        assert len(team.paid) <= 1 + len(named), (seed, team.paid, team.named)
        several += len(team.paid) > 1
    assert several > SEEDS // 20, "the faults are such that it happens"
