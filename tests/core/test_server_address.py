"""Which server is meant, by settings, environment or default."""

from __future__ import annotations

import pytest

from chargen.core.server_address import is_at, server_address
from chargen.errors import StartError

VENDOR = "https://api.vendor.example/v1"


@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [
        (None, "", VENDOR),
        (None, "  ", VENDOR),
        ("", "", VENDOR),
        (None, " http://localhost:1/v1\n", "http://localhost:1/v1"),
        ("http://127.0.0.1:2/v1", "http://localhost:1/v1", "http://127.0.0.1:2/v1"),
        ("HTTPS://Host/v1", "", "HTTPS://Host/v1"),
    ],
)
def test_settings_win_over_the_environment(setting: str | None, value: str, address: str) -> None:
    """The nearest that is set; empty is unset."""
    assert server_address("p", setting, "P_URL", value, VENDOR) == address


@pytest.mark.parametrize("bad", ["ftp://host/v1", "host:8080/v1", "http://", "http://[bad/v1", "localhost"])
def test_what_is_no_address_says_where_it_stands(bad: str) -> None:
    """Settings and environment are told apart."""
    with pytest.raises(StartError, match="`P_URL` of `p` is no http"):
        server_address("p", None, "P_URL", bad, VENDOR)
    with pytest.raises(StartError, match="`base_url` of `p` is no http"):
        server_address("p", bad, "P_URL", "", VENDOR)


def test_a_password_in_a_bad_address_is_not_shown() -> None:
    """The message names the place, never the value."""
    with pytest.raises(StartError) as caught:
        server_address("p", None, "P_URL", "ftp://me:pass-word@host", VENDOR)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "there"),
    [
        (VENDOR, True),
        ("https://eu.api.vendor.example/v1", True),
        ("https://API.Vendor.example", True),
        ("https://api.vendor.example.org", False),
        ("https://notapi.vendor.example", False),
        ("http://[bad", False),
    ],
)
def test_a_domain_is_itself_and_what_is_below(address: str, there: bool) -> None:
    """Neither a longer name nor a look-alike is the vendor."""
    assert is_at(address, "api.vendor.example") is there
