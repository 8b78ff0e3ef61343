"""What a run takes on: selection, needs, number and budget, always in plan order, nothing left out unnamed."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chargen.cli.spending import price_text
from chargen.errors import Position, warning
from chargen.model.entries import Declared, Entry, Outputs
from chargen.model.reason import Reason, ReasonCode
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Route, Size, Verdict
from chargen.plan.budget import Ledger
from chargen.plan.choice import Choice, choose, smallest
from chargen.plan.plan import Plan, Planned, PlannedReference, besides_images, total_cost, totals
from chargen.plan.verdict import Judgement


def image(name: str, verdict: Verdict, *needs: str, price: str | None = "0.10", most: str | None = None) -> Planned:
    entry = Entry(
        id=EntryId(name),
        kind="chapter",
        file="imagery/a.yaml",
        position=Position("imagery/a.yaml", 4, 5),
        path=(),
        title=name,
        prompt=Traced.of("x", "prompt_used"),
        negative_prompt=(),
        size=Size(64, 48),
        status=None,
        depicts=(),
        always=(),
        colours=(),
        declared=Declared(),
        outputs=Outputs(),
        data={},
    )
    references = tuple(PlannedReference(f"generated/{need}.png", need, None, EntryId(need)) for need in needs)
    cost = (None if price is None else Decimal(price)) if verdict.spends else Decimal(0)
    return Planned(
        entry=entry,
        target=f"generated/{name}.png",
        prompt_file=f"generated/prompts/{name}.txt",
        references=references,
        composed=None,
        inputs=None,
        fingerprint=None,
        judgement=Judgement(verdict, (Reason(ReasonCode.SENTENCE, ("because",)),)),
        route=Route("openai", "m"),
        cost_usd=cost,
        most_usd=Decimal(most) if most is not None and cost else cost,
    )


M, F, B, L = Verdict.MISSING, Verdict.FRESH, Verdict.BLOCKED, Verdict.LOCKED
BOOK = Plan((image("p", M), image("q", F), image("a", M, "p"), image("b", F, "q"), image("c", M, "q"), image("d", B)))


def names(choice: Choice) -> list[str]:
    return [item.id for item in choice.images]


def ids(*names_: str) -> tuple[EntryId, ...]:
    return tuple(EntryId(name) for name in names_)


def test_a_needed_portrait_comes_along_and_is_named() -> None:
    """Selecting one image brings the missing portrait it references, before it; a fresh one stays away."""
    choice = choose(BOOK, ids("a", "c"))
    assert names(choice) == ["p", "a", "c"]
    assert dict(choice.needed_by) == {"p": "a"}


def test_a_fresh_image_brings_nothing() -> None:
    """What needs nothing is not taken on, nor what it references."""
    choice = choose(BOOK, ids("b"))
    assert names(choice) == []
    assert [item.id for item in choice.untouched] == ["b"]


def test_a_blocked_image_is_taken_on_so_that_it_fails_with_its_reason() -> None:
    """A blocked image is part of the run, and its needs are not built for it."""
    assert names(choose(BOOK, ids("d"))) == ["d"]


def test_needed_portraits_count_in_max_tasks() -> None:
    """Of two allowed images one is the portrait; what is left out is named."""
    choice = choose(BOOK, ids("a", "c"), max_tasks=2)
    assert names(choice) == ["p", "a"]
    assert [(item.image.id, item.reason) for item in choice.left_out] == [("c", "`--max-tasks 2`")]


def test_what_needs_something_left_out_is_left_out() -> None:
    """An image is never built without its reference, also where the budget stops the reference."""
    plan = Plan((image("p", M, price="0.50"), image("a", M, "p"), image("c", M)))
    choice = choose(plan, ids("p", "a", "c"), budget=Decimal("0.30"))
    assert names(choice) == ["c"]
    reasons = {item.image.id: item.reason for item in choice.left_out}
    assert reasons == {
        "p": "over budget: $0.50, $0.30 of the run's $0.30 left",
        "a": "needs `p`, which is left out",
    }


def test_an_unknown_price_does_not_fit_under_a_budget() -> None:
    """Unknown is never taken for nothing."""
    plan = Plan((image("a", M, price=None),))
    assert names(choose(plan, ids("a"))) == ["a"]
    choice = choose(plan, ids("a"), budget=Decimal(100))
    assert names(choice) == []
    helps = "set `price` of its provider where the server is your own, or build without a budget"
    assert choice.left_out[0].reason == f"over budget: its price is unknown; {helps}"


@given(
    st.lists(st.sampled_from(["0", "0.01", "0.2", "0.5"]), max_size=8),
    st.sampled_from(["0", "0.01", "0.3", "0.7", "9"]),
    st.none() | st.integers(0, 8),
)
def test_budget_and_number_are_never_exceeded(prices: list[str], budget: str, most: int | None) -> None:
    """Whatever the prices: what is chosen fits, keeps plan order, and all the rest is named."""
    plan = Plan(tuple(image(str(number), M, price=price) for number, price in enumerate(prices)))
    choice = choose(plan, [item.id for item in plan.images], max_tasks=most, budget=Decimal(budget))
    assert total_cost(choice.images).known <= Decimal(budget)
    assert most is None or len(choice.images) <= most
    assert names(choice) == sorted(names(choice), key=int)
    assert {*names(choice)} | {item.image.id for item in choice.left_out} == {item.id for item in plan.images}


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 200)), max_size=8), st.integers(0, 300), st.randoms())
def test_what_was_chosen_fits_in_whatever_order_it_is_sent(
    prices: list[tuple[int, int]], budget: int, luck: Random
) -> None:
    """Providers overtake each other: each is sent with room for its most, while the others keep to their estimates."""
    cents = Decimal("0.01")
    images = [
        image(str(number), M, price=str(price * cents), most=str((price + beyond) * cents))
        for number, (price, beyond) in enumerate(prices)
    ]
    choice = choose(Plan(tuple(images)), [item.id for item in images], budget=budget * cents)
    ledger = Ledger(budget * cents)
    for item in luck.sample(choice.images, len(choice.images)):
        ledger.reserve(item.cost_usd, item.most_usd)
        ledger.settle(item.most_usd, item.cost_usd)
    assert ledger.spent == total_cost(choice.images).usd


def test_a_price_that_may_come_to_more_says_so() -> None:
    """What is left for one image is what the others leave, with room for the dearest of them."""
    plan = Plan((image("a", M, price="0.10", most="0.60"), image("b", M, price="0.05", most="0.30"), image("c", M)))
    reasons = {
        budget: [(item.image.id, item.reason) for item in choose(plan, ids("a", "b", "c"), budget=budget).left_out]
        for budget in map(Decimal, ("0.74", "0.59", "0.64"))
    }
    assert reasons == {
        Decimal("0.74"): [("c", "over budget: $0.10, $0.09 of the run's $0.74 left")],
        Decimal("0.59"): [("a", "over budget: $0.10 and at most $0.60, $0.59 of the run's $0.59 left")],
        Decimal("0.64"): [
            ("b", "over budget: $0.05 and at most $0.30, $0.29 of the run's $0.64 left"),
            ("c", "over budget: $0.10, $0.04 of the run's $0.64 left"),
        ],
    }


def with_variants(name: str, verdict: Verdict, more: int, *needs: str) -> Planned:
    made = image(name, M, *needs)
    return replace(
        made, judgement=Judgement(verdict), more=more, cost_usd=(made.cost_usd or 0) * (more + verdict.spends)
    )


def test_variants_are_taken_one_by_one() -> None:
    """As many as fit, in plan order; what is left of them is named with its image, which keeps its place."""
    plan = Plan((with_variants("a", M, 2), with_variants("b", F, 2), image("c", M)))
    choice = choose(plan, ids("a", "b", "c"), budget=Decimal("0.45"))
    assert [(item.id, item.more, item.cost_usd) for item in choice.images] == [
        ("a", 2, Decimal("0.30")),
        ("b", 1, Decimal("0.10")),
    ]
    assert [(item.image.id, item.reason) for item in choice.left_out] == [
        ("c", "over budget: $0.10, $0.05 of the run's $0.45 left"),
        ("b", "1 of its variants: over budget: $0.10, $0.05 of the run's $0.45 left"),
    ]
    few = choose(plan, ids("a", "b"), max_tasks=1)
    assert [(item.id, item.sends) for item in few.images] == [("a", 1)]
    assert [item.image.id for item in few.left_out] == ["a", "b"]


def test_who_shows_a_picture_waits_for_none_of_its_variants() -> None:
    """A portrait that is there is not brought along for them; those that are left out keep nobody from being made."""
    plan = Plan((with_variants("p", F, 2), image("a", M, "p"), with_variants("q", M, 2), image("b", M, "q")))
    assert names(choose(plan, ids("a"))) == ["a"]
    choice = choose(plan, ids("b", "q"), budget=Decimal("0.20"))
    assert [(item.id, item.more) for item in choice.images] == [("q", 1)]
    assert names(choose(plan, ids("b", "q"), budget=Decimal("0.40"))) == ["q", "b"]


def test_totals_and_costs() -> None:
    """Counts by verdict; an unknown price makes the sum unknown."""
    assert totals(BOOK.images) == {"fresh": 2, "missing": 3, "blocked": 1}
    assert total_cost(BOOK.images).usd == Decimal("0.30")
    some = total_cost((image("a", M, price=None), image("b", M)))
    assert (some.usd, some.known, some.unknown) == (None, Decimal("0.10"), 1)
    assert price_text(some) == "at least $0.10"
    assert some.to_json() == {"cost_usd": None, "known_cost_usd": 0.1}


def test_the_json_of_a_plan_has_the_fixed_names() -> None:
    """Other people's scripts rely on these names and shapes."""
    shown = image("a", M, "p")
    assert besides_images((shown,), (warning("odd", Position("x.yaml", 2, 3), "mend it"),)) == {
        "problems": [
            {"severity": "warning", "file": "x.yaml", "line": 2, "column": 3, "message": "odd", "hint": "mend it"}
        ],
        "totals": {"missing": 1},
        "cost_usd": 0.1,
        "known_cost_usd": 0.1,
    }
    assert shown.to_json() == {
        "id": "a",
        "kind": "chapter",
        "file": "imagery/a.yaml",
        "line": 4,
        "target": "generated/a.png",
        "prompt_file": "generated/prompts/a.txt",
        "references": ["generated/p.png"],
        "verdict": "missing",
        "reasons": ["because"],
        "provider": "openai",
        "model": "m",
        "quality": None,
        "size": "64x48",
        "cost_usd": 0.1,
    }


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_three_verdicts_spend(verdict: Verdict) -> None:
    """Missing, stale and proof send a request; nothing else does."""
    assert verdict.spends == (verdict in (Verdict.MISSING, Verdict.STALE, Verdict.PROOF))


def test_the_tightest_limit_counts() -> None:
    """Of a run's budget, a setting and none at all, the smallest that is set."""
    assert smallest(None, Decimal(3), Decimal(2)) == 2
    assert smallest(None, None) is None
