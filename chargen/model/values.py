"""The small values everything speaks in: sizes, digests, routes, verdicts.

Pure; knows nothing of files or of how a value came about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from decimal import Decimal

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ATTEMPT_ID = re.compile(r"[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}")

FileHash = NewType("FileHash", str)
"""SHA-256 of a file's bytes, 64 lower-case hexadecimal digits (the same form as a Git LFS oid)."""

Fingerprint = NewType("Fingerprint", str)
"""SHA-256 over the inputs of an image, 64 lower-case hexadecimal digits; see `chargen.model.inputs`."""

EntryId = NewType("EntryId", str)
"""Name of a planned image below `generated/` without suffix: `chapters/ch03/img-07`."""


def is_digest(text: str) -> bool:
    """Say whether a text has the form of a SHA-256: of a `FileHash`, or a `Fingerprint`."""
    return _DIGEST.fullmatch(text) is not None


def is_attempt_id(text: str) -> bool:
    """Say whether a text has the form of an attempt's id: `20261122T140807000123Z-1f2e3d4c`."""
    return _ATTEMPT_ID.fullmatch(text) is not None


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

    @property
    def bars(self) -> bool:
        """True where no new picture takes the place of the one there is: it stays, or is put away."""
        return self.keeps or self is Status.ARCHIVED


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
    WAITING = "waiting"
    BLOCKED = "blocked"

    @cached_property
    def spends(self) -> bool:
        """True where a build sends a request."""
        return self in _SPENDING


_SPENDING = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.PROOF})


MOST_VARIANTS = 20
"""Versions of the same inputs that can be asked for: more than anybody compares; a slip of the keyboard has an end."""

NUMBERS_OF_VARIANTS = {str(number): number for number in range(1, MOST_VARIANTS + 1)}
"""Those numbers as they are written."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Route:
    """A provider and one of its models, written `provider/model`."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class Routed:
    """What tells who is asked, or was, as a provider and a model."""

    __slots__ = ()
    provider: str
    model: str

    @property
    def route(self) -> Route:
        """The two together."""
        return Route(self.provider, self.model)


class Billed(Routed):
    """The same with what it cost, by the account of its provider, else by estimate."""

    __slots__ = ()
    cost_usd: Decimal | None
    cost_estimate_usd: Decimal | None

    @property
    def cost_or_estimate_usd(self) -> Decimal | None:
        """What it cost, by estimate where the provider did not say; None where nobody knows."""
        return self.cost_usd if self.cost_usd is not None else self.cost_estimate_usd

    @property
    def is_estimated(self) -> bool:
        """True where the provider did not say what it cost, and an estimate stands for it."""
        return self.cost_usd is None and self.cost_estimate_usd is not None
