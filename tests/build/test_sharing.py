"""The shared store in one run: how long one that failed is left alone, and what one odd object keeps from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.records import a_record

from chargen.build.attempt import NotClaimedError
from chargen.build.shared_jobs import records_of
from chargen.build.sharing import PAUSE_SECONDS, Sharing
from chargen.config.settings import StoreSettings
from chargen.model.record import to_json
from chargen.model.values import EntryId, Fingerprint
from chargen.store.shared.claims import Claim, ClaimState, Held
from chargen.store.shared.objects import DamagedObjectError, StoreError

LAMP = EntryId("chapters/ch01/lamp")


class Session:
    """As much of a run as the questions here need."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = SimpleNamespace(monotonic=lambda: self.seconds)
        self.project = None


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def sharing(session: Session) -> Sharing:
    settings = StoreSettings("s3://bucket/book")
    store: Any = SimpleNamespace(settings=settings, ledger=None)
    return Sharing(session, store)  # type: ignore[arg-type]


def test_a_store_that_took_long_to_fail_is_left_alone_from_then_on(session: Session, sharing: Sharing) -> None:
    """Else every image would wait as long."""

    def hangs() -> None:
        session.seconds += PAUSE_SECONDS + 15
        raise StoreError("the store did not answer as it should")

    with pytest.raises(StoreError):
        sharing.ask(hangs)
    with pytest.raises(StoreError):
        sharing.ask(pytest.fail, "it is asked again")
    session.seconds += PAUSE_SECONDS
    assert sharing.ask(lambda: "an answer") == "an answer"


def test_one_object_that_can_t_be_read_is_told_and_the_store_is_asked_on(sharing: Sharing) -> None:
    def damaged() -> None:
        raise DamagedObjectError("`claim/x/1` is no claim")

    with pytest.raises(DamagedObjectError) as caught:
        sharing.ask(damaged)
    assert sharing.ask(lambda: "an answer") == "an answer"
    with pytest.raises(NotClaimedError, match=f"`doit --rebuild {LAMP}` buys it under another number"):
        sharing.may_go_on(LAMP, caught.value)


@pytest.mark.parametrize(
    ("attempt", "fingerprint", "of_record", "is_read"),
    [
        ("20261122T140807000123Z-1f2e3d4c", "a", "20261122T140807000123Z-1f2e3d4c", True),
        ("../../elsewhere", "a", "../../elsewhere", False),
        ("20261122T140807000123Z-1f2e3d4c", "b", "20261122T140807000123Z-1f2e3d4c", False),
        ("20261122T140807000123Z-1f2e3d4c", "a", "20261122T140807000124Z-1f2e3d4c", False),
    ],
)
def test_a_record_in_a_claim_counts_only_where_it_is_that_claim_s(
    attempt: str, fingerprint: str, of_record: str, *, is_read: bool
) -> None:
    """Its names become those of files and objects."""
    record = to_json(a_record(attempt=of_record, fingerprint=Fingerprint("a" * 64)))
    claim = Claim("ana", "m", "r", LAMP, ClaimState.SENT, "2026-11-22T14:00:00Z", attempt=attempt, record=record)
    assert bool(records_of([Held(f"claim/{fingerprint * 64}/1", claim, {})])) is is_read
