"""The verdict, over every combination of its facts: the table row by row, and the promises that cut across it.

A fact that is not asked for can't matter, so combinations are tried by asking: each fact that the judge, the table read
a second time, or a promise asks for takes every value it can have, and no other does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chargen.model.reason import Reason, ReasonCode, flattened
from chargen.model.values import Status, Verdict
from chargen.plan.verdict import Comparison, Force, Judgement, Match, Target, judge

CHANGED = Reason(ReasonCode.INPUT_CHANGED, ("prompt.prompt_used", "changed", "a.yaml:3:5"))
DRIFTED = Reason(ReasonCode.MODEL_CHANGED, ("a", "b"))
GONE = Reason(ReasonCode.PROBLEM, ("reference `a.png` is absent", "a.yaml:3:5"))
PAID = Reason(ReasonCode.PAID_FOR)
MOVED = Reason(ReasonCode.MOVED, ("chapters/ch01/before",))
REFUSED = Reason(ReasonCode.REFUSED_BEFORE, ("no",))
IN_JOB = Reason(ReasonCode.IN_JOB, ("chargen-1", "2026-11-28 10:00"))
BEHIND = Reason(ReasonCode.REFERENCE_IN_JOB, ("generated/p.png",))
SKETCH = Reason(ReasonCode.SKETCH_STANDS_IN)
LOWER = Reason(ReasonCode.LOWER_REPLACES_NOTHING, ("draft",))
TOO_LARGE = Reason(ReasonCode.OBJECTION, ("too large",))

DOMAINS: Mapping[str, tuple[Any, ...]] = {
    "target": tuple(Target),
    "path": ("generated/a.png",),
    "match": tuple(Match),
    "change": tuple(Comparison),
    "changes": ((), (CHANGED,)),
    "status": (None, *Status),
    "note": ("",),
    "has_prompt": (False, True),
    "elsewhere": ("", "art/own.png"),
    "copied": ("", "chapters/ch01/first"),
    "moved": ("", "chapters/ch01/former"),
    "original": (None, MOVED),
    "late": (None, PAID),
    "damaged": ("", "cut short"),
    "stands_in": (None, SKETCH),
    "outranks": (None, LOWER),
    "promoted": (False, True),
    "of_tier": ((),),
    "answered": (False, True),
    "locks_when_absent": (False, True),
    "ignored": (False, True),
    "demand": tuple(Force),
    "drifted": ((), (DRIFTED,)),
    "awaited": ((), ("generated/p.png",)),
    "placed": (None, PAID),
    "in_job": ((), (IN_JOB,)),
    "awaits_jobs": ((), (BEHIND,)),
    "input_blockers": ((), (GONE,)),
    "state_blockers": ((), (REFUSED,)),
    "request_blockers": ((), (TOO_LARGE,)),
}
"""Every fact with all it can be; texts and reasons are there or not."""


class AskedError(Exception):
    """A fact was asked for that no value was chosen for yet."""


class Combination:
    """Facts as far as they were chosen; `closely` are those of the same image with its file read."""

    def __init__(self, chosen: Mapping[str, Any], closely: Combination | None = None) -> None:
        self.chosen = chosen
        self._closely = closely

    def __getattr__(self, name: str) -> Any:
        if name not in self.chosen:
            raise AskedError(name)
        return self.chosen[name]

    @property
    def closely(self) -> Combination:
        return self._closely or self


def of_every_combination(check: Callable[[Any], None]) -> int:
    """Check every combination of the facts that `check` asks for, and return how many there are."""
    count, left = 0, [dict[str, Any]()]
    while left:
        chosen = left.pop()
        try:
            check(Combination(chosen))
        except AskedError as asked:
            name = asked.args[0]
            left.extend({**chosen, name: value} for value in DOMAINS[name])
        else:
            count += 1
    return count


def table(f: Any) -> Verdict:
    """What stands elsewhere comes along, whatever keeps it as it is; else the table as it is for what is in place."""
    verdict = in_place(f)
    stays = verdict in (Verdict.FRESH, Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED)
    is_there = f.target is not Target.ABSENT or bool(f.elsewhere)
    return Verdict.RESTORABLE if stays and is_there and f.moved else verdict


def in_place(f: Any) -> Verdict:
    """The verdict table of docs/design.md read a second time, in another shape: rows of which the first match wins."""

    def there() -> bool:
        return f.target is Target.PRESENT or (f.target is Target.ABSENT and bool(f.elsewhere))

    def kept() -> bool:
        return f.status in (Status.APPROVED, Status.LOCKED)

    def rejected() -> bool:
        return f.status is Status.REJECTED and not f.answered

    def more() -> bool:
        return rejected() or bool(f.drifted)

    def stale() -> bool:
        return f.change is Comparison.DIFFERENT or more() or bool(f.awaited)

    def stands_in() -> bool:
        return f.stands_in is not None

    def stays() -> bool:
        return kept() and not (f.promoted and stands_in())

    def comes_back() -> bool:
        return f.demand is Force.NONE and bool(f.late or (not rejected() and f.original))

    rows: list[tuple[Callable[[], bool], Verdict]] = [
        (lambda: f.status is Status.ARCHIVED or f.ignored, Verdict.SKIPPED),
        (lambda: not f.has_prompt, Verdict.NO_PROMPT),
        (lambda: f.target is Target.POINTER and kept() and f.demand is not Force.REBUILD, Verdict.LOCKED),
        (
            lambda: f.target is Target.POINTER and f.match is Match.OURS and f.demand is Force.NONE and not stale(),
            Verdict.FRESH,
        ),
        (lambda: f.target is Target.POINTER, Verdict.BLOCKED),
        (lambda: there() and f.demand is Force.REBUILD and not f.elsewhere, Verdict.STALE),
        (lambda: there() and not f.elsewhere and bool(f.placed), Verdict.RESTORABLE),
        (lambda: there() and not f.elsewhere and bool(f.damaged) and comes_back(), Verdict.RESTORABLE),
        (lambda: there() and (stays() or (kept() and bool(f.damaged) and not f.elsewhere)), Verdict.LOCKED),
        (lambda: there() and not f.elsewhere and bool(f.damaged), Verdict.BLOCKED),
        (lambda: there() and bool(f.elsewhere), Verdict.UNRECORDED),
        (lambda: there() and f.match is Match.OTHER, Verdict.EDITED),
        (lambda: there() and f.match is Match.UNRECORDED, Verdict.UNRECORDED),
        (lambda: there() and f.demand is Force.AGAIN, Verdict.STALE),
        (lambda: there() and (stale() or stands_in()) and bool(f.late), Verdict.RESTORABLE),
        (
            lambda: there() and f.change is Comparison.DIFFERENT and not (more() or f.awaited) and bool(f.original),
            Verdict.RESTORABLE,
        ),
        (
            lambda: there() and stands_in() and not (f.change is Comparison.DIFFERENT or more() or f.original),
            Verdict.PROOF,
        ),
        (lambda: there() and stale(), Verdict.STALE),
        (lambda: there() and stands_in(), Verdict.RESTORABLE),
        (there, Verdict.FRESH),
        (lambda: f.demand is Force.REBUILD, Verdict.MISSING),
        (comes_back, Verdict.RESTORABLE),
        (lambda: kept() and f.locks_when_absent, Verdict.LOCKED),
        (lambda: True, Verdict.MISSING),
    ]
    return next(verdict for holds, verdict in rows if holds())


def expected(f: Any) -> Verdict:
    """What the table says, unless it would spend and something stands in the way."""
    verdict = table(f)
    if verdict not in (Verdict.MISSING, Verdict.STALE, Verdict.PROOF):
        return verdict
    if (f.demand is not Force.REBUILD and f.in_job) or f.awaits_jobs:
        return Verdict.WAITING
    lower = f.target is Target.PRESENT and f.match is Match.OURS and f.outranks is not None
    blocked = f.input_blockers or f.state_blockers or lower or f.request_blockers
    return Verdict.BLOCKED if blocked else verdict


def test_every_combination_has_the_verdict_of_the_table() -> None:
    """Each combination of facts gets the verdict of its first matching row, with a reason unless it is fresh."""

    def check(facts: Any) -> None:
        judgement = judge(facts)
        if judgement.verdict is not expected(facts):
            pytest.fail(f"{judgement} where the table says {expected(facts)} for {facts.chosen}")
        assert judgement.reasons or judgement.verdict is Verdict.FRESH, facts.chosen
        _keeps_the_promises(facts, judgement)

    assert of_every_combination(check) > 5000


def _keeps_the_promises(facts: Any, judgement: Judgement) -> None:
    """What holds whatever the row: nothing is bought over what the author keeps, or twice, or without its needs."""
    verdict, named = judgement.verdict, facts.demand is Force.REBUILD
    if verdict.spends or verdict is Verdict.RESTORABLE:
        assert facts.has_prompt
        moves = verdict is Verdict.RESTORABLE and bool(facts.moved)
        assert facts.target is not Target.POINTER or moves
        assert facts.target is Target.PRESENT or not facts.elsewhere or moves
        assert (
            moves
            or named
            or facts.target is not Target.PRESENT
            or facts.match is Match.OURS
            or facts.damaged
            or facts.placed
        )
    if verdict.spends:
        promoted = facts.status in (Status.APPROVED, Status.LOCKED) and facts.target is Target.PRESENT
        promoted = promoted and facts.promoted and facts.stands_in is not None
        kept = facts.status in (Status.APPROVED, Status.LOCKED) and not promoted
        assert named or not kept or not facts.locks_when_absent
        assert named or facts.target is not Target.PRESENT or not facts.damaged
        assert not facts.awaits_jobs
        assert named or not facts.in_job
        assert not (facts.input_blockers or facts.state_blockers or facts.request_blockers)
    if judgement.adopt:
        assert facts.target is Target.PRESENT
        assert facts.match is Match.UNRECORDED
    if verdict is Verdict.FRESH and facts.target is Target.PRESENT:
        assert facts.match is Match.OURS


def test_a_file_is_read_before_it_is_replaced_and_not_before() -> None:
    """An equal size is evidence enough for what keeps the file; all else is judged once more, by its hash."""
    found: dict[Verdict, Combination] = {}

    def check(facts: Any) -> None:
        if facts.target is Target.PRESENT:
            found.setdefault(judge(facts).verdict, facts)

    of_every_combination(check)
    assert len(found) == len(set(Verdict)) - 1  # all but missing
    stays = {Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED}
    for by_size, unread in found.items():
        for once_read, read in found.items():
            both = Combination(unread.chosen, closely=read)
            assert judge(both).verdict is (by_size if by_size in stays else once_read)  # type: ignore[arg-type]


def test_what_stays_as_it_is_is_asked_for_nothing_that_costs() -> None:
    """Neither originals nor journal are looked at, nor is its provider asked."""
    costly = {"original", "late", "in_job", "state_blockers", "request_blockers"}

    def check(facts: Any) -> None:
        if judge(facts).verdict in (Verdict.FRESH, Verdict.NO_PROMPT, Verdict.SKIPPED):
            assert not costly & facts.chosen.keys()

    of_every_combination(check)


def facts_of(**values: Any) -> Any:
    """Facts of a present image that its record is of, with all else at rest; `values` differ."""
    at_rest = {name: domain[0] for name, domain in DOMAINS.items()}
    usual = {"target": Target.PRESENT, "match": Match.OURS, "change": Comparison.SAME, "has_prompt": True}
    return Combination({**at_rest, **usual, **values})


def test_a_locked_image_says_what_would_make_it_stale() -> None:
    """An approved image whose prompt changed stays, and its reasons name the change."""
    reasons = judge(facts_of(change=Comparison.DIFFERENT, changes=(CHANGED,), status=Status.APPROVED)).reasons
    assert tuple(map(str, reasons)) == (
        "status is approved",
        "would be stale: prompt used changed (a.yaml:3:5)",
    )
    assert CHANGED in flattened(reasons)


def test_a_stale_image_names_every_reason() -> None:
    """All that makes an image stale is told, not only the first thing found."""
    facts = facts_of(
        change=Comparison.DIFFERENT,
        changes=(Reason(ReasonCode.INPUT_CHANGED, ("size", "changed", "")),),
        status=Status.REJECTED,
        note="the hands",
        drifted=(DRIFTED,),
        awaited=("generated/p.png",),
    )
    assert tuple(map(str, judge(facts).reasons)) == (
        "size changed",
        "status is rejected",
        "note: the hands",
        "model was `a`, is `b`",
        "reference `generated/p.png` will be rebuilt",
    )


def test_an_existing_image_tells_of_an_obstacle_without_failing() -> None:
    """An image that is there stays fresh when its reference is gone, and says so."""
    assert judge(facts_of(change=Comparison.UNKNOWN, input_blockers=(GONE,))) == Judgement(Verdict.FRESH, (GONE,))


def test_a_blocked_image_tells_all_that_is_known_against_it() -> None:
    """Its provider is asked only where nothing else stands in the way."""
    facts = facts_of(
        target=Target.ABSENT, input_blockers=(GONE,), state_blockers=(REFUSED,), request_blockers=(TOO_LARGE,)
    )
    assert judge(facts) == Judgement(Verdict.BLOCKED, (GONE, REFUSED))
    assert judge(facts_of(target=Target.ABSENT, request_blockers=(TOO_LARGE,))) == Judgement(
        Verdict.BLOCKED, (TOO_LARGE,)
    )


def test_a_damaged_file_says_so_whatever_becomes_of_it() -> None:
    """It is restored, kept or told; the reason names the damage."""
    for more in ({"original": PAID}, {"status": Status.LOCKED}, {}):
        judgement = judge(facts_of(match=Match.OTHER, damaged="cut short", **more))
        assert any("cut short" in reason.values for reason in judgement.reasons)
        assert not judgement.adopt
