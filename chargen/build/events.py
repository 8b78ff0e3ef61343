"""What can be watched while images are sent for, and what the tries that brought nothing cost.

Events are frozen values, handed to a sink on the thread they happen on; a sink must return quickly and must not raise.
Amounts are USD.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from chargen.model.request import ProviderError


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A request is leaving; `number` counts the tries for this image from 1."""

    provider: str
    entry_id: str
    attempt_id: str
    number: int


@dataclass(frozen=True, slots=True)
class TryFailed:
    """A try brought no image; `wait` is the seconds until the next one, None where there is none.

    `estimate` is the price of one try in USD, None where unknown.
    """

    provider: str
    entry_id: str
    attempt_id: str
    number: int
    failure: ProviderError
    wait: float | None
    estimate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ProviderPaused:
    """A provider asked for a pause; none of its images is sent for during the next `seconds`."""

    provider: str
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class ProviderStopped:
    """A provider's breaker opened: its other images fail at once. Told once a run."""

    provider: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ChargedMore:
    """A vendor charged `actual` for a try that was known to come to `most` at most."""

    route: str
    entry_id: str
    most: Decimal
    actual: Decimal


SendingEvent: TypeAlias = "RequestSent | TryFailed | ProviderPaused | ProviderStopped | ChargedMore"
Sink: TypeAlias = Callable[[SendingEvent], None]


def nobody(_event: SendingEvent) -> None:
    """Take an event and do nothing with it."""


class Losses:
    """The failed tries of one run, by image; safe to use from threads.

    Law: a try counts once, as spent where the provider told its price, else as possibly billed where it may have been
    charged.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, Decimal] = {}
        self._perhaps: dict[str, list[Decimal | None]] = {}

    def note(self, event: TryFailed) -> None:
        """Take a failed try."""
        failure = event.failure
        with self._lock:
            if failure.cost_usd is not None:
                self._spent[event.entry_id] = self._spent.get(event.entry_id, Decimal(0)) + failure.cost_usd
            elif failure.possibly_billed:
                self._perhaps.setdefault(event.entry_id, []).append(event.estimate)

    @property
    def spent(self) -> Decimal:
        """What failed tries are known to have cost."""
        return sum(self._spent.values(), Decimal(0))

    @property
    def possibly_billed(self) -> int:
        """How many requests may have been billed and brought nothing."""
        return sum(map(len, self._perhaps.values()))

    @property
    def possibly_usd(self) -> Decimal | None:
        """What those may have cost by estimate, None where a price is unknown."""
        prices = [price for found in self._perhaps.values() for price in found]
        known = [price for price in prices if price is not None]
        return sum(known, Decimal(0)) if len(known) == len(prices) else None

    def of(self, entry_id: str) -> Decimal | None:
        """Return what the failed tries for one image cost, None where some may have been billed."""
        return None if entry_id in self._perhaps else self._spent.get(entry_id, Decimal(0))
