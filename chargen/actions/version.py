"""One version of an image, and all of one image or of an entry that is gone, as `chargen history` shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any

from msgspec import Struct, field

from chargen.errors import StartError, error
from chargen.model.amounts import number
from chargen.model.reason import said_of_version
from chargen.model.record import Record
from chargen.model.values import EntryId, FileHash
from chargen.plan.plan import Planned
from chargen.store.history import KeptVersion
from chargen.store.original_store import StoredOriginal

_SHORTEST = 4
"""Letters of a hash that may stand for it."""


class VersionPlace(str, Enum):
    """Where a version is, the nearest place first."""

    CURRENT = "current"
    HISTORY = "history"
    ORIGINAL = "original"
    GONE = "not here"
    """Only known of: in a teammate's copy, or lost."""


class Version(Struct, frozen=True):
    """One version of an image. `at` is ISO UTC; `by` is `provider/model`, None where nobody knows.

    `file` is the hash of the PNG that stood at the target, None where that was never so; costs are in USD.
    """

    at: str
    where: VersionPlace
    file: FileHash | None = None
    size: int = 0
    by: str | None = None
    attempt: str | None = None
    cost_usd: Decimal | None = None
    estimated: bool = False
    """Its provider did not say what it cost: that is an estimate."""
    record: Record | None = None
    kept: KeptVersion | None = None
    stored: StoredOriginal | None = None
    by_hand: bool = False
    """These bytes are nobody's output: painted over, or there before."""
    number: int = 0
    names: frozenset[str] = field(default=frozenset())
    """Hashes of all files with these pixels: the delivered bytes and what was published of them."""
    path: str = ""
    """Where its bytes are, project-relative; empty where they are not here."""

    @property
    def tier(self) -> str | None:
        """The tier that asked for it; None for a final image, and where nobody knows."""
        return None if self.record is None else self.record.tier

    def to_json(self) -> dict[str, Any]:
        """One element of `versions[]` in `history --json`."""
        return {
            "number": self.number,
            "at": self.at,
            "by": self.by,
            "tier": self.tier,
            "by_hand": self.by_hand,
            "where": self.where.value,
            "cost_usd": number(self.cost_usd),
            "cost_estimated": self.estimated,
            "attempt": self.attempt,
            "file_sha256": self.file,
            "path": self.path or None,
            "bytes": self.size or None,
            "why": list(map(said_of_version, self.record.why)) if self.record else [],
            "prompt": self.record.prompt if self.record else None,
        }


class ImageHistory(Struct, frozen=True):
    """Every version of an image, oldest first, numbered from 1."""

    image: Planned
    versions: tuple[Version, ...]

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `history --json`."""
        return {
            "id": self.image.id,
            "target": self.image.target,
            "versions": [version.to_json() for version in self.versions],
        }

    def named(self, name: str) -> Version:
        """Return the version meant by a number, the beginning of a file's hash, or an attempt. Raises StartError."""
        found = self.versions
        if name.isdecimal() and 1 <= int(name) <= len(found):
            return found[int(name) - 1]
        several = meant(found, name)
        if len(several) == 1:
            return several[0]
        numbers = ", ".join(str(version.number) for version in several)
        message = f"`{name}` could be version {numbers}" if several else f"there is no version `{name}`"
        hint = f"a number from 1 to {len(found)} of `chargen history`, or a longer beginning of the file's hash"
        raise StartError(error(message, hint=hint if found else "this image was never made"))


class GoneHistory(Struct, frozen=True):
    """The versions that were made for an entry that is gone, oldest first, and are no living entry's."""

    id: EntryId
    versions: tuple[Version, ...]

    def to_json(self) -> dict[str, Any]:
        """One element of `gone[]` in `history --gone --json`."""
        return {"id": self.id, "versions": [version.to_json() for version in self.versions]}


def meant(found: Iterable[Version], name: str) -> list[Version]:
    """Return the versions that a name may stand for: an attempt, or the beginning of a file's hash."""
    return [
        version
        for version in found
        if len(name) >= _SHORTEST
        and (version.attempt == name or any(digest.startswith(name.lower()) for digest in version.names))
    ]
