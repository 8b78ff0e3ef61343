"""What the tries of a run that brought no image cost, or may have cost: fed by the events of sending, told at the end.

Law: a try counts once, as spent where the provider told its price, else as possibly billed where it may have been
charged. Safe to use from threads. Amounts are USD.
"""

from __future__ import annotations

import threading
from decimal import Decimal

from chargen.build.events import TryFailed

NOTHING = Decimal(0)


class Losses:
    """The failed tries of one run, by image."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, Decimal] = {}
        self._perhaps: dict[str, list[Decimal | None]] = {}

    def note(self, event: TryFailed) -> None:
        """Take a failed try."""
        failure = event.failure
        with self._lock:
            if failure.cost_usd is not None:
                self._spent[event.entry_id] = self._spent.get(event.entry_id, NOTHING) + failure.cost_usd
            elif failure.possibly_billed:
                self._perhaps.setdefault(event.entry_id, []).append(event.estimate)

    @property
    def spent(self) -> Decimal:
        """What failed tries are known to have cost."""
        return sum(self._spent.values(), NOTHING)

    @property
    def possibly_billed(self) -> int:
        """How many requests may have been billed and brought nothing."""
        return sum(map(len, self._perhaps.values()))

    @property
    def possibly_usd(self) -> Decimal | None:
        """What those may have cost by estimate, None where a price is unknown."""
        prices = [price for found in self._perhaps.values() for price in found]
        known = [price for price in prices if price is not None]
        return sum(known, NOTHING) if len(known) == len(prices) else None

    def of(self, entry_id: str) -> Decimal | None:
        """Return what the failed tries for one image cost, None where some may have been billed."""
        return None if entry_id in self._perhaps else self._spent.get(entry_id, NOTHING)
