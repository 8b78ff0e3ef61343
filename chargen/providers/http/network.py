"""The network below the pool of connections: one deadline for all operations of a request, and whether any byte left.

What kept a connection from coming about is told apart by class; names are resolved once, where addresses are judged.
Uses what `httpcore2` offers for it. Slow to import.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2

_TICK = 0.001
"""Seconds that are as good as none: a wait may end this much early."""

Judge = Callable[[str], None]
"""Raises where an IP address must not be connected to."""


class UnknownNameError(httpcore2.ConnectError):
    """The server's name leads to no address."""


class UntrustedError(httpcore2.ConnectError):
    """The server's certificate is not one that this machine trusts."""


class NoTLSError(httpcore2.ConnectError):
    """No encrypted connection came about."""


class RequestInFlight(threading.local):
    """What the network needs to know of the request that this thread is sending."""

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._until: float | None = None
        self.secure = False
        self.departed = False

    def begin(self, seconds: float | None, *, secure: bool) -> None:
        """Start the clock of a request that may take so many seconds, None for any."""
        self.secure = secure
        self._seconds = seconds
        self._until = None if seconds is None else time.monotonic() + seconds

    def left(self, wish: float | None) -> float | None:
        """Return the seconds that an operation may take. Raises ReadTimeout where none are left."""
        if self._until is None:
            return wish
        left = self._until - time.monotonic()
        if left <= _TICK:
            raise httpcore2.ReadTimeout(f"the reply was not whole after {self._seconds:g} s")
        return left if wish is None else min(wish, left)


class Network(httpcore2.NetworkBackend):
    """Connects as the standard one does, within the deadline, and only where `judge` lets it."""

    def __init__(self, request: RequestInFlight, judge: Judge | None) -> None:
        self._inner = httpcore2.SyncBackend()
        self._request = request
        self._judge = judge

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to a server."""
        if self._judge is not None:
            host = self._judged(host, port)
        left = self._request.left(timeout)
        with _kinds_of_failure():
            stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(stream, self._request)

    def _judged(self, host: str, port: int) -> str:
        """Resolve a name once, judge every address it has, and connect to one of these and no other."""
        assert self._judge is not None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as failure:
            raise UnknownNameError(str(failure)) from failure
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            self._judge(address)
        return addresses[0]

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._inner.sleep(seconds)


class _Stream(httpcore2.NetworkStream):
    """A connection of which every operation ends with the deadline of the request it serves."""

    def __init__(self, stream: httpcore2.NetworkStream, request: RequestInFlight, *, encrypted: bool = False) -> None:
        self._stream = stream
        self._request = request
        self._encrypted = encrypted

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._request.left(timeout)
        try:
            return self._stream.read(max_bytes, left)
        except httpcore2.ReadTimeout as raised:
            timed_out = raised
        self._request.left(timeout)  # says that the deadline is over, where it is
        raise timed_out

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._request.left(timeout)
        if self._encrypted or not self._request.secure:  # before that only a proxy is spoken to
            self._request.departed = True
        self._stream.write(buffer, left)

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._request.left(timeout)
        with _kinds_of_failure():
            stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _Stream(stream, self._request, encrypted=True)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


@contextmanager
def _kinds_of_failure() -> Iterator[None]:
    """Tell kinds of failed connections apart by class: what caused them is lost on the way through the pool."""
    try:
        yield
    except httpcore2.ConnectError as raised:
        cause, said = raised.__cause__ or raised.__context__, str(raised)
        if isinstance(cause, socket.gaierror):
            raise UnknownNameError(said) from None
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise UntrustedError(said) from None
        if isinstance(cause, ssl.SSLError):
            raise NoTLSError(said) from None
        raise
