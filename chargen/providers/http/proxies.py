"""Which proxy of the environment a request goes through: one for its scheme, unless the host is an exception.

Laws: what is meant for this machine or a private network goes there directly, unless the settings say otherwise
(`proxy = true`); a key never reaches a proxy unencrypted. Pure; the environment is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from msgspec import Struct

from chargen.config.server_address import scheme_and_host

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name the certificates to trust, also those of a proxy: the first that is set counts."""


class Proxy(Struct, frozen=True):
    """A proxy's address as the environment has it, and the variable's name."""

    url: str
    variable: str


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that the environment names for an address; lower case before upper, as everywhere."""
    scheme, host = scheme_and_host(url)
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if given := environ.get(variable, "").strip():
                address = given if "://" in given else f"http://{given}"
                return None if _excepted(host, environ) else Proxy(address, variable)
    return None


def _excepted(host: str, environ: Mapping[str, str]) -> bool:
    """Say whether `no_proxy` names a host: itself, a domain above it, or a network around its number."""
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return any(_names(entry.strip().lower(), host) for entry in listed.split(",") if entry.strip())


def _names(entry: str, host: str) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    domain = entry.partition("://")[2] or entry
    domain = domain.partition(":")[0].removeprefix("*").removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
