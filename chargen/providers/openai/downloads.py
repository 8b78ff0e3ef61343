"""Fetches a picture that a compatible server delivered as an address instead of bytes.

Laws: http(s) only, no redirects, a size cap and a timeout; no key goes along; an address on the reader's own machine or
network is only fetched when the server itself is there. Fetching costs nothing, so it is tried twice; when both fail
the picture was paid for all the same, and the message keeps the address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from chargen.config.server_address import scheme_and_host
from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http import deadlines
from chargen.providers.http.failures import ambiguous, clean

MOST_BYTES = 64 * 1024 * 1024
"""Far above any picture of the sizes there are (a 4K PNG has about 25 MB)."""
TIMEOUT = 60.0
"""Seconds without a byte, and for the whole picture once it has begun."""
TRIES = 2


def download(url: str, server: str, secrets: Iterable[str] = ()) -> bytes:
    """Return the bytes at `url`, which `server` (its base URL) named. Raises ProviderError."""
    import httpx2  # noqa: PLC0415 - comes with the SDKs and is as slow to import

    secrets = tuple(secrets)
    _check_address(url, server, secrets)
    said = ""
    with httpx2.Client(timeout=TIMEOUT, follow_redirects=False, event_hooks=deadlines.hooks()) as client:
        for _ in range(TRIES):
            try:
                return _fetch(client, url, secrets)
            except (httpx2.HTTPError, httpx2.InvalidURL, _NotThereError) as raised:
                said = str(raised) or type(raised).__name__
    message = clean(f"the picture could not be fetched from {url}: {said}", secrets)
    raise ambiguous(message, hint="it was made and may have been billed; fetch it by hand while the address lasts")


class _NotThereError(Exception):
    """The server answered, but not with the picture."""


def _fetch(client: object, url: str, secrets: tuple[str, ...]) -> bytes:
    import httpx2  # noqa: PLC0415 - as above

    assert isinstance(client, httpx2.Client)
    chunks: list[bytes] = []
    length = 0
    with client.stream("GET", url) as response:
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


def _check_address(url: str, server: str, secrets: tuple[str, ...]) -> None:
    scheme, host = scheme_and_host(url)
    if scheme not in ("http", "https") or not host:
        raise _refused(f"the reply's address is not http(s): {url}", secrets)
    if _is_local(host) and not _is_local(scheme_and_host(server)[1]):
        raise _refused(f"the reply's address is inside this network, the server is not: {url}", secrets)


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host


def _refused(message: str, secrets: tuple[str, ...]) -> ProviderError:
    hint = "check what the server at `base_url` of `openai` delivers; the image may have been billed"
    return ProviderError(FailureClass.INVALID, clean(message, secrets), hint=hint, possibly_billed=True)
