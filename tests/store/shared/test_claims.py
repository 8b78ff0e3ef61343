"""Claims: one holder a purchase, fencing by the swap, expiry and takeover, numbers under one fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from obstore.store import MemoryStore

from chargen.model.values import EntryId, Fingerprint
from chargen.store.shared.claims import (
    CLAIMED_SECONDS,
    JOINED_SECONDS,
    MARGIN_SECONDS,
    Claim,
    Claims,
    Held,
    Holder,
    Wanted,
)
from chargen.store.shared.objects import Objects, StoreError

PRINT = Fingerprint("a" * 64)
A, B = EntryId("chapters/ch01/a"), EntryId("chapters/ch01/b")


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def passes(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def objects() -> Objects:
    return Objects(MemoryStore())


@pytest.fixture
def machine(objects: Objects, clock: Clock) -> Callable[[str, str], Claims]:
    return lambda name, run="run-1": Claims(objects, Holder(f"{name} on host", name, f"{name}-{run}"), clock.now)


def wanted(entry: EntryId = A, **more: object) -> Wanted:
    """A claim for one of two entries of a book."""
    return Wanted(PRINT, entry, "openai", {A, B}.__contains__, **more)  # type: ignore[arg-type]


def held(found: Held | Claim) -> Held:
    assert isinstance(found, Held), found
    return found


def test_one_of_two_machines_holds_a_claim(machine: Callable[[str], Claims]) -> None:
    held(machine("ana").acquire(wanted()))
    other = machine("ben").acquire(wanted())
    assert isinstance(other, Claim)
    assert str(other) == "ana on host is about to buy it (until 14:05 UTC at most)"


def test_a_claim_that_was_lost_fails_right_before_the_request(machine: Callable[[str], Claims], clock: Clock) -> None:
    ana, ben = machine("ana"), machine("ben")
    first = held(ana.acquire(wanted()))
    clock.passes(CLAIMED_SECONDS + 1)
    second = held(ben.acquire(wanted()))
    assert second.claim.before is None, "nothing was sent, so nothing was billed"
    assert ana.sent(first, "try-1", 60) is None
    assert ben.sent(second, "try-2", 60) is not None


def test_a_machine_that_died_after_it_had_sent_is_named(machine: Callable[[str], Claims], clock: Clock) -> None:
    ana, ben = machine("ana"), machine("ben")
    assert ana.sent(held(ana.acquire(wanted())), "try-1", 60) is not None
    clock.passes(60 + MARGIN_SECONDS - 1)
    assert isinstance(ben.acquire(wanted()), Claim), "its reply may still come"
    clock.passes(2)
    found = held(ben.acquire(wanted()))
    assert found.claim.before is not None
    assert (found.claim.before.who, found.claim.before.attempt) == ("ana on host", "try-1")


def test_a_claim_of_a_version_that_wrote_the_price_is_read(
    machine: Callable[[str], Claims], objects: Objects, clock: Clock
) -> None:
    ana, ben = machine("ana"), machine("ben")
    sent = ana.sent(held(ana.acquire(wanted())), "try-1", 60)
    assert sent is not None
    old = {**json.loads(sent.claim.to_bytes()), "price_usd": "0.04"}
    assert objects.swap(sent.key, json.dumps(old).encode(), sent.version) is not None
    assert ben.acquire(wanted()) == sent.claim
    clock.passes(60 + MARGIN_SECONDS + 1)
    assert held(ben.acquire(wanted())).claim.before == sent.claim


def test_what_may_be_billed_is_named_by_whoever_buys_though_the_one_before_took_over_and_died(
    machine: Callable[..., Claims], clock: Clock, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the answer to taking over was lost, and the same machine comes back."""
    ana, ben = machine("ana"), machine("ben")
    assert ana.sent(held(ana.acquire(wanted())), "try-1", 60) is not None
    clock.passes(60 + MARGIN_SECONDS + 1)
    swap = objects.swap

    def lost(*told: Any) -> Any:
        swap(*told)
        raise StoreError("the answer was lost")

    with monkeypatch.context() as patched, pytest.raises(StoreError):
        patched.setattr(objects, "swap", lost)
        ben.acquire(wanted())
    for claims in (ben, machine("ben", "run-2"), machine("eve")):
        found = held(claims.acquire(wanted()))
        assert found.claim.before is not None
        assert (found.claim.before.who, found.claim.before.attempt) == ("ana on host", "try-1")
        clock.passes(CLAIMED_SECONDS + 1)
    sent = ana.sent(found, "try-2", 60)
    assert sent is not None
    assert sent.claim.before is None, "whoever sends has told it"


def test_a_further_try_goes_on_with_the_same_claim(machine: Callable[[str], Claims]) -> None:
    ana = machine("ana")
    first = ana.sent(held(ana.acquire(wanted())), "try-1", 60)
    assert first is not None
    again = ana.sent(first, "try-2", 60)
    assert again is not None
    assert ana.sent(first, "try-3", 60) is None, "the version before is no claim any more"


def test_what_was_given_back_may_be_taken_at_once(machine: Callable[[str], Claims]) -> None:
    ana = machine("ana")
    ana.free(held(ana.acquire(wanted())))
    assert held(machine("ben").acquire(wanted())).key == f"claim/{PRINT}/1"


def test_what_was_bought_is_no_claim_any_more(machine: Callable[[str], Claims]) -> None:
    """Its number stays with it; a reply that came without that being said counts too."""
    ana, ben = machine("ana"), machine("ben")
    sent = ana.sent(held(ana.acquire(wanted())), "try-1", 60)
    assert sent is not None
    assert held(ben.acquire(wanted(came=frozenset({"try-1"})))).key.endswith("/2")
    ana.done(sent)
    assert isinstance(ana.acquire(wanted()), Claim), "the second number is the other machine's"


def test_a_run_of_before_of_the_same_clone_holds_nothing(machine: Callable[..., Claims]) -> None:
    before = machine("ana", "run-1")
    assert before.sent(held(before.acquire(wanted())), "try-1", 60) is not None
    found = held(machine("ana", "run-2").acquire(wanted()))
    assert found.claim.before is None, "this clone's own journal names it"


def test_two_images_of_the_same_inputs_are_two_purchases(machine: Callable[[str], Claims]) -> None:
    """Each machine of a book of both finds the same number for the same image."""
    ana, ben = machine("ana"), machine("ben")
    first, second = held(ana.acquire(wanted(A))), held(ana.acquire(wanted(B)))
    assert (first.key[-2:], second.key[-2:]) == ("/1", "/2")
    for entry in (A, B):
        other = ben.acquire(wanted(entry))
        assert isinstance(other, Claim)
        assert other.entry == entry


def test_an_image_that_this_book_does_not_have_is_waited_for(machine: Callable[[str], Claims]) -> None:
    """Another branch may have renamed the entry: it is the same picture."""
    held(machine("ana").acquire(wanted(EntryId("chapters/ch01/renamed"))))
    assert isinstance(machine("ben").acquire(wanted(A)), Claim)


def test_what_is_asked_for_by_name_takes_the_next_free_number(machine: Callable[[str], Claims]) -> None:
    held(machine("ana").acquire(wanted()))
    assert held(machine("ben").acquire(wanted(anew=True))).key == f"claim/{PRINT}/2"


def test_something_else_under_the_key_is_no_claim(machine: Callable[[str], Claims], objects: Objects) -> None:
    objects.put(f"claim/{PRINT}/1", b"{}")
    with pytest.raises(StoreError, match="is no claim"):
        machine("ana").acquire(wanted())


def test_what_a_run_that_died_had_sent_for_nothing_is_given_back_by_its_clone(machine: Callable[..., Claims]) -> None:
    before = machine("ana", "run-1")
    assert before.sent(held(before.acquire(wanted(A))), "try-1", 60) is not None
    assert before.sent(held(before.acquire(wanted(B))), "try-2", 60) is not None
    machine("ben").forget(PRINT, "try-2")
    assert isinstance(machine("eve").acquire(wanted(B)), Claim), "it is not the other machine's to give back"
    machine("ana", "run-2").forget(PRINT, "try-2")
    assert held(machine("eve").acquire(wanted(B))).key.endswith("/2")
    assert isinstance(machine("eve").acquire(wanted(A)), Claim)


def in_a_job(claims: Claims, attempt: str = "try-1") -> Held:
    joined = claims.joined(held(claims.acquire(wanted())), attempt, "a job of openai", "{}")
    assert joined is not None
    return joined


def at_vendor(claims: Claims) -> Held:
    found = claims.handing_over(in_a_job(claims), "chargen-1")
    assert found is not None
    return found


def test_a_claim_of_a_job_says_that_it_is_one(machine: Callable[[str], Claims]) -> None:
    made = machine("ana").handed_over(at_vendor(machine("ana")), "batch_1", 86_400)
    assert made is not None
    other = machine("ben").acquire(wanted())
    assert str(other) == "ana on host has it in a job of openai (until 2026-11-23 14:02 UTC at most)"
    (found,) = machine("ben").at_vendors(PRINT)
    assert (found.claim.job_name, found.claim.job_id, found.claim.attempt) == ("chargen-1", "batch_1", "try-1")


def test_what_is_to_be_in_a_job_is_taken_over_for_nothing_when_its_time_is_over(
    machine: Callable[[str], Claims], clock: Clock
) -> None:
    """The job was not made: its claims would name it. Whoever lost one keeps it out of the job."""
    ana, ben = machine("ana"), machine("ben")
    joined = in_a_job(ana)
    clock.passes(CLAIMED_SECONDS + 1)
    assert isinstance(ben.acquire(wanted()), Claim), "a job is made at the end of a run"
    assert ben.at_vendors(PRINT) == ()
    clock.passes(JOINED_SECONDS)
    assert held(ben.acquire(wanted())).claim.before is None
    assert ana.handing_over(joined, "chargen-1") is None


def test_what_a_vendor_has_in_a_job_is_not_taken_over_by_the_clock(
    machine: Callable[..., Claims], clock: Clock
) -> None:
    """Nor by another run of the clone that made it; only once it is given back, by whoever asked the vendor."""
    at_vendor(machine("ana"))
    clock.passes(30 * 86_400)
    for claims in (machine("ben"), machine("ana", "run-2")):
        assert isinstance(claims.acquire(wanted()), Claim)
        assert held(claims.acquire(wanted(anew=True))).key.endswith("/2")
        claims.forget(PRINT, "")
    (found,) = machine("ben").at_vendors(PRINT)
    assert machine("ben").is_late(found.claim)
    assert machine("ben").free(found)
    assert not machine("eve").free(found), "it is another version by now"
    taken = held(machine("ben").acquire(wanted()))
    assert (taken.key[-2:], taken.claim.before, taken.claim.job_name) == ("/1", None, "")
