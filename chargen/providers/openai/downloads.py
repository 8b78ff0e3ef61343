"""Fetches a picture that a compatible server delivered as an address instead of bytes.

Laws: http(s) only, no redirects, a size cap and a deadline; no key goes along; an address on the reader's own machine
or network is only fetched when the server itself is there, judged by what the name resolves to when the connection is
made. Fetching costs nothing, so it is tried twice; when both fail the picture was paid for all the same, and the
message keeps the address.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from chargen.config.server_address import scheme_and_host
from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http.failures import ambiguous, clean
from chargen.providers.http.proxies import proxy_for

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 64 * 1024 * 1024
"""Far above any picture of the sizes there are (a 4K PNG has about 25 MB)."""
TIMEOUT = 60.0
"""Seconds for the whole picture."""
TRIES = 2


def download(url: str, server: str, environ: Mapping[str, str], secrets: Iterable[str] = ()) -> bytes:
    """Return the bytes at `url`, which `server` (its base URL) named. Raises ProviderError."""
    from chargen.providers.http.client import NETWORK_ERRORS, Transport, is_inside, new_client  # noqa: PLC0415 - slow to import

    secrets = tuple(secrets)
    scheme, host = scheme_and_host(url)
    if scheme not in ("http", "https") or not host:
        raise _refused(f"the reply's address is not http(s): {url}", secrets)
    inside = is_inside(server)

    def judge(address: str) -> None:
        if not inside and not _is_public(address):
            raise _refused(f"the reply's address is inside this network, the server is not: {url}", secrets)

    proxy = None if inside else proxy_for(url, environ)
    if proxy is not None:  # the proxy connects: only what the name itself or this machine knows can be judged
        _judge_by_name(host, judge)
    failures: tuple[type[Exception], ...] = (_NotThereError, *NETWORK_ERRORS)
    said = ""
    with new_client(Transport(proxy, judge=None if proxy else judge)) as client:
        for _ in range(TRIES):
            try:
                return _fetch(client, url, secrets)
            except failures as raised:
                said = str(raised) or type(raised).__name__
    message = clean(f"the picture could not be fetched from {url}: {said}", secrets)
    raise ambiguous(message, hint="it was made and may have been billed; fetch it by hand while the address lasts")


class _NotThereError(Exception):
    """The server answered, but not with the picture."""


def _fetch(client: httpx2.Client, url: str, secrets: tuple[str, ...]) -> bytes:
    chunks: list[bytes] = []
    length = 0
    with client.stream("GET", url, timeout=TIMEOUT) as response:
        if response.status_code != 200:
            raise _NotThereError(f"HTTP {response.status_code}")
        for chunk in response.iter_bytes():
            length += len(chunk)
            if length > MOST_BYTES:
                raise _refused(f"the picture at {url} has more than {MOST_BYTES // 1024**2} MiB", secrets)
            chunks.append(chunk)
    if not length:
        raise _NotThereError("no bytes")
    return b"".join(chunks)


def _judge_by_name(host: str, judge: Callable[[str], None]) -> None:
    with suppress(OSError, UnicodeError):
        for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            judge(str(entry[4][0]))


def _is_public(address: str) -> bool:
    """Say whether an IP address is one of the internet's; one in another's clothes (IPv4 in IPv6) counts as itself."""
    number = ip_address(address.partition("%")[0])
    return (getattr(number, "ipv4_mapped", None) or number).is_global


def _refused(message: str, secrets: tuple[str, ...]) -> ProviderError:
    hint = "check what the server at `base_url` of `openai` delivers; the image may have been billed"
    return ProviderError(FailureClass.INVALID, clean(message, secrets), hint=hint, possibly_billed=True)
