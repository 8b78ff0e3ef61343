"""Where a provider's server is: the settings' address, else the environment's, else the vendor's own.

Pure; the environment's value is handed in.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from chargen.errors import StartError


def server_address(provider: str, setting: str | None, variable: str, value: str, vendor: str) -> str:
    """Return the base URL to use; an empty value counts as unset.

    Raises StartError, naming where it was written, for one that is no http(s) address.
    """
    address, where = (setting, "`base_url`") if setting else (value.strip(), f"`{variable}`")
    if not address:
        return vendor
    scheme, host = scheme_and_host(address)
    if scheme not in ("http", "https") or not host:
        hint = f"set it to an address such as `{vendor}`, or leave it out"
        raise StartError(f"{where} of `{provider}` is no http(s) address", hint=hint)
    return address


def is_at(address: str, domain: str) -> bool:
    """Say whether `address` is at `domain` or below it."""
    host = scheme_and_host(address)[1]
    return host == domain or host.endswith(f".{domain}")


def scheme_and_host(address: str) -> tuple[str, str]:
    """Return both in lower case; empty where the address can't be read."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""
