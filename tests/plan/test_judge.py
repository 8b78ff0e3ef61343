"""The judge, over every combination of its facts: the verdict table row by row, and the promises that cut across it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chargen.model.reason import Reason, ReasonCode, flattened
from chargen.model.values import Status, Verdict
from chargen.plan.verdict import Change, Demand, Facts, Judgement, Match, Target, judge

APPROVED = (Status.APPROVED, Status.LOCKED)
DRIFTED = Reason(ReasonCode.MODEL_CHANGED, ("a", "b"))
GONE = Reason(ReasonCode.PROBLEM, ("reference `a.png` is absent",))


def every_combination() -> Iterator[Facts]:
    """Yield all facts: each enumeration whole, each text both empty and not."""
    flags = (False, True)
    for target, match, change, status, demand in itertools.product(Target, Match, Change, (None, *Status), Demand):
        for prompt, ignored, sketched, to_sketch, answered, locks in itertools.product(flags, repeat=6):
            if not prompt and (ignored or sketched or to_sketch or answered or not locks):
                continue  # without a prompt, as `test_no_prompt_wins` shows, nothing else counts
            for elsewhere, original, drifted, awaited, obstacle in itertools.product(flags, repeat=5):
                yield Facts(
                    target=target,
                    match=match,
                    change=change,
                    status=status,
                    has_prompt=prompt,
                    elsewhere="art/own.png" if elsewhere else "",
                    original=".chargen/originals/x" if original else "",
                    sketched=sketched,
                    routed_to_sketch=to_sketch,
                    answered=answered,
                    locks_when_absent=locks,
                    ignored=ignored,
                    demand=demand,
                    drifted=(DRIFTED,) if drifted else (),
                    awaited=("generated/p.png",) if awaited else (),
                    obstacles=(GONE,) if obstacle else (),
                )


def expected(f: Facts) -> Verdict:
    """The verdict table of docs/design.md read a second time, in another shape: rows of which the first match wins."""
    there = f.target is Target.PRESENT or (f.target is Target.ABSENT and bool(f.elsewhere))
    pointer, absent = f.target is Target.POINTER, f.target is Target.ABSENT and not f.elsewhere
    by_name = f.demand is Demand.REBUILD
    rejected = f.status is Status.REJECTED and not f.answered
    changed = f.change is Change.DIFFERENT or rejected or bool(f.drifted)
    stale = changed or bool(f.awaited)
    stands_in = f.sketched and not f.routed_to_sketch
    only_inputs = f.change is Change.DIFFERENT and not (rejected or f.drifted or f.awaited)
    rows = [
        (f.status is Status.ARCHIVED or f.ignored, Verdict.SKIPPED),
        (not f.has_prompt, Verdict.NO_PROMPT),
        (pointer and f.status in APPROVED and not by_name, Verdict.LOCKED),
        (pointer and f.match is Match.OURS and f.demand is Demand.NONE and not stale, Verdict.FRESH),
        (pointer, Verdict.BLOCKED),
        (there and by_name and not f.elsewhere, Verdict.STALE),
        (there and f.status in APPROVED, Verdict.LOCKED),
        (there and bool(f.elsewhere), Verdict.UNRECORDED),
        (there and f.match is Match.OTHER, Verdict.EDITED),
        (there and f.match is Match.UNRECORDED, Verdict.UNRECORDED),
        (there and f.demand is Demand.AGAIN, Verdict.STALE),
        (there and only_inputs and bool(f.original), Verdict.RESTORABLE),
        (there and stands_in and not (changed or f.original), Verdict.PROOF),
        (there and stale, Verdict.STALE),
        (there and stands_in, Verdict.RESTORABLE),
        (there, Verdict.FRESH),
        (absent and by_name, Verdict.MISSING),
        (
            absent and bool(f.original) and not rejected and f.demand is Demand.NONE,
            Verdict.RESTORABLE,
        ),
        (absent and f.status in APPROVED and f.locks_when_absent, Verdict.LOCKED),
        (absent, Verdict.MISSING),
    ]
    verdict = next(verdict for holds, verdict in rows if holds)
    paid_for = f.target is Target.PRESENT and not f.sketched and f.match is Match.OURS
    if verdict in (Verdict.MISSING, Verdict.STALE, Verdict.PROOF) and (
        f.obstacles or (f.routed_to_sketch and paid_for)
    ):
        return Verdict.BLOCKED
    return verdict


def test_every_combination_has_the_verdict_of_the_table() -> None:
    """Each combination of facts gets the verdict of its first matching row, with a reason unless it is fresh."""
    count = 0
    for facts in every_combination():
        judgement = judge(facts)
        if judgement.verdict is not expected(facts):
            pytest.fail(f"{judgement} where the table says {expected(facts)} for {facts}")
        assert judgement.reasons or judgement.verdict is Verdict.FRESH, facts
        _promises(facts, judgement)
        count += 1
    assert count == 513_216


def _promises(facts: Facts, judgement: Judgement) -> None:
    """What holds whatever the row: nothing is bought over what the author keeps, or twice, or without its needs."""
    verdict = judgement.verdict
    if verdict.spends:
        assert facts.has_prompt
        assert facts.target is not Target.POINTER
        assert not facts.obstacles
        by_name = facts.demand is Demand.REBUILD
        assert by_name or facts.status not in APPROVED or not facts.locks_when_absent
        assert by_name or facts.target is not Target.PRESENT or facts.match is Match.OURS
        assert not facts.elsewhere or facts.target is Target.PRESENT
    if judgement.adopt:
        assert facts.target is Target.PRESENT
        assert facts.match is Match.UNRECORDED
    if verdict is Verdict.FRESH and facts.target is Target.PRESENT:
        assert facts.match is Match.OURS


def test_no_prompt_wins() -> None:
    """Without a prompt nothing is asked for, whatever stands at the target and whoever asks."""
    for target, match, demand in itertools.product(Target, Match, Demand):
        facts = Facts(target, match, has_prompt=False, demand=demand, obstacles=(GONE,), original="y")
        assert judge(facts).verdict is Verdict.NO_PROMPT


def test_a_locked_image_says_what_would_make_it_stale() -> None:
    """An approved image whose prompt changed stays, and its reasons name the change."""
    change = Reason(ReasonCode.INPUT_CHANGED, ("prompt.prompt_used", "changed", "a.yaml:3:5"))
    facts = Facts(Target.PRESENT, Match.OURS, Change.DIFFERENT, Status.APPROVED, changes=(change,))
    reasons = judge(facts).reasons
    assert tuple(map(str, reasons)) == (
        "status is approved",
        "would be stale: prompt used changed (a.yaml:3:5)",
    )
    assert change in flattened(reasons)


def test_a_stale_image_names_every_reason() -> None:
    """All that makes an image stale is told, not only the first thing found."""
    facts = Facts(
        Target.PRESENT,
        Match.OURS,
        Change.DIFFERENT,
        Status.REJECTED,
        changes=(Reason(ReasonCode.INPUT_CHANGED, ("size", "changed", "")),),
        drifted=(DRIFTED,),
        awaited=("generated/p.png",),
    )
    assert tuple(map(str, judge(facts).reasons)) == (
        "size changed",
        "status is rejected",
        "model was `a`, is `b`",
        "reference `generated/p.png` will be rebuilt",
    )


def test_an_existing_image_tells_of_an_obstacle_without_failing() -> None:
    """An image that is there stays fresh when its reference is gone, and says so."""
    facts = Facts(Target.PRESENT, Match.OURS, Change.UNKNOWN, obstacles=(GONE,))
    assert judge(facts) == Judgement(Verdict.FRESH, (GONE,))


def test_a_damaged_file_is_restored_or_told_and_never_bought_over() -> None:
    """It is neither kept as work nor taken over, whatever its records say; a new image has to be asked for by name."""
    for match, status, demand, original, answered, elsewhere, change in itertools.product(
        (Match.OTHER, Match.UNRECORDED), (None, *Status), Demand, ("", "x"), (False, True), ("", "art/own.png"), Change
    ):
        facts = Facts(
            Target.PRESENT,
            match,
            change,
            status,
            original=original,
            answered=answered,
            demand=demand,
            elsewhere=elsewhere,
            damaged="cut short",
        )
        whole = replace(facts, damaged="")
        got = judge(facts)
        rejected = status is Status.REJECTED and not answered
        if status is Status.ARCHIVED or elsewhere or demand is Demand.REBUILD:
            assert got == judge(whole)
        elif original and not rejected and demand is Demand.NONE:
            assert got.verdict is Verdict.RESTORABLE
        elif status in APPROVED:
            assert got.verdict is Verdict.LOCKED
        else:
            assert got.verdict is Verdict.BLOCKED
        if got.verdict is not judge(whole).verdict:
            assert any("cut short" in reason.values for reason in got.reasons) and not got.adopt
