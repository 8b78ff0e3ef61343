"""Money added up: every attempt once in each table, what nobody knows counted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.actions.cost import Period, period_of, spending
from chargen.cli.spending import images_text, spending_lines
from chargen.errors import StartError
from chargen.model.values import EntryId, Fingerprint
from chargen.store.journal_rows import Attempt, AttemptStatus

AMOUNT = st.one_of(st.none(), st.decimals(0, 5, places=2))


def test_a_sketch_is_no_request():
    """It is drawn here for nothing; what is said of money says how many of the images were paid for."""
    sketches = [attempt(number, provider="sketch", cost=Decimal(0)) for number in range(2)]
    total = spending([*sketches, attempt(2, cost=Decimal("0.04"))]).total
    assert images_text(total) == "3 images (2 of them sketches)"
    assert list(spending_lines(total)) == [
        "1 request sent: 1 brought an image, $0.04",
        "sketched here, without a request: 2 images",
    ]
    assert images_text(spending(sketches).total) == "2 images"


@pytest.mark.parametrize("status", [AttemptStatus.SENT, AttemptStatus.POSSIBLY_BILLED])
def test_a_sketch_that_was_not_drawn_to_its_end_counts_for_nothing(status):
    """A killed run leaves it in flight, the next one settles it: neither says that a request may have been billed."""
    killed = attempt(0, status=status, provider="sketch", estimate=Decimal(0), possibly=True)
    found = spending([killed, attempt(1, provider="sketch", cost=Decimal(0))])
    for row in (*found.by_day, *found.by_provider, *found.by_file, found.total):
        assert (row.sent, row.images, row.possibly, row.failures) == (1, 1, 0, 0)
    assert list(spending_lines(found.total)) == []
    beside = spending([killed, attempt(1, status=AttemptStatus.FAILED)]).total
    assert list(spending_lines(beside)) == ["1 request sent: 1 failed for free"]


def attempt(number=0, day="2026-11-22", status=AttemptStatus.DONE, cost=None, estimate=None, possibly=False, **named):
    return Attempt(
        attempt_id=f"attempt-{number}",
        task_id=EntryId(named.get("task", "chapters/ch01/a")),
        run_id="run",
        number=1,
        provider=named.get("provider", "openai"),
        model="m",
        fingerprint=Fingerprint("f" * 64),
        status=status,
        sent_at=f"{day}T12:00:00.000000Z",
        cost_usd=cost,
        cost_estimate_usd=estimate,
        possibly_billed=possibly,
    )


ATTEMPTS = st.lists(
    st.builds(
        attempt,
        day=st.sampled_from(["2026-10-31", "2026-11-01", "2026-11-22"]),
        status=st.sampled_from(AttemptStatus),
        cost=AMOUNT,
        estimate=AMOUNT,
        possibly=st.booleans(),
        task=st.sampled_from(["chapters/ch01/a", "chapters/ch01/b", "locations/inn/hall"]),
        provider=st.sampled_from(["openai", "google", "sketch"]),
    ),
    max_size=12,
)


@given(ATTEMPTS)
def test_every_table_adds_up_to_the_total(attempts):
    """Rows of one table sum to the total; every attempt is an image, a failure, in doubt or in a job."""
    found = spending(attempts)
    for rows in (found.by_day, found.by_provider, found.by_file):
        sums = (
            "images",
            "usd",
            "estimated_usd",
            "failures",
            "failed_usd",
            "possibly",
            "possibly_usd",
            "waiting",
            "waiting_usd",
        )
        for name in (*sums, "unknown"):
            assert sum(getattr(row, name) for row in rows) == getattr(found.total, name)
    total = found.total
    assert total.images + total.failures + total.possibly + total.waiting == total.sent
    nothing = [one for one in attempts if one.provider == "sketch" and one.unanswered]
    assert total.sent == sum(attempt.status is not AttemptStatus.NOT_TAKEN for attempt in attempts) - len(nothing)
    assert total.failed_for_free >= 0
    assert total.requests >= total.failed_for_free + total.possibly


def test_rows_are_days_routes_and_files():
    """One attempt in November by Google for a location."""
    found = spending([attempt(task="locations/inn/hall", provider="google", cost=Decimal("0.04"))])
    assert [row.name for row in (*found.by_day, *found.by_provider, *found.by_file)] == [
        "2026-11-22",
        "google/m",
        "locations/inn",
    ]
    assert found.total.usd == Decimal("0.04")


def test_failures_and_possibly_billed_stand_apart_and_an_unknown_amount_is_not_nothing():
    """A refusal that was billed, a request that died, and a picture of which nobody knows the price."""
    found = spending(
        [
            attempt(status=AttemptStatus.FAILED, cost=Decimal("0.01"), estimate=Decimal("0.05")),
            attempt(status=AttemptStatus.FAILED),
            attempt(status=AttemptStatus.POSSIBLY_BILLED, estimate=Decimal("0.05")),
            attempt(status=AttemptStatus.DONE),
            attempt(status=AttemptStatus.DONE, estimate=Decimal("0.05")),
        ]
    ).total
    assert (found.failures, found.failed_usd) == (2, Decimal("0.01"))
    assert (found.possibly, found.possibly_usd) == (1, Decimal("0.05"))
    assert (found.images, found.usd, found.estimated_usd, found.unknown) == (2, Decimal("0.05"), Decimal("0.05"), 1)


def test_a_month_and_a_day_bound_what_counts():
    """The first of a month is in it, the first of the next is not; a day counts from its beginning."""
    attempts = [attempt(day=day) for day in ("2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01")]
    assert spending(attempts, period_of(None, "2026-11")).total.images == 2
    assert spending(attempts, period_of(None, "2026-12")).total.images == 1
    assert spending(attempts, period_of("2026-11-30", None)).total.images == 2
    assert period_of(None, None) == Period()


@pytest.mark.parametrize(
    ("since", "month"),
    [("yesterday", None), ("2026-11", None), (None, "2026-13"), (None, "11/2026"), ("2026-11-01", "2026-11")],
)
def test_what_is_no_date_is_refused_with_an_example(since, month):
    """Each misspelling, and both options at once."""
    with pytest.raises(StartError) as failure:
        period_of(since, month)
    assert failure.value.problems[0].hint


def test_a_sum_with_unknown_parts_is_at_least_what_is_known():
    """Of two images one has no known price, of two nobody knows any: neither is told as if it were whole."""
    assert next(spending_lines(spending([attempt(0, cost=Decimal("0.05")), attempt(1)]).total)) == (
        "2 requests sent: 2 brought an image, at least $0.05"
    )
    assert next(spending_lines(spending([attempt(0), attempt(1)]).total)) == (
        "2 requests sent: 2 brought an image, unknown cost"
    )


def test_requests_that_failed_for_free_are_told():
    """A wrong key: the server was asked, and nothing was paid."""
    failed = [attempt(0, status=AttemptStatus.FAILED)]
    assert list(spending_lines(spending(failed).total)) == ["1 request sent: 1 failed for free"]
    assert list(spending_lines(spending([attempt(0, status=AttemptStatus.FAILED, provider="sketch")]).total)) == []
