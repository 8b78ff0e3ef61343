"""Tests reach this machine alone: a name that would be asked for elsewhere fails, instead of being waited for."""

from __future__ import annotations

import socket
from typing import Any

_resolve = socket.getaddrinfo


class BeyondLoopbackError(BaseException):
    """Something would leave this machine. Not an Exception: the program retries and reports those."""


def stay_here() -> None:
    """Refuse to look up every name but this machine's own, in this process and in those it forks."""

    def resolve(host: bytes | str | None, *given: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or "localhost"
        if name != "localhost" and not name.endswith(".invalid"):
            try:
                _resolve(name, None, flags=socket.AI_NUMERICHOST)
            except OSError as no_number:
                raise BeyondLoopbackError(name) from no_number
        return _resolve(host, *given, **more)

    socket.getaddrinfo = resolve  # type: ignore[assignment]
