"""A vendor's answer, which may be anything: its parts, each read as what it should be or as nothing, and its account.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http.failures import clean


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, in order."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def text(value: Any) -> str | None:
    """Return a text that says something, None for anything else."""
    return value if isinstance(value, str) and value else None


def number(table: Mapping[str, Any], *keys: str) -> int:
    """Return the first of these that is a whole number, at least 0; 0 where none is."""
    found = (table.get(key) for key in keys)
    return next((max(value, 0) for value in found if isinstance(value, int) and not isinstance(value, bool)), 0)


class ReplyAccount(Struct, frozen=True):
    """What one reply with status 200 cost that holds no usable picture; `paid` is None where that is not known.

    Every failure of it tells it, so that it is counted.
    """

    usage: Mapping[str, Any]
    paid: Decimal | None
    request_id: str | None
    secrets: tuple[str, ...]

    def failure(self, failure: FailureClass, message: str, *, hint: str = "") -> ProviderError:
        """Make a failure of the reply; without a known cost one that is no refusal may have been billed."""
        transient = failure is FailureClass.TRANSIENT
        return ProviderError(
            failure,
            clean(message, self.secrets),
            hint=hint,
            tries=2 if transient else None,
            possibly_billed=failure is FailureClass.AMBIGUOUS or (transient and self.paid is None),
            status=200,
            request_id=self.request_id,
            usage=self.usage,
            cost_usd=self.paid,
        )
