"""Purchases beside a shared store, as an attempt at an image needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chargen.build.attempt import Purchase
from chargen.model.record import Record
from chargen.model.request import ProviderError
from chargen.plan.budget import NOTHING
from chargen.plan.plan import Planned
from chargen.store.original_store import StoredOriginal
from chargen.store.shared.claims import Held

if TYPE_CHECKING:
    from chargen.build.sharing import Sharing


class UnsharedPurchase(Purchase):
    """A purchase beside a store that is only read."""

    def __init__(self, sharing: Sharing) -> None:
        self._sharing = sharing

    def stored(self, stored: StoredOriginal) -> None:
        """Count it."""
        del stored
        self._sharing.keeps_here()


class SharedPurchase(Purchase):
    """A purchase that others wait for; `held` is None where it is made without a claim."""

    def __init__(self, sharing: Sharing, image: Planned, held: Held | None) -> None:
        self._sharing = sharing
        self._image = image
        self._held = held
        self._kept = False
        self._record: Record | None = None

    def sent(self, record: Record) -> None:
        """Swap the claim to `sent`. Raises HeldElsewhereError, NotClaimedError."""
        self._held = self._sharing.leaving(self._held, record, self._image.most_usd)
        self._record = record

    def joined(self, record: Record) -> None:
        """Note in the claim that it is to be in a job; it is kept. Raises as `sent`."""
        self._held = self._sharing.joining(self._held, record, self._image.most_usd)
        self._kept = True

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Account for what it cost; what may have been billed stays set aside."""
        if self._record is not None and self._record.attempt == attempt_id:
            unknown = failure.possibly_billed and failure.cost_usd is None
            self._sharing.month.account(attempt_id, None if unknown else failure.cost_usd or NOTHING)

    def stored(self, stored: StoredOriginal) -> None:
        """Put the reply into the store."""
        self._kept = True
        self._sharing.put(stored, self._held)

    def close(self) -> None:
        """Give a claim back that brought nothing."""
        if self._held is not None and not self._kept:
            self._sharing.give_back(self._held)
