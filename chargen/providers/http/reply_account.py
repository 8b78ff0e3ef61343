"""What a reply cost that holds no usable picture: its failure tells it, so that it is counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http.failures import clean


class ReplyAccount(Struct, frozen=True):
    """What every failure of one reply with status 200 carries; `paid` is None where its cost is not known."""

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
