"""What lies between this machine and a server: proxies, certificates, deadlines, through both official SDKs."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from provider_cases import GOOGLE_KEY, OPENAI_KEY, asked, failure_of, provider
from servers.google_server import GoogleServer
from servers.openai_server import OpenAIServer

from chargen.model.request import FailureClass
from chargen.providers.http.proxies import proxy_for

KEYS = {"OPENAI_API_KEY": OPENAI_KEY, "GEMINI_API_KEY": GOOGLE_KEY}
VENDORS = [("openai", OpenAIServer), ("google", GoogleServer)]
BOTH = pytest.mark.parametrize(("name", "server"), VENDORS)
EACH = pytest.mark.parametrize("name", ["openai", "google"])


@contextmanager
def listening(talk: Any) -> Iterator[tuple[str, list[bytes]]]:
    """Serve each connection of a free port with `talk(connection, stopping)`; give its address and what came."""
    heard: list[bytes] = []
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=one, args=(connection,)))
                    threads[-1].start()

        def one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                heard.append(connection.recv(65536))
                talk(connection, stopping)

        threads = [threading.Thread(target=serve)]
        threads[0].start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", heard
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)


def answer(words: bytes) -> Any:
    """Say this and hang up, once the other side has: what is unread when a connection is closed would reset it."""

    def talk(connection: socket.socket, _stopping: threading.Event) -> None:
        connection.settimeout(10)
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    return talk


def drip(first: bytes, again: bytes) -> Any:
    """Say something at first, then the same little for ever."""

    def talk(connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(first)
        while not stopping.wait(0.03):
            connection.sendall(again)

    return talk


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "talk",
    [
        drip(b"HTTP/1.1 200 OK\r\nx: ", b"a"),
        drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        drip(b"", b"HTTP/1.1 100 C\r\n\r\n"),
    ],
    ids=["headers", "102", "100"],
)
@EACH
def test_one_deadline_bounds_the_whole_request(name: str, talk: Any) -> None:
    """Headers that drip and interim replies that never end are over when the time is; it may have been billed."""
    with listening(talk) as (address, heard):
        made = provider(name, base_url=f"http://{address}/v1", timeout=1.0)
        failure = failure_of(made)
        made.close()
        assert failure.failure is FailureClass.AMBIGUOUS
        assert "not whole after 1 s" in failure.message
    assert len(heard) == 1


@EACH
def test_a_refused_connection_is_met_by_every_request_and_costs_nothing(name: str) -> None:
    """It says where, and is no matter of money."""
    made = provider(name, base_url=f"http://127.0.0.1:{free_port()}/v1")
    failure = failure_of(made)
    made.close()
    assert (failure.failure, failure.alike, failure.possibly_billed) == (FailureClass.TRANSIENT, True, False)
    assert "refused" in failure.message
    assert f"`{made._base_url}`" in failure.hint


@EACH
def test_a_name_nobody_has_is_told_with_the_address(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without a network."""

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    made = provider(name)
    failure = failure_of(made)
    made.close()
    assert (failure.failure, failure.alike, failure.possibly_billed) == (FailureClass.TRANSIENT, True, False)
    assert "spelt right" in failure.hint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody trusts, and a server's context with it."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
         "-subj", "/CN=office", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


@BOTH
def test_a_certificate_nobody_trusts_stops_the_provider_and_one_that_is_set_is_used(
    name: str, server: Any, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint names the variable, and it helps."""
    cert, context = certificate
    with server() as vendor:
        vendor._http.socket = context.wrap_socket(vendor._http.socket, server_side=True)
        vendor._http.handle_error = lambda *_: None
        url = vendor.base_url.replace("http://", "https://")
        made = provider(name, base_url=url)
        failure = failure_of(made)
        made.close()
        assert (failure.failure, failure.possibly_billed) == (FailureClass.PROVIDER_STOP, False)
        assert "CERTIFICATE_VERIFY_FAILED" in failure.message
        assert "`SSL_CERT_FILE`" in failure.hint
        assert "clock" in failure.hint
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        trusting = provider(name, base_url=url)
        assert trusting.send(trusting.adapt(asked(), trusting.default_model)).data
        trusting.close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@EACH
def test_certificates_that_are_gone_are_a_stop_before_anything_leaves(
    name: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No money, and the variable's name."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "gone" / "ca.pem"))
    with listening(answer(b"")) as (address, heard):
        made = provider(name, base_url=f"http://{address}/v1")
        failure = failure_of(made)
        made.close()
        assert not heard
    assert (failure.failure, failure.possibly_billed) == (FailureClass.PROVIDER_STOP, False)
    assert f"`{variable}`" in failure.hint


@EACH
@pytest.mark.parametrize("url", ["ftp://proxy:1", "http://[", "http://"])
def test_a_proxy_setting_that_can_not_work_is_a_stop_that_names_it(name: str, url: str) -> None:
    """Nothing leaves, nothing costs; the address, which may hold a password, is not told."""
    made = provider(name, {**KEYS, "HTTPS_PROXY": url})
    failure = failure_of(made)
    assert (failure.failure, failure.possibly_billed) == (FailureClass.PROVIDER_STOP, False)
    assert "`HTTPS_PROXY`" in failure.message
    assert url not in failure.message


@EACH
def test_a_package_that_is_missing_is_a_stop_and_no_money(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import fails before anything leaves."""
    monkeypatch.setitem(sys.modules, {"openai": "openai", "google": "google.genai"}[name], None)
    failure = failure_of(provider(name))
    assert (failure.failure, failure.possibly_billed) == (FailureClass.PROVIDER_STOP, False)
    assert "install" in failure.hint


@EACH
@pytest.mark.parametrize(
    ("reply", "failure_class", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", FailureClass.PROVIDER_STOP, "name and password"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", FailureClass.TRANSIENT, "may reach"),
    ],
)
def test_a_proxy_that_refuses_is_told_as_one(name: str, reply: bytes, failure_class: FailureClass, words: str) -> None:
    """The vendor is reached by CONNECT only, so that no key is seen; a refusal has not cost anything."""
    with listening(answer(reply)) as (address, heard):
        made = provider(name, {**KEYS, "HTTPS_PROXY": f"http://me:pw@{address}"})
        failure = failure_of(made)
        made.close()
    assert (failure.failure, failure.alike, failure.possibly_billed) == (failure_class, True, False)
    assert words in failure.hint
    assert "HTTPS_PROXY" in failure.hint
    assert all(words.startswith(b"CONNECT ") for words in heard)
    assert not any(key.encode() in words for key in KEYS.values() for words in heard)


@BOTH
def test_a_server_on_this_machine_is_reached_without_the_proxy(name: str, server: Any) -> None:
    """Whatever the environment says, unless the settings do; and then no key goes there in clear."""
    with server() as vendor, listening(answer(b"HTTP/1.1 502 Bad\r\n\r\n")) as (address, heard):
        environ = {**KEYS, "http_proxy": address, "ALL_PROXY": f"http://{address}"}
        made = provider(name, environ, base_url=vendor.base_url)
        assert made.send(made.adapt(asked(), made.default_model)).data
        made.close()
        assert not heard
        told = provider(name, environ, base_url=vendor.base_url, proxy=True)
        failure = failure_of(told)
        assert (failure.failure, failure.possibly_billed) == (FailureClass.PROVIDER_STOP, False)
        assert "unencrypted" in failure.message
        assert not heard
        keyless = provider(name, {"http_proxy": address}, base_url=vendor.base_url, proxy=True)
        assert failure_of(keyless).status == 502
        keyless.close()
        assert len(heard) == 1
        assert len(vendor.requests) == 1


def test_the_proxy_is_the_one_for_the_scheme_and_exceptions_are_by_name_domain_and_network() -> None:
    """As curl and the SDKs read these variables."""
    environ = {"https_proxy": "one:3128", "HTTPS_PROXY": "http://two", "ALL_PROXY": "socks5://three"}
    found = proxy_for("https://api.openai.com/v1", environ)
    assert found is not None
    assert (found.url, found.variable) == ("http://one:3128", "https_proxy")
    other = proxy_for("http://images.example.org", environ)
    assert other is not None
    assert other.variable == "ALL_PROXY"
    for listed in ("*", "api.openai.com", ".openai.com", "openai.com", "*.openai.com", " x, OpenAI.com:443"):
        assert proxy_for("https://api.openai.com/v1", {**environ, "no_proxy": listed}) is None, listed
    for listed in ("", "pi.openai.com", "penai.com", "10.0.0.0/8", "api.openai.com.evil"):
        assert proxy_for("https://api.openai.com/v1", {**environ, "NO_PROXY": listed}) is not None, listed
    assert proxy_for("https://10.1.2.3/v1", {**environ, "NO_PROXY": "10.0.0.0/8"}) is None
    assert proxy_for("https://api.openai.com/v1", {}) is None


def test_what_is_said_of_the_account_goes_to_the_vendor_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Organisation, project and headers of one's own do not reach another server, nor does a key hidden in them."""
    environ = {
        **KEYS,
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_PROJECT_ID": "proj-1",
        "OPENAI_CUSTOM_HEADERS": "x-tenant: t-1\nAuthorization: Bearer other",
    }
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    with listening(answer(b"HTTP/1.1 500 No\r\n\r\n")) as (address, heard):
        made = provider("openai", environ, base_url=f"http://{address}/v1")
        assert failure_of(made).status == 500
        made.close()
        vendor = provider("openai", environ, base_url=f"http://{address}/v1")
        vendor.is_vendor = True
        assert failure_of(vendor).status == 500
        vendor.close()
    elsewhere, own = (words.lower() for words in heard)
    for header in (b"org-1", b"proj-1", b"t-1", b"bearer other"):
        assert header not in elsewhere
        assert header in own
    assert f"bearer {OPENAI_KEY}".lower().encode() in elsewhere
