"""Tests reach this machine alone: whatever would leave it fails, instead of waiting for an answer that never comes."""

from __future__ import annotations

import socket
from typing import Any

_HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""}
_resolve = socket.getaddrinfo


class BeyondLoopbackError(BaseException):
    """Something would leave this machine. Not an Exception: the program retries and reports those."""


def stay_here() -> None:
    """Refuse every name but this machine's own, in this process and in those it forks."""

    def resolve(host: bytes | str | None, *given: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name not in _HERE and not name.endswith(".invalid"):
            raise BeyondLoopbackError(name)
        return _resolve(host, *given, **more)

    socket.getaddrinfo = resolve  # type: ignore[assignment]
