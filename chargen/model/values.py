"""The small values everything speaks in: sizes, digests, routes, verdicts.

Pure; knows nothing of files or of how a value came about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import NewType

FileHash = NewType("FileHash", str)
"""SHA-256 of a file's bytes, 64 lower-case hexadecimal digits (the same form as a Git LFS oid)."""

Fingerprint = NewType("Fingerprint", str)
"""SHA-256 over the inputs of an image, 64 lower-case hexadecimal digits; see `chargen.model.inputs`."""

EntryId = NewType("EntryId", str)
"""Name of a planned image below `generated/` without suffix: `chapters/ch03/img-07`."""


class Status(str, Enum):
    """What the author says of one image; any other text in the file counts as none of these."""

    APPROVED = "approved"
    LOCKED = "locked"
    REJECTED = "rejected"
    ARCHIVED = "archived"
    DRAFT = "draft"

    @property
    def keeps(self) -> bool:
        """True where the image stays as it is until it is named."""
        return self in _KEEPING


_KEEPING = frozenset({Status.APPROVED, Status.LOCKED})


class Verdict(str, Enum):
    """What a build would do with one planned image (docs/design.md, the verdict table)."""

    FRESH = "fresh"
    PROOF = "proof"
    MISSING = "missing"
    RESTORABLE = "restorable"
    STALE = "stale"
    LOCKED = "locked"
    EDITED = "edited"
    UNRECORDED = "unrecorded"
    NO_PROMPT = "no-prompt"
    SKIPPED = "skipped"
    BLOCKED = "blocked"

    @property
    def spends(self) -> bool:
        """True where a build sends a request."""
        return self in _SPENDING


_SPENDING = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.PROOF})


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        """Area in pixels."""
        return self.width * self.height


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A provider and one of its models, written `provider/model`."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


def number(amount: Decimal | None) -> float | None:
    """Write an amount of money as JSON has it: null where it is unknown."""
    return None if amount is None else float(amount)


def total_usd(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Add up amounts; None where one of them is unknown."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


LARGEST_AMOUNT = Decimal(10) ** 9
"""USD; with more, and with more digits after the point than `_AMOUNT_DIGITS`, sums and roundings fail."""
_AMOUNT_DIGITS = 30


def amount_of(value: object) -> Decimal | None:
    """Read an amount of USD that somebody else wrote: a record, a journal's row, a slot, a setting, an option.

    None for what is none: not a number, endless, negative, beyond `LARGEST_AMOUNT` or absurdly exact.
    """
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: a whole number of more digits than Python writes
        return None
    exponent = amount.as_tuple().exponent
    usable = isinstance(exponent, int) and exponent >= -_AMOUNT_DIGITS and 0 <= amount <= LARGEST_AMOUNT
    return amount if usable else None
