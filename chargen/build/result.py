"""What became of one image in a run."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from msgspec import Struct

from chargen.errors import ChargenError
from chargen.model.reason import sentences
from chargen.model.values import EntryId
from chargen.plan.plan import Planned


class Outcome(str, Enum):
    """What became of one image in this run."""

    BUILT = "built"
    RESTORED = "restored"
    ADOPTED = "adopted"
    MOVED = "moved"
    """Its picture came along from where the entry was before."""
    REPAIRED = "repaired"
    SUBMITTED = "submitted"
    """Its request joined a job: its picture comes within a day."""
    VARIANT = "variants"
    """Nothing was to be done for the picture that is current; more versions of its inputs were made."""
    KEPT = "kept"
    """Paid for and kept as a version, but not put at the target: the author decided something else meanwhile."""
    NOTHING = "nothing"
    """Judged again, nothing had to be done."""


class BuildResult(Struct, frozen=True):
    """What was done for one image: `cost_usd` is None where unknown, `note` says why nothing was sent or put.

    `failure` is why its slots or its journal row could not be written; the picture is in its place all the same.
    """

    outcome: Outcome
    image: Planned
    cost_usd: Decimal | None = Decimal(0)
    estimated: bool = False
    """The provider did not say what it cost: that is the estimate."""
    note: str = ""
    failure: ChargenError | None = None
    variants: int = 0
    """Further versions of the same inputs that were made; the cost is that of all."""


class NotWantedError(Exception):
    """While a request waited for its turn its image became one that nothing is sent for: `image`, as it is now."""

    def __init__(self, image: Planned) -> None:
        reasons = sentences(image.judgement.reasons)
        self.note = f"not sent: while it waited the image became {image.verdict.value} ({reasons})"
        super().__init__(self.note)
        self.image = image


class RewordedError(Exception):
    """An image asks for something else by now than the plan it was to be sent for; nothing was sent."""

    message = "what it is made of was edited while it waited: the next run sends what is written now"


class RenamedError(RewordedError):
    """Its entry has another id by now: `name`; the next run builds it under that."""

    def __init__(self, name: EntryId) -> None:
        self.message = f"its entry is called `{name}` by now: run again"
        super().__init__(self.message)
