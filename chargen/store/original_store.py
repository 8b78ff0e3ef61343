"""What the program asks of whoever keeps the originals: the bytes that were paid for, exactly as delivered.

Laws: an original is there whole or not at all, with its record, once `put` has returned, and is never changed or
removed afterwards; it is named by its fingerprint and attempt, never by a path. `chargen.store.originals` keeps them in
folders of the project.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from chargen.config.layout import ORIGINALS
from chargen.model.record import Original, PublishedFile, Record
from chargen.model.values import Fingerprint


class StoredOriginal(Struct, frozen=True):
    """An original in a store. `record.original` is never None here; `published` are the files made from it.

    `unusable` says why no picture can be made of the delivered bytes, as far as that was tried.
    """

    record: Record
    original: Original
    published: tuple[PublishedFile, ...] = ()
    unusable: str = ""

    @property
    def path(self) -> str:
        """Where the delivered bytes are kept in the project."""
        return f"{ORIGINALS}/{self.record.original_name}/{self.original.file}"


class DamagedOriginal(Struct, frozen=True):
    """Delivered bytes, in `file`, whose record is missing or can't be read; their names tell the rest."""

    fingerprint: Fingerprint
    attempt: str
    file: str
    published: tuple[PublishedFile, ...] = ()


class OriginalStore(Protocol):
    """A place for originals; safe to use from threads. Every method raises InputError where it does not serve."""

    def put(self, record: Record, data: bytes, others: Sequence[bytes] = ()) -> StoredOriginal:
        """Keep delivered bytes with their record; on return both survive a power loss. Fills in `record.original`.

        `others` are further pictures of the same reply, kept beside it.
        """

    def read(self, item: StoredOriginal | DamagedOriginal) -> bytes:
        """Return delivered bytes; those of a whole original are verified against its record."""

    def further(self, stored: StoredOriginal) -> tuple[bytes, ...]:
        """Return the further pictures of the same reply, in order."""

    def for_fingerprint(self, fingerprint: Fingerprint) -> tuple[StoredOriginal, ...]:
        """Return the originals made from these inputs, oldest first."""

    def find(self, attempt: str, fingerprint: Fingerprint) -> StoredOriginal | None:
        """Return the original of one attempt, or None."""

    def of_attempt(self, attempt: str) -> StoredOriginal | None:
        """Return the original of one attempt whose inputs are not known, or None; may take long."""

    def all_records(self) -> Iterator[StoredOriginal]:
        """Yield every original."""

    def damaged(self, fingerprint: Fingerprint) -> tuple[DamagedOriginal, ...]:
        """Return the replies to these inputs that are here without a record that can be read, oldest first."""

    def all_damaged(self) -> Iterator[DamagedOriginal]:
        """Yield every reply that is here without a record that can be read."""

    def note_published(self, stored: StoredOriginal, file: PublishedFile) -> StoredOriginal:
        """Remember that a file was made from an original, so that the file is known without the YAML."""

    def note_unusable(self, stored: StoredOriginal, why: str) -> StoredOriginal:
        """Remember that no picture can be made of an original, and why, so that no plan offers it again."""

    def note_replaced(self, attempt: str, fingerprint: Fingerprint, by: StoredOriginal) -> None:
        """Remember beside an original whose image replaced its own, so that both stay versions of one entry."""

    def replaced_by(self, name: str) -> tuple[str, ...]:
        """Return the originals whose images replaced that of one; all are named `FINGERPRINT/ATTEMPT`."""

    def state(self, fingerprint: Fingerprint) -> tuple[str, int]:
        """Return a text that changes whenever the originals of these inputs do, and when they changed last.

        The time is in nanoseconds since the epoch: of what changed just now, the text may not tell the next change.
        """

    def recover(self) -> tuple[StoredOriginal, ...]:
        """Finish what a process that died had begun to put here; return what was finished."""

    def shown(self, item: StoredOriginal | DamagedOriginal) -> str:
        """Say where the delivered bytes are, for people."""
