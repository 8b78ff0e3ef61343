"""Which of two pictures counts for more: a sketch, then drafts by the order of their tiers, then a final one. Pure.

A tier that the settings do not know any more ranks below those they know.
"""

from __future__ import annotations

from chargen.config.settings import Settings
from chargen.config.tiers import FINAL as FINAL_TIER
from chargen.model.reason import Reason, ReasonCode
from chargen.model.record import Record
from chargen.model.record_line import RecordLine, tier_of
from chargen.providers import is_proof

SKETCH = 0
LOWEST_DRAFT = 1
FINAL = 1_000_000


def rank_of_line(line: RecordLine, settings: Settings) -> int:
    """Return the rank of the picture that a record line is of."""
    return _rank(line.by, tier_of(line), settings)


def rank_of_record(record: Record, settings: Settings) -> int:
    """Return the rank of the picture that a record tells of."""
    return _rank(record.provider, record.tier, settings)


def rank_asked_for(settings: Settings) -> int:
    """Return the rank of a new picture that is no sketch."""
    return FINAL if settings.tier is None else _rank(None, settings.tier.name, settings)


def stands_in(line: RecordLine) -> Reason:
    """Say that the picture of a line stands in for one of a higher rank."""
    tier = tier_of(line)
    if tier is None:
        return Reason(ReasonCode.SKETCH_STANDS_IN)
    return Reason(ReasonCode.DRAFT_STANDS_IN, (tier,))


def _rank(made_by: str | None, tier: str | None, settings: Settings) -> int:
    if is_proof(made_by):
        return SKETCH
    if tier is None or tier == FINAL_TIER:
        return FINAL
    names = tuple(settings.tiers)
    return LOWEST_DRAFT + 1 + names.index(tier) if tier in names else LOWEST_DRAFT
