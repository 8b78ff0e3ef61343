"""The one place that decides what a build does with a planned image: facts in, a verdict with reasons out.

Laws: total (every combination of facts has a verdict), pure, first matching row wins, in the order of the verdict
table in docs/design.md; a fact is asked for only where a row needs it, so that a fresh image costs no more than a look
at its size. Planning asks it, and a build asks it again immediately before a call.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from msgspec import Struct

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


class Facts(Protocol):
    """All that a verdict depends on; looked up when asked for. Texts and reasons are only carried on, never looked at.

    Facts of the file at the target may rest on its size. `closely` are those that rest on its hash.
    """

    @property
    def closely(self) -> Facts:
        """The facts with the file at the target read, where it was not: asked for before it would be replaced."""

    @property
    def target(self) -> Target:
        """What stands at the image's path."""

    @property
    def path(self) -> str:
        """The image's path in the project, for people."""

    @property
    def match(self) -> Match:
        """What ties the file to a record."""

    @property
    def change(self) -> Comparison:
        """How the recorded inputs compare with today's."""

    @property
    def changes(self) -> tuple[Reason, ...]:
        """What differs from the recorded inputs."""

    @property
    def status(self) -> Status | None:
        """What the author says of the image."""

    @property
    def note(self) -> str:
        """The author's words on the picture that is rejected; empty where there are none."""

    @property
    def has_prompt(self) -> bool:
        """False for an entry that nothing can be made of yet."""

    @property
    def elsewhere(self) -> str:
        """The existing picture the entry's own `file_path` names away from its target, else empty."""

    @property
    def copied(self) -> str:
        """The entry whose record this one repeats, if any: nothing is known of a picture of its own."""

    @property
    def moved(self) -> str:
        """What the place is called where the present picture stands, if not the target: it comes from there."""

    @property
    def original(self) -> Reason | None:
        """What says that today's inputs were paid for by this entry (or by one that is gone); None where they were not.

        One of a lower tier than is asked for does not count. Of an approved or locked entry whose picture is gone it is
        its own, whatever its inputs.
        """

    @property
    def late(self) -> Reason | None:
        """The same of a reply that came after the file at the target and was never put there."""

    @property
    def damaged(self) -> str:
        """Why the present file is no picture, else empty; known only of one that no record is of."""

    @property
    def stands_in(self) -> Reason | None:
        """What says that the present image is of a lower tier than is asked for, `sketch` being the lowest; else None.

        One that the author took as current stands in for nothing.
        """

    @property
    def outranks(self) -> Reason | None:
        """What says that the present image is of a higher tier than a new one would be; else None."""

    @property
    def promoted(self) -> bool:
        """A final image is asked for in place of the draft, which is approved."""

    @property
    def of_tier(self) -> tuple[Reason, ...]:
        """What is to be told of a present image that is left alone: that it is a draft, or was approved as one."""

    @property
    def answered(self) -> bool:
        """The image was made after its predecessor was rejected, so the rejection is served."""

    @property
    def locks_when_absent(self) -> bool:
        """False for a planned portrait: approval locks it only once its picture exists."""

    @property
    def ignored(self) -> bool:
        """Left alone on this machine."""

    @property
    def demand(self) -> Force:
        """Whether someone asked for a new image by name."""

    @property
    def drifted(self) -> tuple[Reason, ...]:
        """Declared model, provider or quality that changed and is named by `rebuild_on`."""

    @property
    def awaited(self) -> tuple[str, ...]:
        """Targets of references that will be rebuilt first."""

    @property
    def placed(self) -> Reason | None:
        """What says that a job brought what was asked for by name, and that all is as it was then."""

    @property
    def in_job(self) -> tuple[Reason, ...]:
        """What says that its request is in a job at a vendor; nothing where it is in none."""

    @property
    def awaits_jobs(self) -> tuple[Reason, ...]:
        """What says that references of it are."""

    @property
    def input_blockers(self) -> tuple[Reason, ...]:
        """What of the input keeps a new image from being generated."""

    @property
    def state_blockers(self) -> tuple[Reason, ...]:
        """What of earlier runs and of the place it would go to does."""

    @property
    def request_blockers(self) -> tuple[Reason, ...]:
        """What its provider, or the file its slots are in, has against the request."""


class Judgement(Struct, frozen=True):
    """A verdict and why. `adopt` asks to record the present file under today's inputs."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    adopt: bool = False


_KEEPS_THE_FILE = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED, Verdict.MISSING})
"""Verdicts that replace no file: an equal size is evidence enough for them."""


def judge(facts: Facts) -> Judgement:
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


def wanted(facts: Facts) -> Judgement:
    """Say what is to be done with an image, whatever stands in the way of making a new one."""
    found = _row(facts)
    return found if found.verdict in _KEEPS_THE_FILE else _row(facts.closely)


def _row(facts: Facts) -> Judgement:
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


def _moved(found: Judgement, facts: Facts) -> Judgement:
    """Let a picture that stands elsewhere come to its target; what it is there is judged again once it has."""
    if not facts.moved or found.verdict is Verdict.BLOCKED:
        return found
    moved = Reason(ReasonCode.MOVED, (facts.moved,))
    if found.verdict in _STAYS:
        return Judgement(Verdict.RESTORABLE, (moved, *found.reasons))
    return Judgement(found.verdict, (*found.reasons, moved))


_STAYS = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED})


def _present(facts: Facts) -> Judgement:  # noqa: C901, PLR0911 - one return for each row of the table
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


def _damaged(facts: Facts) -> Judgement:
    """Judge a file that is no picture: nobody's work is lost by restoring over it, but nothing is bought for it."""
    if facts.demand is Force.NONE and (paid := _restores(facts)):
        return _paid_before(paid, _because(ReasonCode.DAMAGED, facts.damaged))
    if facts.status is not None and facts.status.keeps:
        held = _because(ReasonCode.HELD, facts.status.value)
        return Judgement(Verdict.LOCKED, (*held, *_because(ReasonCode.DAMAGED_FOR_GOOD, facts.damaged)))
    return Judgement(Verdict.BLOCKED, _because(ReasonCode.DAMAGED, facts.damaged))


def _absent(facts: Facts) -> Judgement:
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


def _restores(facts: Facts) -> Reason | None:
    """Return what was paid for that takes the place of a picture that is gone; a late reply serves a rejection."""
    return facts.late or (None if _rejected(facts) else facts.original)


def _paid_before(paid: Reason, reasons: tuple[Reason, ...]) -> Judgement:
    return Judgement(Verdict.RESTORABLE, (*reasons, paid))


def _pointer(facts: Facts) -> Judgement:
    if facts.status is not None and facts.status.keeps and facts.demand is not Force.REBUILD:
        return Judgement(Verdict.LOCKED, _because(ReasonCode.HELD, facts.status.value))
    if facts.match is not Match.OURS:
        return Judgement(Verdict.BLOCKED, _because(ReasonCode.POINTER))
    stale = _stale_reasons(facts)
    if facts.demand is not Force.NONE or stale:
        return Judgement(Verdict.BLOCKED, (*stale, *_because(ReasonCode.POINTER)))
    return Judgement(Verdict.FRESH, _because(ReasonCode.POINTER_TO_RECORDED))


def _stale_reasons(facts: Facts) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    if facts.change is Comparison.DIFFERENT:
        reasons.extend(facts.changes or _because(ReasonCode.INPUTS_CHANGED))
    elif facts.awaited:
        reasons.extend(facts.changes)
    reasons.extend(_rejection(facts))
    reasons.extend(facts.drifted)
    reasons.extend(Reason(ReasonCode.REFERENCE_REBUILT, (target,)) for target in facts.awaited)
    return tuple(reasons)


def _rejection(facts: Facts) -> tuple[Reason, ...]:
    """Return that the picture is rejected, with the author's words on it."""
    if not _rejected(facts):
        return ()
    return (*_because(ReasonCode.REJECTED), *(_because(ReasonCode.NOTE, facts.note) if facts.note else ()))


def _rejected(facts: Facts) -> bool:
    return facts.status is Status.REJECTED and not facts.answered


def _because(code: ReasonCode, *values: str) -> tuple[Reason, ...]:
    return (Reason(code, values),)
