"""Retrying: what is tried again, how often, and after how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.build.retry import asks_too_long, next_wait
from chargen.model.request import FailureClass, ProviderError

TRANSIENT, AMBIGUOUS = FailureClass.TRANSIENT, FailureClass.AMBIGUOUS


def failed(failure: FailureClass, wait: float | None = None, tries: int | None = None) -> ProviderError:
    return ProviderError(failure, "no", wait=wait, tries=tries)


def test_a_transient_failure_is_tried_five_times_with_growing_waits() -> None:
    """One, two, four and eight seconds, and then no more."""
    failures: list[ProviderError] = []
    waits = []
    for _ in range(5):
        failures.append(failed(TRANSIENT))
        waits.append(next_wait(failures, 0.0))
    assert waits == [1.0, 2.0, 4.0, 8.0, None]


def test_jitter_only_adds() -> None:
    """A wait is at most a quarter longer, and a server's wish is never cut short."""
    assert next_wait([failed(TRANSIENT)] * 3, 1.0) == 5.0
    assert next_wait([failed(TRANSIENT, wait=12.0)], 1.0) == 12.25
    assert next_wait([failed(TRANSIENT, wait=-3.0)], 0.0) == 0.0


def test_the_servers_wish_comes_first_up_to_five_minutes() -> None:
    """What is asked beyond that is not waited for."""
    assert next_wait([failed(TRANSIENT, wait=300.0)], 0.0) == 300.0
    assert next_wait([failed(TRANSIENT, wait=301.0)], 0.0) is None
    assert asks_too_long(failed(TRANSIENT, wait=301.0))
    assert not asks_too_long(failed(FailureClass.REFUSED, wait=301.0))


def test_what_may_have_been_billed_is_tried_again_once() -> None:
    """Also where other failures lie between."""
    assert next_wait([failed(AMBIGUOUS)], 0.0) == 1.0
    assert next_wait([failed(AMBIGUOUS), failed(AMBIGUOUS)], 0.0) is None
    assert next_wait([failed(AMBIGUOUS), failed(TRANSIENT)], 0.0) == 2.0
    assert next_wait([failed(AMBIGUOUS), failed(TRANSIENT), failed(AMBIGUOUS)], 0.0) is None


def test_a_failure_may_allow_fewer_tries() -> None:
    """An empty reply that was billed is not asked for five times, but a rate limit takes none of its tries."""
    empty = failed(TRANSIENT, tries=2)
    assert next_wait([empty], 0.0) == 1.0
    assert next_wait([empty, empty], 0.0) is None
    assert next_wait([failed(TRANSIENT), empty], 0.0) == 2.0
    assert next_wait([failed(TRANSIENT), empty, failed(TRANSIENT)], 0.0) == 4.0
    assert next_wait([failed(TRANSIENT), empty, failed(TRANSIENT), empty], 0.0) is None
    assert next_wait([failed(AMBIGUOUS), empty], 0.0) is None, "each of the two may have cost an image"
    assert next_wait([failed(TRANSIENT, tries=1)], 0.0) is None


@pytest.mark.parametrize(
    "failure", [FailureClass.REFUSED, FailureClass.INVALID, FailureClass.PROVIDER_STOP, FailureClass.OURS]
)
def test_nothing_else_is_tried_again(failure: FailureClass) -> None:
    """Asking again would bring the same answer."""
    assert next_wait([failed(failure, wait=1.0)], 0.0) is None


@given(st.lists(st.sampled_from([TRANSIENT, AMBIGUOUS]), min_size=1, max_size=8), st.floats(0, 1))
def test_no_image_is_ever_sent_for_more_than_five_times(kinds: list[FailureClass], luck: float) -> None:
    """Nor more than twice without an answer, whatever comes in which order."""
    failures: list[ProviderError] = []
    for kind in kinds:
        failures.append(failed(kind))
        if next_wait(failures, luck) is None:
            break
    assert len(failures) <= 5
    assert sum(failure.failure is AMBIGUOUS for failure in failures) <= 2
