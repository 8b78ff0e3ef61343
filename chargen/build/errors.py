"""Why an image was not sent for, other than a provider's answer.

Declarations only.
"""

from __future__ import annotations

from chargen.model.request import FailureClass, ProviderError


class StoppedError(Exception):
    """The run is being interrupted: nothing more is sent; calls in flight finish."""


class BreakerOpenError(ProviderError):
    """The provider was stopped by the answer to another image; nothing was sent for this one."""

    def __init__(self, cause: ProviderError) -> None:
        super().__init__(FailureClass.PROVIDER_STOP, cause.message, hint=cause.hint, code=cause.code)
        self.cause = cause
