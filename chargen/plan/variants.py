"""How many more versions of today's inputs an image is to get, beside the picture it has or is about to have.

Laws: the number is part of the asking, never of the inputs, so it makes nothing stale; what was delivered for these
inputs counts, whatever became of it; what its author keeps, or made by hand, gets more only where it is named.
"""

from __future__ import annotations

from msgspec import Struct

from chargen.model.reason import Reason, ReasonCode
from chargen.model.values import Verdict
from chargen.plan.facts import GatheredFacts
from chargen.plan.verdict import Judgement


class Variants(Struct, frozen=True):
    """`made` versions there are, `more` are to be made besides the one that the verdict asks for; `reasons` say why."""

    made: int = 0
    more: int = 0
    reasons: tuple[Reason, ...] = ()


ONE = Variants()
"""What an image has of which no more than one is wanted."""
_NOTHING_MADE = frozenset({Verdict.SKIPPED, Verdict.NO_PROMPT, Verdict.BLOCKED, Verdict.WAITING})
_BY_HAND = frozenset({Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED})


def variants_of(facts: GatheredFacts, judgement: Judgement, wanted: int) -> Variants:
    """Count what is to be made for an image besides what its verdict asks for, where so many are `wanted` in all."""
    options, image, verdict = facts.judge.options, facts.image, judgement.verdict
    if verdict in _NOTHING_MADE:
        return ONE
    made = facts.versions + judgement.adopt
    more = wanted - made - verdict.spends
    if more <= 0:
        return Variants(made)
    if verdict.spends:
        return Variants(made, more)
    by_name = options.by_name and options.variants_of(image.id) is not None
    if not by_name and (verdict in _BY_HAND or image.entry.is_kept or not facts.is_own_reply):
        return Variants(made, 0, (Reason(ReasonCode.VARIANTS_BY_NAME, (str(wanted), image.id)),))
    if stops := _stops(facts.closely):
        return Variants(made, 0, (Reason(ReasonCode.VARIANTS_BLOCKED, causes=stops),))
    return Variants(made, more, (Reason(ReasonCode.MORE_VARIANTS, (str(more), str(wanted))),))


def _stops(facts: GatheredFacts) -> tuple[Reason, ...]:
    """Return what stands in the way of a request for an image that needs none of itself."""
    if found := (*facts.input_blockers, *facts.state_blockers):
        return found
    if facts.fingerprint is None:
        return (Reason(ReasonCode.INPUTS_CHANGED),)
    return facts.request_blockers if facts.outranks is None else (facts.outranks,)
