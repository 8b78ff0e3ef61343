"""The one place that decides what a build does with a planned image: facts in, a verdict with reasons out.

Laws: total (every combination of facts has a verdict), pure, first matching row wins, in the order of the verdict
table in docs/design.md. Planning asks it, and the generate action asks it again immediately before a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chargen.model.reason import Reason, ReasonCode
from chargen.model.values import Status, Verdict


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


class Change(str, Enum):
    """How the recorded inputs compare with today's."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """Nothing to compare: no record, or today's inputs can't be told (a reference is gone)."""


class Demand(str, Enum):
    """Whether someone asked for a new image by name."""

    NONE = "none"
    AGAIN = "again"
    """`-a NAME`: build although fresh; locked and hand-painted images stay."""
    REBUILD = "rebuild"
    """`--rebuild NAME`: build whatever it is."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a verdict depends on. Texts and reasons are only carried on, never looked at."""

    target: Target
    match: Match = Match.UNRECORDED
    change: Change = Change.UNKNOWN
    status: Status | None = None
    has_prompt: bool = True
    elsewhere: str = ""
    """The existing picture the entry's own `file_path` names away from its target, else empty."""
    original: str = ""
    """Where an original for today's inputs of this entry (or of one that is gone) is, else empty; a sketch counts
    only where the route is `sketch`."""
    damaged: str = ""
    """Why the present file is no picture, else empty; known only of one that no record is of."""
    sketched: bool = False
    """The present image was made by `sketch`."""
    accepted: bool = False
    """The author took the present image as current: a sketch then is no proof."""
    routed_to_sketch: bool = False
    answered: bool = False
    """The recorded image was made after its predecessor was rejected, so the rejection is served."""
    locks_when_absent: bool = True
    """False for a planned portrait: approval locks it only once its picture exists."""
    ignored: bool = False
    demand: Demand = Demand.NONE
    changes: tuple[Reason, ...] = ()
    """What differs from the recorded inputs."""
    drifted: tuple[Reason, ...] = ()
    """Declared model, provider or quality that changed and is named by `rebuild_on`."""
    awaited: tuple[str, ...] = ()
    """Targets of references that will be rebuilt first."""
    obstacles: tuple[Reason, ...] = ()
    """Why nothing could be generated now."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and why. `adopt` asks to record the present file under today's inputs."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    adopt: bool = False


def judge(facts: Facts) -> Judgement:
    """Decide. Total: every combination of facts gets a verdict."""
    if facts.status is Status.ARCHIVED:
        return Judgement(Verdict.SKIPPED, _because(ReasonCode.ARCHIVED))
    if facts.ignored:
        return Judgement(Verdict.SKIPPED, _because(ReasonCode.IGNORED))
    if not facts.has_prompt:
        return Judgement(Verdict.NO_PROMPT, _because(ReasonCode.NO_PROMPT))
    if facts.target is Target.POINTER:
        wanted = _pointer(facts)
    elif facts.target is Target.PRESENT or facts.elsewhere:
        wanted = _present(facts)
    else:
        wanted = _absent(facts)
    return _unless_blocked(wanted, facts)


def _present(facts: Facts) -> Judgement:  # noqa: C901, PLR0911 - one return for each row of the table
    if facts.demand is Demand.REBUILD and not facts.elsewhere:
        return Judgement(Verdict.STALE, _because(ReasonCode.REBUILD_ASKED))
    if facts.damaged and not facts.elsewhere:
        return _damaged(facts)
    stale = _stale_reasons(facts)
    if facts.status in (Status.APPROVED, Status.LOCKED):
        assert facts.status is not None
        would = (Reason(ReasonCode.WOULD_BE_STALE, causes=stale),) if stale and facts.match is Match.OURS else ()
        return Judgement(Verdict.LOCKED, (*_because(ReasonCode.HELD, facts.status.value), *would))
    if facts.elsewhere:
        return Judgement(Verdict.UNRECORDED, _because(ReasonCode.PICTURE_ELSEWHERE, facts.elsewhere))
    if facts.match is Match.OTHER:
        return Judgement(Verdict.EDITED, _because(ReasonCode.PAINTED_OVER))
    if facts.match is Match.UNRECORDED:
        return Judgement(Verdict.UNRECORDED, _because(ReasonCode.BEFORE_RECORDS), adopt=True)
    if facts.demand is Demand.AGAIN:
        return Judgement(Verdict.STALE, _because(ReasonCode.AGAIN_ASKED))
    proof = facts.sketched and not (facts.routed_to_sketch or facts.accepted)
    only_waits = not (facts.change is Change.DIFFERENT or facts.drifted or _rejected(facts))
    if proof and not facts.original and only_waits:
        return Judgement(Verdict.PROOF, (*_because(ReasonCode.SKETCH_STANDS_IN), *stale))
    if stale:
        only_inputs = facts.change is Change.DIFFERENT and not (facts.drifted or facts.awaited or _rejected(facts))
        return _paid_before(facts, stale) if facts.original and only_inputs else Judgement(Verdict.STALE, stale)
    if proof:
        return _paid_before(facts, ())
    return Judgement(Verdict.FRESH, tuple(facts.obstacles) if facts.change is Change.UNKNOWN else ())


def _damaged(facts: Facts) -> Judgement:
    """Judge a file that is no picture: nobody's work is lost by restoring over it, but nothing is bought for it."""
    if facts.original and not _rejected(facts) and facts.demand is Demand.NONE:
        return _paid_before(facts, _because(ReasonCode.DAMAGED, facts.damaged))
    if facts.status in (Status.APPROVED, Status.LOCKED):
        assert facts.status is not None
        held = _because(ReasonCode.HELD, facts.status.value)
        return Judgement(Verdict.LOCKED, (*held, *_because(ReasonCode.DAMAGED_FOR_GOOD, facts.damaged)))
    return Judgement(Verdict.BLOCKED, _because(ReasonCode.DAMAGED, facts.damaged))


def _paid_before(facts: Facts, reasons: tuple[Reason, ...]) -> Judgement:
    return Judgement(Verdict.RESTORABLE, (*reasons, *_because(ReasonCode.PAID_FOR, facts.original)))


def _rejected(facts: Facts) -> bool:
    return facts.status is Status.REJECTED and not facts.answered


def _stale_reasons(facts: Facts) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    if facts.change is Change.DIFFERENT:
        reasons.extend(facts.changes or _because(ReasonCode.INPUTS_CHANGED))
    if _rejected(facts):
        reasons.append(Reason(ReasonCode.REJECTED))
    reasons.extend(facts.drifted)
    reasons.extend(Reason(ReasonCode.REFERENCE_REBUILT, (target,)) for target in facts.awaited)
    return tuple(reasons)


def _pointer(facts: Facts) -> Judgement:
    if facts.status in (Status.APPROVED, Status.LOCKED) and facts.demand is not Demand.REBUILD:
        assert facts.status is not None
        return Judgement(Verdict.LOCKED, _because(ReasonCode.HELD, facts.status.value))
    if facts.match is not Match.OURS:
        return Judgement(Verdict.BLOCKED, _because(ReasonCode.POINTER))
    stale = _stale_reasons(facts)
    if facts.demand is not Demand.NONE or stale:
        return Judgement(Verdict.BLOCKED, (*stale, *_because(ReasonCode.POINTER)))
    return Judgement(Verdict.FRESH, _because(ReasonCode.POINTER_TO_RECORDED))


def _absent(facts: Facts) -> Judgement:
    if facts.demand is Demand.REBUILD:
        return Judgement(Verdict.MISSING, _because(ReasonCode.REBUILD_ASKED))
    if facts.original and not _rejected(facts) and facts.demand is Demand.NONE:
        return _paid_before(facts, ())
    if facts.status in (Status.APPROVED, Status.LOCKED) and facts.locks_when_absent:
        assert facts.status is not None
        return Judgement(Verdict.LOCKED, _because(ReasonCode.HELD_AND_GONE, facts.status.value))
    rejected = _because(ReasonCode.REJECTED) if _rejected(facts) else ()
    waits = (Reason(ReasonCode.REFERENCE_FIRST, (target,)) for target in facts.awaited)
    return Judgement(Verdict.MISSING, (*_because(ReasonCode.NOT_BUILT), *rejected, *waits))


def _unless_blocked(wanted: Judgement, facts: Facts) -> Judgement:
    """Blocked replaces only what would spend; an image that exists never fails because of what it would need."""
    if not wanted.verdict.spends:
        return wanted
    if facts.obstacles:
        return Judgement(Verdict.BLOCKED, facts.obstacles)
    replaces_paid = facts.target is Target.PRESENT and not facts.sketched and facts.match is Match.OURS
    if facts.routed_to_sketch and replaces_paid:
        return Judgement(Verdict.BLOCKED, (*_because(ReasonCode.SKETCH_REPLACES_NOTHING), *wanted.reasons))
    return wanted


def _because(code: ReasonCode, *values: str) -> tuple[Reason, ...]:
    return (Reason(code, values),)
