"""Which server is meant, by settings, environment or default."""

from __future__ import annotations

import pytest

from chargen.config.server_address import elsewhere, is_at, server_address
from chargen.errors import Position, StartError

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


PLACE = Position("pyproject.toml", 4, 1)


@pytest.mark.parametrize(
    "host", ["192.168.1.5:78", "example.org", "127.0.0.1.example.org", "localhost.org", "[fe80::1]"]
)
def test_no_key_crosses_a_network_in_the_clear(host: str) -> None:
    """Whether the file or the environment names the server; with the place, the key's name, and a way on."""
    with pytest.raises(StartError) as caught:
        server_address("p", f"http://{host}/v1", "P_URL", "", VENDOR, place=PLACE, key="P_KEY")
    assert "pyproject.toml:4:1: error: `base_url` of `p` is `http://" in str(caught.value)
    assert "`P_KEY` would cross the network unencrypted\n  hint: use https" in str(caught.value)
    for setting in (None, f"http://{host}/v1"):
        with pytest.raises(StartError, match="`P_URL` of `p` is `http://"):
            server_address("p", setting, "P_URL", f"http://{host}/v1", VENDOR, key="P_KEY")


@pytest.mark.parametrize("host", ["localhost:1", "a.localhost", "127.0.0.1:2", "127.9.9.9", "[::1]:3"])
def test_this_machine_may_be_asked_in_the_clear(host: str) -> None:
    """Nothing leaves it; a server that needs no key may also stand elsewhere, and https may go anywhere."""
    assert server_address("p", f"http://{host}/v1", "P_URL", "", VENDOR, place=PLACE, key="P_KEY")
    assert server_address("p", "http://192.168.1.5/v1", "P_URL", "", VENDOR, place=PLACE)
    assert server_address("p", "https://192.168.1.5/v1", "P_URL", "", VENDOR, place=PLACE, key="P_KEY")


def test_an_address_of_the_settings_is_told() -> None:
    """With its line; not the vendor's own, not this machine, and not what the environment asked for."""
    told = elsewhere("p", "https://else.example/v1", PLACE, "api.vendor.example")
    assert told is not None
    assert told.message == "requests of `p` go to `https://else.example/v1`, as pyproject.toml:4:1 says"
    assert told.position == PLACE
    assert elsewhere("p", "https://else.example/v1", None, "api.vendor.example") is None
    assert elsewhere("p", VENDOR, PLACE, "api.vendor.example") is None
    assert elsewhere("p", "http://127.0.0.1:8080/v1", PLACE, "api.vendor.example") is None
