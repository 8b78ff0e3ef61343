"""Replies in a shared store: bytes by hash, records by number, nothing used that is not what it says."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from obstore.store import MemoryStore
from support.records import a_record, original_told

from chargen.model.record import Record
from chargen.model.values import Fingerprint
from chargen.store.shared.ledger import SharedLedger
from chargen.store.shared.objects import DamagedObjectError, Objects
from chargen.store.shared.replies import Replies, bytes_key

PRINT = Fingerprint("b" * 64)
FIRST, SECOND = "20261122T140000000001Z-00000001", "20261122T140000000002Z-00000002"


def record(data: bytes, attempt: str = FIRST, fingerprint: Fingerprint = PRINT) -> Record:
    """A record of a reply of these bytes."""
    return a_record(attempt=attempt, fingerprint=fingerprint, original=original_told(data))


@pytest.fixture
def objects() -> Objects:
    return Objects(MemoryStore())


@pytest.fixture
def replies(objects: Objects) -> Replies:
    return Replies(objects, "ana on host")


def test_a_reply_is_put_once_and_comes_back_whole(replies: Replies) -> None:
    assert replies.put(record(b"one"), b"one")
    assert not replies.put(record(b"one"), b"one")
    (found,) = replies.under(PRINT)
    assert (found.record, found.who) == (record(b"one"), "ana on host")
    assert replies.fetch(found) == (b"one", ())


def test_several_replies_to_the_same_inputs_have_numbers_without_a_gap(replies: Replies, objects: Objects) -> None:
    assert replies.put(record(b"two", SECOND), b"two")
    assert replies.put(record(b"one"), b"one")
    assert [found.record.attempt for found in replies.under(PRINT)] == [SECOND, FIRST]
    assert [key for key, _ in objects.sizes("done")] == [f"done/{PRINT}/1", f"done/{PRINT}/2"]


def test_bytes_that_are_not_those_of_the_record_are_not_used(replies: Replies, objects: Objects) -> None:
    replies.put(record(b"one"), b"one")
    (found,) = replies.under(PRINT)
    objects.put(bytes_key(found.original), b"won")
    with pytest.raises(DamagedObjectError, match="damaged"):
        replies.fetch(found)
    objects.delete(bytes_key(found.original))
    with pytest.raises(DamagedObjectError, match="not in the store"):
        replies.fetch(found)


def test_bytes_that_somebody_spoilt_are_mended_by_the_next_who_has_them(replies: Replies, objects: Objects) -> None:
    objects.put(bytes_key(record(b"one").original), b"spoilt")  # type: ignore[arg-type]
    replies.put(record(b"one"), b"one")
    assert replies.fetch(replies.under(PRINT)[0]) == (b"one", ())


def test_bytes_that_were_lost_are_put_there_again_by_who_has_the_reply(replies: Replies, objects: Objects) -> None:
    replies.put(record(b"one"), b"one", (b"beside",))
    (found,) = replies.under(PRINT)
    for key in found.bytes_keys:
        objects.delete(key)
    assert not replies.put(record(b"one"), b"one", (b"beside",))
    assert replies.fetch(found) == (b"one", (b"beside",))


def test_further_pictures_of_a_reply_come_along_but_for_one_that_is_spoilt(replies: Replies, objects: Objects) -> None:
    replies.put(record(b"one"), b"one", (b"beside", b"and"))
    (found,) = replies.under(PRINT)
    assert replies.fetch(found) == (b"one", (b"beside", b"and"))
    assert found.size == len(b"onebesideand")
    assert sorted(found.bytes_keys) == [key for key, _ in objects.sizes("cas")]
    objects.put(found.bytes_keys[1], b"spoilt")
    assert replies.fetch(found) == (b"one", (b"and",))


def test_a_record_of_other_inputs_or_none_is_passed_over(replies: Replies, objects: Objects) -> None:
    replies.put(record(b"one"), b"one")
    told = objects.get(f"done/{PRINT}/1")
    assert told is not None
    other = json.loads(told.data)
    other["record"]["fingerprint"] = "c" * 64
    objects.put(f"done/{PRINT}/2", json.dumps(other).encode())
    objects.put(f"done/{PRINT}/3", b"no record")
    replies.put(record(b"two", SECOND), b"two")
    assert [found.record.attempt for found in replies.under(PRINT)] == [FIRST, SECOND]


def test_the_ledger_counts_what_may_be_spent_until_it_is_known(objects: Objects) -> None:
    ledger = SharedLedger(objects)
    ledger.most(FIRST, Decimal("0.05"))
    ledger.most(SECOND, Decimal("0.07"))
    assert ledger.spent(FIRST) == {FIRST: Decimal("0.05"), SECOND: Decimal("0.07")}
    ledger.cost(FIRST, Decimal("0.041"))
    ledger.cost(SECOND, Decimal(0))
    assert ledger.spent(FIRST) == {FIRST: Decimal("0.041"), SECOND: Decimal(0)}
    assert ledger.spent("20261201T000000000000Z") == {}
    objects.put(f"spend/2026-11/{FIRST}/cost=NaN", b"")
    objects.put("spend/2026-11/anything", b"")
    assert ledger.spent(FIRST) == {FIRST: Decimal("0.041"), SECOND: Decimal(0)}
