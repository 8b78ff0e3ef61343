"""The HTTP client that adapters hand to their SDKs, which would each make one with habits of its own.

Laws: one deadline bounds a whole request, from the connection to the last byte, interim replies and dripping headers
included, because an HTTP client's own timeout starts anew with every byte; a server that can't be reached is given up
within `CONNECT_TIMEOUT`; redirects are not followed; whether any byte of a request has left is known; what is wrong
with this machine's own settings is said before anything leaves, with the name of the variable.

The connections are those of `chargen.providers.http.network`. Slow to import.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import ip_address

import httpcore2
import httpx2

with suppress(ImportError):
    # Google's SDK imports it while another thread may be sending, and OpenAI's looks at what is half imported.
    import httpx  # noqa: F401

from chargen.config.server_address import scheme_and_host
from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http.network import Judge, Network, RequestInFlight
from chargen.providers.http.proxies import CERTIFICATES, Proxy

CONNECT_TIMEOUT = 15.0
"""Seconds to reach the server: vendors answer within one."""
_HOST = re.compile(r"[\w.:-]+")
NETWORK_ERRORS: tuple[type[Exception], ...] = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
)
"""What a request that brings no reply ends with."""


class Transport(httpx2.BaseTransport):
    """Sends each request within the seconds of its own read timeout; safe to use from threads."""

    def __init__(
        self,
        proxy: Proxy | None = None,
        *,
        judge: Judge | None = None,
        endless: bool = False,
    ) -> None:
        """`endless` lets a reply take as long as bytes come: the seconds are those of each wait for some."""
        self._request = RequestInFlight()
        self._endless = endless
        network = Network(self._request, judge)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_certificates(),
            proxy=_core_proxy(proxy) if proxy else None,
            max_connections=None,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=network,
        )

    @property
    def departed(self) -> bool:
        """Whether any byte of this thread's last request has left."""
        return self._request.departed

    def forget(self) -> None:
        """Let this thread have no request that departed."""
        self._request.departed = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the reply's body is read by the caller, within the same deadline."""
        seconds = request.extensions.get("timeout", {}).get("read")
        self._request.begin(None if self._endless else seconds, secure=request.url.scheme == "https")
        limits = {"connect": min(CONNECT_TIMEOUT, seconds or CONNECT_TIMEOUT), "read": seconds, "write": seconds}
        url = request.url
        assert isinstance(request.stream, httpx2.SyncByteStream)
        reply = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions={**request.extensions, "timeout": limits},
            )
        )
        assert isinstance(reply.stream, Iterable)
        return httpx2.Response(
            reply.status, headers=reply.headers, stream=_Body(reply.stream), extensions=reply.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def new_client(transport: Transport, *, without: Iterable[str] = ()) -> httpx2.Client:
    """Make the client over a transport; headers called `without` (in lower case) never leave."""

    def strip(request: httpx2.Request) -> None:
        for name in without:
            request.headers.pop(name, None)

    return httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, event_hooks={"request": [strip]})


class _Body(httpx2.SyncByteStream):
    """The bytes of a reply as they come."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


def _certificates() -> ssl.SSLContext:
    """Load the certificates to trust, as the HTTP client does by itself. Raises ProviderError.

    The variables are those of the process, because nobody else's can be handed to OpenSSL.
    """
    variable = next((name for name in CERTIFICATES if os.environ.get(name)), "")
    place = os.environ.get(variable, "")
    said = ""
    if variable and not os.path.exists(place):  # noqa: PTH110 - a text of the environment
        said = "it is not there"  # of a folder, OpenSSL would not say so
    else:
        try:
            return httpx2.create_ssl_context()
        except (OSError, ValueError) as failure:  # an SSLError is an OSError
            said = (failure.strerror if isinstance(failure, OSError) else None) or str(failure)
    if not variable:
        raise ProviderError(FailureClass.PROVIDER_STOP, f"this machine's certificates can't be loaded: {said}")
    message = f"`{variable}` names `{place}`, which can't be used: {said}"
    raise ProviderError(FailureClass.PROVIDER_STOP, message, hint=f"fix `{variable}` in the environment, or unset it")


def _core_proxy(proxy: Proxy) -> httpcore2.Proxy:
    """Read a proxy's address. Raises ProviderError, which names the variable and not the address."""
    trouble = "is no address of a proxy"
    with suppress(ValueError, httpx2.InvalidURL):
        read = httpx2.Proxy(proxy.url)
        url = read.url
        if url.scheme in ("socks5", "socks5h"):
            trouble = "names a SOCKS proxy, for which the package `socksio` is missing"
            if find_spec("socksio") is not None:
                trouble = ""
        elif url.scheme in ("http", "https") and _HOST.fullmatch(url.host):
            trouble = ""
        if not trouble:
            return httpcore2.Proxy(
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                auth=read.raw_auth,
                headers=read.headers.raw,
            )
    hint = f"fix `{proxy.variable}` in the environment, or unset it"
    raise ProviderError(FailureClass.PROVIDER_STOP, f"`{proxy.variable}` {trouble}", hint=hint)


def is_inside(url: str) -> bool:
    """Say whether all addresses of a server are this machine's or in a private network; a name without any is not."""
    try:
        found = socket.getaddrinfo(scheme_and_host(url)[1], None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(not ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found)
