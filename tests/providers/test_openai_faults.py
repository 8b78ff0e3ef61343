"""Everything OpenAI and servers like it do instead of sending a picture, over HTTP through the official SDK."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from provider_cases import FLARE, OPENAI_KEY, asked, facts, failure_of, provider
from servers import loopback, openai_server
from servers.loopback import Fault, held
from servers.openai_server import OpenAIServer

from chargen.model.request import FailureClass, ProviderError
from chargen.providers.openai import downloads

TRANSIENT, AMBIGUOUS, REFUSED = FailureClass.TRANSIENT, FailureClass.AMBIGUOUS, FailureClass.REFUSED
INVALID, STOP = FailureClass.INVALID, FailureClass.PROVIDER_STOP


@pytest.fixture(scope="module")
def pair() -> Any:
    """One server and one provider for all faults; each test scripts the next request."""
    with OpenAIServer(key=OPENAI_KEY) as server:
        made = provider("openai", base_url=server.base_url)
        yield server, made
        made.close()


@pytest.mark.parametrize(
    ("fault", "expected", "words"),
    [
        (openai_server.rate_limited(2.0), (TRANSIENT, False, None), "rate_limit_exceeded"),
        (openai_server.slow_down(), (TRANSIENT, False, None), "slow_down"),
        (openai_server.no_quota(), (STOP, False, None), "current quota"),
        (openai_server.no_quota("credit_balance_exhausted"), (STOP, False, None), "credit_balance_exhausted"),
        (openai_server.no_quota("organization_spend_limit_exceeded"), (STOP, False, None), "spend_limit"),
        (openai_server.no_quota("project_spend_limit_exceeded"), (STOP, False, None), "spend_limit"),
        (openai_server.no_quota("organization_usage_limit_exceeded"), (STOP, False, None), "usage_limit"),
        (openai_server.error(429, "No.", "insufficient_quota", "brand_new_code"), (STOP, False, None), "No."),
        (openai_server.error_text(429, "You exceeded your current quota."), (STOP, False, None), "quota"),
        (openai_server.error_text(400, "Billing hard limit has been reached"), (STOP, False, None), "Billing"),
        (openai_server.error_text(403, "insufficient balance"), (STOP, False, None), "balance"),
        (
            openai_server.error_text(429, "You exceeded your current quota. Please retry in 7s."),
            (TRANSIENT, False, None),
            "7s",
        ),
        (openai_server.hard_limit(), (STOP, False, None), "Billing hard limit"),
        (openai_server.error(402, "Pay first.", None), (STOP, False, None), "Pay first"),
        (openai_server.moderated(), (REFUSED, False, None), "safety_violations=[violence]"),
        (openai_server.moderated("content_policy_violation"), (REFUSED, False, None), "safety system"),
        (openai_server.error(403, "Content policy violation.", None), (REFUSED, False, None), "policy"),
        (openai_server.not_transparent(), (INVALID, False, None), "Transparent background"),
        (openai_server.invalid_size("1792x936"), (INVALID, False, None), "divisible by 16"),
        (openai_server.unknown_parameter("response_format"), (INVALID, False, None), "response_format"),
        (openai_server.unknown_model("gpt-image-9"), (INVALID, False, None), "gpt-image-9"),
        (openai_server.not_verified(), (STOP, False, None), "must be verified"),
        (openai_server.overloaded(), (TRANSIENT, False, None), "server_is_overloaded"),
        (openai_server.server_error(500), (TRANSIENT, False, None), "HTTP 500"),
        (openai_server.server_error(408), (TRANSIENT, False, None), "HTTP 408"),
        (openai_server.server_error(409), (TRANSIENT, False, None), "HTTP 409"),
        (openai_server.server_error(502), (TRANSIENT, False, None), "HTTP 502"),
        (openai_server.server_error(504), (TRANSIENT, True, 2), "HTTP 504"),
        (openai_server.server_error(413), (INVALID, False, None), "HTTP 413"),
        (openai_server.server_error(422), (INVALID, False, None), "HTTP 422"),
        (Fault(307, "", {"location": "/v1/images/generations"}), (STOP, False, None), "HTTP 307"),
        (Fault(302, "", {"location": "http://127.0.0.1:1/"}), (STOP, False, None), "HTTP 302"),
        (loopback.html(502), (TRANSIENT, True, 2), "502 Bad Gateway nginx"),
        (loopback.html(404, "Not Found"), (INVALID, False, None), "Not Found"),
        (loopback.html(524, "A timeout occurred"), (TRANSIENT, True, 2), "A timeout occurred"),
        (loopback.empty(500), (TRANSIENT, False, None), "HTTP status 500 without a message"),
        (openai_server.error_text(400, "prompt is required"), (INVALID, False, None), "prompt is required"),
        (openai_server.detail(400, "Model mismatch: a, b"), (INVALID, False, None), "Model mismatch"),
        (openai_server.detail(422, [{"loc": ["body"], "msg": "bad size"}]), (INVALID, False, None), "bad size"),
        (openai_server.no_data(), (TRANSIENT, False, 2), "no image"),
        (openai_server.null_data(), (TRANSIENT, False, 2), "no image"),
        (openai_server.broken_base64(), (AMBIGUOUS, True, None), "not base64"),
        (Fault(body={"error": {"message": "Try later", "code": "x"}}), (TRANSIENT, True, 2), "Try later"),
        (Fault(body={"error": {"message": "m", "code": "moderation_blocked"}}), (REFUSED, False, None), "m"),
        (Fault(body={"error": {"message": "m", "code": "insufficient_quota"}}), (STOP, False, None), "m"),
        (Fault(body=[1, 2]), (AMBIGUOUS, True, None), "not what an image server sends"),
        (loopback.html(200, "Welcome"), (AMBIGUOUS, True, None), "Welcome"),
        (loopback.garbage(), (AMBIGUOUS, True, None), "not what an image server sends"),
        (loopback.truncated_json(), (AMBIGUOUS, True, None), "not what an image server sends"),
        (loopback.empty(200), (AMBIGUOUS, True, None), "sends: it is empty"),
        (loopback.cut_before_headers(), (AMBIGUOUS, True, None), "broke after sending"),
        (loopback.cut_mid_body(), (AMBIGUOUS, True, None), "broke after sending"),
    ],
)
def test_every_fault_has_its_class(pair: Any, fault: Fault, expected: Any, words: str) -> None:
    """One request goes out, and its failure says what to do next and keeps the server's words."""
    server, openai = pair
    before = len(server.requests)
    server.then(fault)
    failure = failure_of(openai)
    assert facts(failure) == expected
    assert words in failure.message
    assert len(server.requests) == before + 1
    assert len(failure.message) <= 600


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (openai_server.rate_limited(2.0), 2.0),
        (openai_server.rate_limited(headers={"retry-after-ms": "350", "retry-after": "9"}), 0.35),
        (openai_server.rate_limited(headers={"retry-after": "17"}), 17.0),
        (openai_server.rate_limited(headers={"retry-after": "600"}), 600.0),
        (
            openai_server.rate_limited(
                headers={"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}
            ),
            30.0,
        ),
        (openai_server.rate_limited(words="Please try again in 20s."), 20.0),
        (openai_server.rate_limited(words="Please try again in 1m30s."), 90.0),
        (openai_server.rate_limited(words="Please try again in 120ms."), 0.12),
        (openai_server.rate_limited(), None),
    ],
)
def test_the_servers_own_wait_is_kept(pair: Any, fault: Fault, wait: float | None) -> None:
    """Headers in milliseconds, in seconds or as a date, else the words; nothing where nothing is said."""
    server, openai = pair
    server.then(fault)
    failure = failure_of(openai)
    assert failure.rate_limited
    assert failure.wait == pytest.approx(wait) if wait is not None else failure.wait is None


def test_an_enforced_limit_says_when_to_come_back() -> None:
    """Over the server's own limit the wait is what is left of its window."""
    with OpenAIServer(limit=loopback.RateLimit(2, window=30.0)) as server:
        openai = provider("openai", base_url=server.base_url)
        for _ in range(2):
            openai.send(openai.adapt(asked(), FLARE))
        failure = failure_of(openai)
        assert failure.rate_limited
        assert failure.wait is not None
        assert 25 < failure.wait <= 30
        openai.close()


def test_a_wrong_key_stops_the_provider_and_is_never_shown(pair: Any) -> None:
    """401 names the variable, and neither the whole key nor the vendor's shortened one is in the message."""
    server, openai = pair
    for shown in (OPENAI_KEY, "sk-proj-****************cdef", f'"{OPENAI_KEY[:12]}***{OPENAI_KEY[-4:]}"'):
        server.then(openai_server.wrong_key(shown))
        failure = failure_of(openai)
        assert failure.failure is STOP
        assert "OPENAI_API_KEY" in failure.hint
        assert "cdef" not in failure.message
        assert "Incorrect API key provided: " in failure.message
        assert failure.request_id == "req_failed1"


def test_a_key_echoed_anywhere_is_taken_out(pair: Any) -> None:
    """A server that repeats the key in code, request id or words of any status does not get it into a message."""
    server, openai = pair
    echo = openai_server.error(
        500, f"header Authorization: Bearer {OPENAI_KEY} bad", None, OPENAI_KEY, headers={"x-request-id": OPENAI_KEY}
    )
    server.then(echo, Fault(200, f"<p>{OPENAI_KEY}</p>"), openai_server.by_url(f"ftp://x/{OPENAI_KEY}"))
    for _ in range(3):
        failure = failure_of(openai)
        assert OPENAI_KEY not in f"{failure.message} {failure.hint} {failure.code} {failure.request_id}"


def test_what_a_billed_failure_cost_is_kept(pair: Any) -> None:
    """Status 200 without a picture carries usage and cost."""
    server, openai = pair
    server.then(openai_server.no_data())
    failure = failure_of(openai)
    assert failure.usage["output_tokens"] == 1756
    assert failure.cost_usd is not None
    assert failure.cost_usd > 0
    assert failure.request_id


def test_a_timeout_is_ambiguous() -> None:
    """No byte in time: the picture may have been made and billed."""
    release = threading.Event()
    with OpenAIServer() as server:
        openai = provider("openai", base_url=server.base_url, timeout=0.2)
        server.then(held(release))
        failure = failure_of(openai)
        release.set()
        assert facts(failure) == (AMBIGUOUS, True, None)
        assert "no reply in time" in failure.message
        assert len(server.requests) == 1
        openai.close()


def test_no_server_is_transient() -> None:
    """A refused connection never left this machine: nothing can have been billed."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        openai = provider("openai", base_url=address)
        failure = failure_of(openai)
        assert facts(failure) == (TRANSIENT, False, None)
        assert "no connection" in failure.message
        openai.close()


@pytest.mark.parametrize(
    ("url", "failure_class", "words"),
    [
        ("ftp://127.0.0.1/x.png", INVALID, "not http(s)"),
        ("file:///etc/passwd", INVALID, "not http(s)"),
        ("http://[bad/x.png", INVALID, "not http(s)"),
        ("{address}/not-there.png", AMBIGUOUS, "HTTP 404"),
        ("{address}/moved.png", AMBIGUOUS, "HTTP 302"),
        ("{address}/nothing.png", AMBIGUOUS, "no bytes"),
        ("{address}/huge.png", INVALID, "MiB"),
        ("http://127.0.0.1:1/x.png", AMBIGUOUS, "refused"),
    ],
)
def test_bad_addresses_of_pictures(
    url: str, failure_class: FailureClass, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be fetched was paid for all the same: the request is not sent again for it, the address is kept."""
    monkeypatch.setattr(downloads, "MOST_BYTES", 2 * 1024 * 1024)
    with FetchServer() as server:
        openai = provider("openai", base_url=server.base_url)
        address = url.replace("{address}", server.address)
        server.then(openai_server.by_url(address))
        failure = failure_of(openai)
        assert failure.failure is failure_class
        assert failure.possibly_billed
        assert words in failure.message
        assert address in failure.message
        assert failure.cost_usd is not None
        assert len(server.requests) == 1
        openai.close()


class FetchServer(OpenAIServer):
    """Serves odd things at addresses."""

    def get(self, path: str) -> tuple[bytes, str] | None:
        found = {"/nothing.png": b"", "/huge.png": bytes(3 * 1024 * 1024)}.get(path)
        return None if found is None else (found, "image/png")

    def redirect(self, path: str) -> str | None:
        return "/generated-images/b641.png" if path == "/moved.png" else None


def test_an_address_inside_this_network_is_not_fetched_for_a_server_outside() -> None:
    """A server elsewhere can't make this machine call its own neighbours."""
    hosts = (
        "127.0.0.1:1",
        "169.254.169.254",
        "localhost",
        "[::1]",
        "127.1",
        "0x7f.1",
        "0x7f.0.0.1",
        "[::ffff:10.0.0.1]",
    )
    for url in (f"http://{host}/x" for host in hosts):
        for environ in ({}, {"http_proxy": "http://127.0.0.1:1"}):
            with pytest.raises(ProviderError, match="inside this network"):
                downloads.download(url, "https://images.example.invalid/v1", environ)


def test_a_name_that_leads_inside_is_judged_where_the_connection_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is resolved once: what was judged is what is connected to."""
    asked_for: list[str] = []

    def resolve(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked_for.append(host)
        number = "93.184.215.14" if host.startswith("images") else "10.1.2.3"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(ProviderError, match="inside this network"):
        downloads.download("http://cdn.example.org/x", "https://images.example.org/v1", {})
    assert asked_for.count("cdn.example.org") == 1


def test_a_key_that_can_not_be_one_is_told_before_sending() -> None:
    """Line ends around a key are forgiven, anything else in it is not; nothing is sent with it."""
    assert provider("openai", {"OPENAI_API_KEY": f" {OPENAI_KEY}\n"}).missing_key() is None
    for key in ("sk-proj-ключ", "sk two words", "sk-a\nb"):
        problem = provider("openai", {"OPENAI_API_KEY": key}).missing_key()
        assert problem is not None
        assert "OPENAI_API_KEY" in problem.message
        assert key not in str(problem)
    missing = provider("openai", {}).missing_key()
    assert missing is not None
    assert missing.message == "`OPENAI_API_KEY` is not set"


def test_a_fault_of_the_program_keeps_its_place_but_no_key(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception nobody expected becomes a failure of ours, with the traceback and without what it quoted."""
    _, openai = pair

    def broken(*_: Any) -> None:
        raise RuntimeError(f"bug with {OPENAI_KEY}")

    monkeypatch.setattr(type(openai), "_call", broken)
    failure = failure_of(openai)
    assert failure.failure is FailureClass.OURS
    assert failure.message == "unexpected RuntimeError: bug with [key]"
    frames: list[str] = []
    trace = failure.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "broken" in frames
