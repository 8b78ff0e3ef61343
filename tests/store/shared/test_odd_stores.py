"""Stores that answer late, with an old version, or with anything: each is found out, and none keeps a build going."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from obstore.store import MemoryStore
from support.records import a_record, original_told

from chargen.model.record import Record
from chargen.model.values import EntryId, Fingerprint
from chargen.store.shared.claims import MARGIN_SECONDS, Claim, Claims, Held, Holder, Wanted
from chargen.store.shared.ledger import SharedLedger
from chargen.store.shared.objects import DamagedObjectError, Objects, Stored, StoreError
from chargen.store.shared.replies import Replies
from chargen.store.shared.store_clock import StoreClock

LAMP = EntryId("chapters/ch01/lamp")
PRINT = Fingerprint("b" * 64)
FIRST, SECOND = "20261122T140000000001Z-00000001", "20261122T140000000002Z-00000002"
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
Change = Callable[[dict[str, Any]], Any]


class Asked(Objects):
    """A store in memory that counts what it is asked for, and has had enough at last."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.moment = NOW
        self.times = 0

    def get(self, key: str) -> Stored | None:
        self.times += 1
        assert self.times < 500, "it is asked again and again"
        return super().get(key)

    def time(self) -> datetime:
        return self.moment


class NeverShows(Asked):
    """It says of every new object that there is one, and shows none: an answer from a cache."""

    def create(self, key: str, data: bytes) -> Mapping[str, str] | None:
        return super().create(key, data) if key.startswith("cas/") else None


class ShowsWhatWas(Asked):
    """It shows for ever what an object was at first."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, Stored] = {}

    def get(self, key: str) -> Stored | None:
        now = super().get(key)
        return now if now is None else self.first.setdefault(key, now)


class AnswersAnything(Asked):
    """A web server that has a page for every address."""

    def get(self, key: str) -> Stored | None:
        super().get(key)
        return Stored(b"<html>Welcome</html>", {"e_tag": "1"})


def record(data: bytes, attempt: str) -> Record:
    return a_record(attempt=attempt, fingerprint=PRINT, original=original_told(data))


def claims(objects: Objects, name: str, now: Callable[[], datetime] = lambda: NOW) -> Claims:
    return Claims(objects, Holder(f"{name} on host", name, f"{name}-run"), now)


def wanted(**more: Any) -> Wanted:
    return Wanted(PRINT, LAMP, "openai", {LAMP}.__contains__, **more)


def test_a_writer_does_not_wait_for_ever_for_what_is_said_to_be_there() -> None:
    for ask in (
        lambda objects: claims(objects, "ana").acquire(wanted()),
        lambda objects: Replies(objects, "ana").put(record(b"one", FIRST), b"one"),
    ):
        with pytest.raises(StoreError, match="does not show it as it is"):
            ask(NeverShows())


def test_a_claim_that_is_shown_as_it_was_long_ago_is_given_up() -> None:
    objects = ShowsWhatWas()
    ana = claims(objects, "ana")
    held = ana.acquire(wanted())
    assert isinstance(held, Held)
    assert ana.free(held)
    objects.get(held.key)  # from here on it is free, whoever has it
    assert isinstance(claims(objects, "ben").acquire(wanted()), Held)
    with pytest.raises(StoreError, match="does not show it as it is"):
        claims(objects, "eve").acquire(wanted())


def test_what_has_an_answer_for_every_key_is_no_store() -> None:
    for ask in (
        lambda objects: Replies(objects, "ana").under(PRINT),
        lambda objects: Replies(objects, "ana").put(record(b"one", FIRST), b"one"),
        lambda objects: claims(objects, "ana").at_vendors(PRINT),
        lambda objects: claims(objects, "ana").forget(PRINT, FIRST),
    ):
        with pytest.raises(StoreError, match="is it the right address"):
            ask(AnswersAnything())


def test_an_object_that_is_too_large_to_be_ours_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = Objects(MemoryStore())
    objects.put("cas/large", b"12345")
    monkeypatch.setattr("chargen.store.shared.objects.PICTURE_BYTES", 4)
    with pytest.raises(DamagedObjectError, match="larger than"):
        objects.get("cas/large")


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["record"].update(attempt="../../../elsewhere"),
        lambda told: told["record"].update(attempt=FIRST.replace("2026", "२०२६")),
        lambda told: told.update(others=[["a" * 64, 1e400]]),
        lambda told: told.update(others=[["../../elsewhere", 1]]),
        lambda told: told.update(others=[["", 1]]),
        lambda told: told.update(others={"a": 1}),
        lambda told: told["record"].update(original=None),
    ],
)
def test_a_record_with_odd_values_is_passed_over_and_the_next_one_is_not(change: Change) -> None:
    objects = Objects(MemoryStore())
    replies = Replies(objects, "ana")
    replies.put(record(b"one", FIRST), b"one")
    replies.put(record(b"two", SECOND), b"two")
    first = objects.get(f"done/{PRINT}/1")
    assert first is not None
    told = json.loads(first.data)
    change(told)
    objects.put(f"done/{PRINT}/1", json.dumps(told).encode())
    assert [reply.record.attempt for reply in replies.under(PRINT)] == [SECOND]


def test_a_claim_that_can_t_be_read_keeps_its_image_and_a_name_passes_it() -> None:
    """It may be one of a later version of the program, and somebody be buying the image by it."""
    objects = Objects(MemoryStore())
    objects.put(f"claim/{PRINT}/1", b'{"format": 7}')
    with pytest.raises(DamagedObjectError, match="is no claim that can be read here"):
        claims(objects, "ana").acquire(wanted())
    held = claims(objects, "ana").acquire(wanted(anew=True))
    assert isinstance(held, Held)
    assert held.key.endswith("/2")


@pytest.mark.parametrize("apart", [timedelta(minutes=-20), timedelta(days=-400), timedelta(days=400)])
def test_a_claim_runs_out_by_the_store_s_time_however_wrong_its_holder_s_clock_is(apart: timedelta) -> None:
    objects = Asked()

    class Wrong:
        def now(self) -> datetime:
            return objects.moment + apart

        def monotonic(self) -> float:
            return 0.0

    class Right(Wrong):
        def now(self) -> datetime:
            return objects.moment

    ana = claims(objects, "ana", StoreClock(objects, Wrong()).now)
    ben = claims(objects, "ben", StoreClock(objects, Right()).now)
    held = ana.acquire(wanted())
    assert isinstance(held, Held)
    assert ana.sent(held, FIRST, 60) is not None
    assert isinstance(ben.acquire(wanted()), Claim), "its request is under way"
    objects.moment += timedelta(seconds=60 + MARGIN_SECONDS + 1)
    assert isinstance(ben.acquire(wanted()), Held), "and is over"


def test_the_store_s_time_is_that_of_a_new_object_and_nothing_stays_of_it() -> None:
    objects = Objects(MemoryStore())
    assert abs(objects.time() - datetime.now(UTC)) < timedelta(minutes=1)
    assert list(objects.sizes("check")) == []


def test_the_ledger_counts_no_odd_amount_and_of_several_the_largest() -> None:
    objects = Objects(MemoryStore())
    for name in ("most=9E+999999", "most=-1", "cost=Infinity", "cost=1e-999999", "cost=", "refund=5", "most=0.05"):
        objects.put(f"spend/2026-11/{FIRST}/{name}", b"")
    ledger = SharedLedger(objects)
    assert ledger.spent(FIRST) == {FIRST: Decimal("0.05")}
    for amount in ("9", "10", "0"):
        ledger.cost(SECOND, Decimal(amount))
    ledger.most(SECOND, Decimal(12))
    assert ledger.spent(FIRST) == {FIRST: Decimal("0.05"), SECOND: Decimal(10)}
