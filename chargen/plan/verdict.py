"""The one place that decides what a build does with a planned image: facts in, a verdict with reasons out.

Laws: total (every combination of facts has a verdict), pure, first matching row wins, in the order of the verdict
table in docs/design.md; a fact is asked for only where a row needs it, so that a fresh image costs no more than a look
at its size; texts and reasons are only carried on, never looked at. Planning asks it, and a build asks it again
immediately before a call.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from chargen.model.reason import Reason, ReasonCode
from chargen.model.values import Status, Verdict

if TYPE_CHECKING:
    from chargen.plan.facts import GatheredFacts


class Target(str, Enum):
    """What stands at the image's path."""

    ABSENT = "absent"
    PRESENT = "present"
    POINTER = "pointer"
    """A Git LFS pointer: the picture itself is not here."""


class Match(str, Enum):
    """What ties the file to a record."""

    UNRECORDED = "unrecorded"
    """There is no record for this target at all."""
    OURS = "ours"
    """A record's file hash is the file's (or its size or LFS oid is, which is evidence enough)."""
    OTHER = "other"
    """There are records, and none is of these bytes."""


class Comparison(str, Enum):
    """How the recorded inputs compare with today's."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """Nothing to compare: no record, or today's inputs are unknown (a reference is gone)."""


class Force(str, Enum):
    """Whether someone asked for a new image by name."""

    NONE = "none"
    AGAIN = "again"
    """`-a NAME`: build although fresh; locked and hand-painted images stay."""
    REBUILD = "rebuild"
    """`--rebuild NAME`: build whatever it is."""


class Judgement(Struct, frozen=True):
    """A verdict and why. `adopt` asks to record the present file under today's inputs."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    adopt: bool = False


_KEEPS_THE_FILE = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED, Verdict.MISSING})
"""Verdicts that replace no file: an equal size is evidence enough for them."""


def judge(facts: GatheredFacts) -> Judgement:
    """Decide. Total: every combination of facts gets a verdict."""
    found = wanted(facts)
    if not found.verdict.spends:
        return found
    facts = facts.closely
    if waits := (facts.demand is not Force.REBUILD and facts.in_job) or facts.awaits_jobs:
        return Judgement(Verdict.WAITING, waits)
    if reasons := (*facts.input_blockers, *facts.state_blockers):
        return Judgement(Verdict.BLOCKED, reasons)
    if facts.target is Target.PRESENT and facts.match is Match.OURS and facts.outranks is not None:
        return Judgement(Verdict.BLOCKED, (facts.outranks, *found.reasons))
    return Judgement(Verdict.BLOCKED, facts.request_blockers) if facts.request_blockers else found


def wanted(facts: GatheredFacts) -> Judgement:
    """Say what is to be done with an image, whatever stands in the way of making a new one."""
    found = _row(facts)
    return found if found.verdict in _KEEPS_THE_FILE else _row(facts.closely)


def _row(facts: GatheredFacts) -> Judgement:
    if facts.status is Status.ARCHIVED:
        return Judgement(Verdict.SKIPPED, _because(ReasonCode.ARCHIVED))
    if facts.ignored:
        return Judgement(Verdict.SKIPPED, _because(ReasonCode.IGNORED))
    if not facts.has_prompt:
        return Judgement(Verdict.NO_PROMPT, _because(ReasonCode.NO_PROMPT))
    if facts.target is Target.POINTER:
        return _moved(_pointer(facts), facts)
    if facts.target is Target.PRESENT or facts.elsewhere:
        return _moved(_present(facts), facts)
    return _absent(facts)


def _moved(found: Judgement, facts: GatheredFacts) -> Judgement:
    """Let a picture that stands elsewhere come to its target; what it is there is judged again once it has."""
    if not facts.moved or found.verdict is Verdict.BLOCKED:
        return found
    moved = Reason(ReasonCode.MOVED, (facts.moved,))
    if found.verdict in _STAYS:
        return Judgement(Verdict.RESTORABLE, (moved, *found.reasons))
    return Judgement(found.verdict, (*found.reasons, moved))


_STAYS = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED})


def _present(facts: GatheredFacts) -> Judgement:  # noqa: C901, PLR0911 - one return for each row of the table
    if facts.demand is Force.REBUILD and not facts.elsewhere:
        return Judgement(Verdict.STALE, _because(ReasonCode.REBUILD_ASKED))
    if facts.placed and not facts.elsewhere:
        return _paid_before(facts.placed, _because(ReasonCode.REPLY_NOT_IN_PLACE))
    if facts.damaged and not facts.elsewhere:
        return _damaged(facts)
    stale = _stale_reasons(facts)
    promotes = facts.promoted and facts.stands_in is not None
    if facts.status is not None and facts.status.keeps and not promotes:
        would = (Reason(ReasonCode.WOULD_BE_STALE, causes=stale),) if stale and facts.match is Match.OURS else ()
        return Judgement(Verdict.LOCKED, (*_because(ReasonCode.HELD, facts.status.value), *facts.of_tier, *would))
    if facts.elsewhere:
        return Judgement(Verdict.UNRECORDED, _because(ReasonCode.PICTURE_ELSEWHERE, facts.elsewhere))
    if facts.match is Match.OTHER:
        return Judgement(Verdict.EDITED, _because(ReasonCode.PAINTED_OVER))
    if facts.match is Match.UNRECORDED:
        return Judgement(Verdict.UNRECORDED, _because(ReasonCode.BEFORE_RECORDS), adopt=True)
    if facts.demand is Force.AGAIN:
        return Judgement(Verdict.STALE, _because(ReasonCode.AGAIN_ASKED))
    proof = facts.stands_in
    if not (stale or proof):
        hindered = facts.input_blockers if facts.change is Comparison.UNKNOWN else ()
        return Judgement(Verdict.FRESH, (*hindered, *facts.of_tier))
    approved = _because(ReasonCode.DRAFT_APPROVED) if promotes else ()
    if facts.late:
        changes = facts.changes or _because(ReasonCode.REPLY_NOT_IN_PLACE)
        return _paid_before(facts.late, (*changes, *approved))
    changed, further = facts.change is Comparison.DIFFERENT, bool(facts.drifted) or _rejected(facts)
    if proof and not (changed or further or facts.original):
        return Judgement(Verdict.PROOF, (proof, *approved, *stale))
    if stale and not (changed and not further and not facts.awaited and facts.original):
        return Judgement(Verdict.STALE, (*stale, *approved))
    assert facts.original is not None
    return _paid_before(facts.original, (*stale, *approved))


def _damaged(facts: GatheredFacts) -> Judgement:
    """Judge a file that is no picture: nobody's work is lost by restoring over it, but nothing is bought for it."""
    if facts.demand is Force.NONE and (paid := _restores(facts)):
        return _paid_before(paid, _because(ReasonCode.DAMAGED, facts.damaged))
    if facts.status is not None and facts.status.keeps:
        held = _because(ReasonCode.HELD, facts.status.value)
        return Judgement(Verdict.LOCKED, (*held, *_because(ReasonCode.DAMAGED_FOR_GOOD, facts.damaged)))
    return Judgement(Verdict.BLOCKED, _because(ReasonCode.DAMAGED, facts.damaged))


def _absent(facts: GatheredFacts) -> Judgement:
    if facts.demand is Force.REBUILD:
        return Judgement(Verdict.MISSING, _because(ReasonCode.REBUILD_ASKED))
    if facts.demand is Force.NONE and (paid := _restores(facts)):
        return _paid_before(paid, ())
    if facts.status is not None and facts.status.keeps and facts.locks_when_absent:
        return Judgement(Verdict.LOCKED, _because(ReasonCode.HELD_AND_GONE, facts.status.value, facts.path))
    copied = _because(ReasonCode.COPIED, facts.copied) if facts.copied else ()
    rejected = _rejection(facts) if not facts.late else ()
    waits = (Reason(ReasonCode.REFERENCE_FIRST, (target,)) for target in facts.awaited)
    return Judgement(Verdict.MISSING, (*_because(ReasonCode.NOT_BUILT), *copied, *rejected, *waits))


def _restores(facts: GatheredFacts) -> Reason | None:
    """Return what was paid for that takes the place of a picture that is gone; a late reply serves a rejection."""
    return facts.late or (None if _rejected(facts) else facts.original)


def _paid_before(paid: Reason, reasons: tuple[Reason, ...]) -> Judgement:
    return Judgement(Verdict.RESTORABLE, (*reasons, paid))


def _pointer(facts: GatheredFacts) -> Judgement:
    if facts.status is not None and facts.status.keeps and facts.demand is not Force.REBUILD:
        return Judgement(Verdict.LOCKED, _because(ReasonCode.HELD, facts.status.value))
    if facts.match is not Match.OURS:
        return Judgement(Verdict.BLOCKED, _because(ReasonCode.POINTER))
    stale = _stale_reasons(facts)
    if facts.demand is not Force.NONE or stale:
        return Judgement(Verdict.BLOCKED, (*stale, *_because(ReasonCode.POINTER)))
    return Judgement(Verdict.FRESH, _because(ReasonCode.POINTER_TO_RECORDED))


def _stale_reasons(facts: GatheredFacts) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    if facts.change is Comparison.DIFFERENT:
        reasons.extend(facts.changes or _because(ReasonCode.INPUTS_CHANGED))
    elif facts.awaited:
        reasons.extend(facts.changes)
    reasons.extend(_rejection(facts))
    reasons.extend(facts.drifted)
    reasons.extend(Reason(ReasonCode.REFERENCE_REBUILT, (target,)) for target in facts.awaited)
    return tuple(reasons)


def _rejection(facts: GatheredFacts) -> tuple[Reason, ...]:
    """Return that the picture is rejected, with the author's words on it."""
    if not _rejected(facts):
        return ()
    return (*_because(ReasonCode.REJECTED), *(_because(ReasonCode.NOTE, facts.note) if facts.note else ()))


def _rejected(facts: GatheredFacts) -> bool:
    return facts.status is Status.REJECTED and not facts.answered


def _because(code: ReasonCode, *values: str) -> tuple[Reason, ...]:
    return (Reason(code, values),)
