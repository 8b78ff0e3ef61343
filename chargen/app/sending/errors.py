"""Why an image was not sent for, other than a provider's answer.

Declarations only.
"""

from __future__ import annotations

from decimal import Decimal

from chargen.core.provider import FailureClass, ProviderError


class StoppedError(Exception):
    """The run is being interrupted: nothing more is sent; calls in flight finish."""


class OverBudgetError(Exception):
    """Sending once more could pass the budget; nothing was sent. `estimate` is None where the price is unknown."""

    def __init__(self, estimate: Decimal | None, left: Decimal) -> None:
        if estimate is None:
            self.message = "its price is unknown, so it can't be started under a budget"
        else:
            self.message = f"it may cost {estimate} USD and {max(left, Decimal(0))} USD of the budget are left"
        super().__init__(self.message)
        self.estimate = estimate
        self.left = left


class BreakerOpenError(ProviderError):
    """The provider was stopped by the answer to another image; nothing was sent for this one."""

    def __init__(self, cause: ProviderError) -> None:
        super().__init__(FailureClass.PROVIDER_STOP, cause.message, hint=cause.hint, code=cause.code)
        self.cause = cause
