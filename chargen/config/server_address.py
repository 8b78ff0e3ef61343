"""Where a provider's server is: the settings' address, else the environment's, else the vendor's own.

Laws: a key never crosses a network in the clear, whoever asks for it; where the project's settings, which may be a
stranger's, send requests to another server than the vendor's, there is a sentence that says so. Pure; the environment's
value is handed in.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from chargen.errors import Position, Problem, StartError, error, note


def server_address(
    provider: str,
    setting: str | None,
    variable: str,
    value: str,
    vendor: str,
    *,
    place: Position | None = None,
    key: str = "",
) -> str:
    """Return the base URL to use; an empty value counts as unset.

    `place` is where the settings name the address, None where it came from the environment; `key` is the variable that
    holds the key to be sent, empty where none is. Raises StartError, naming where it was written, for one that is no
    http(s) address, and for one that a key would go to unencrypted.
    """
    of_file = bool(setting) and (place is not None or setting != value.strip())
    address, where = setting or value.strip(), "`base_url`" if of_file else f"`{variable}`"
    if not address:
        return vendor
    scheme, host = scheme_and_host(address)
    if scheme not in ("http", "https") or not host:
        hint = f"set it to an address such as `{vendor}`, or leave it out"
        raise StartError(error(f"{where} of `{provider}` is no http(s) address", place, hint))
    if key and scheme == "http" and not is_loopback(host):
        message = f"{where} of `{provider}` is `http://{host}`: `{key}` would cross the network unencrypted"
        raise StartError(error(message, place, f"use https, or unset `{key}` where that server needs none"))
    return address


def elsewhere(provider: str, address: str, place: Position | None, domain: str) -> Problem | None:
    """Say where requests go, if the settings at `place` send them to neither the vendor's `domain` nor this machine."""
    if place is None or is_at(address, domain) or is_loopback(scheme_and_host(address)[1]):
        return None
    hint = "your key, prompts and pictures go there: see that you know this server"
    return note(f"requests of `{provider}` go to `{address}`, as {place} says", place, hint)


def is_at(address: str, domain: str) -> bool:
    """Say whether `address` is at `domain` or below it."""
    host = scheme_and_host(address)[1]
    return host == domain or host.endswith(f".{domain}")


def is_loopback(host: str) -> bool:
    """Say whether a host's name or number is this machine's own; what would have to be asked is not."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def scheme_and_host(address: str) -> tuple[str, str]:
    """Return both in lower case; empty where the address can't be read."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""
