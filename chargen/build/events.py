"""What can be watched while images are sent for.

Events are frozen values, handed to a sink on the thread they happen on; a sink must return quickly and must not raise.
Amounts are USD.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from chargen.model.request import ProviderError


class RequestSent(Struct, frozen=True):
    """A request is leaving."""

    entry_id: str


class JobAdvanced(Struct, frozen=True):
    """A server says how far it is with an image, from 0 to 1."""

    entry_id: str
    done: float


class TryFailed(Struct, frozen=True):
    """A try brought no image; `wait` is the seconds until the next one, None where there is none."""

    provider: str
    entry_id: str
    attempt_id: str
    number: int
    failure: ProviderError
    wait: float | None


class ProviderPaused(Struct, frozen=True):
    """A provider asked for a pause; none of its images is sent for during the next `seconds`."""

    provider: str
    seconds: float
    message: str


class ServerLeftOut(Struct, frozen=True):
    """One of several servers of a provider can't serve: the others go on, it is tried again after so many seconds."""

    provider: str
    address: str
    seconds: float
    message: str


class ProviderStopped(Struct, frozen=True):
    """A provider's breaker opened: its other images fail at once. Told once a run."""

    provider: str
    message: str
    hint: str


class ChargedMore(Struct, frozen=True):
    """A vendor charged `actual` for a try that was known to come to `most` at most."""

    route: str
    entry_id: str
    most: Decimal
    actual: Decimal


class AnsweredByAnother(Struct, frozen=True):
    """Another model than was asked says that it made an image."""

    route: str
    entry_id: str
    answered_by: str


SendingEvent: TypeAlias = (
    "RequestSent | JobAdvanced | TryFailed | ProviderPaused | ServerLeftOut | ProviderStopped | ChargedMore"
    " | AnsweredByAnother"
)
Sink: TypeAlias = Callable[[SendingEvent], None]
