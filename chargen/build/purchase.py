"""The right to buy one image, as an attempt at it needs it; without a shared store nobody else is asked."""

from __future__ import annotations

from chargen.model.record import Record
from chargen.store.original_store import StoredOriginal


class Purchase:
    """A purchase that nobody else can make: there is no store, or nothing is claimed in it."""

    def sent(self, record: Record) -> None:
        """Called when a request is about to leave; raising keeps it here."""

    def stored(self, stored: StoredOriginal) -> None:
        """Called once its reply is safe here; never raises."""

    def close(self) -> None:
        """Called when it is over, whatever came of it; never raises."""


class NotClaimedError(Exception):
    """An image may not be bought, because its claim can't be had; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class HeldElsewhereError(Exception):
    """Another build is buying an image: the text says who, for people; nothing was sent."""
