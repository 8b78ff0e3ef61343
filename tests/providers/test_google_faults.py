"""Everything Google does instead of sending a picture, over HTTP through the official SDK."""

from __future__ import annotations

import socket
import threading
from decimal import Decimal
from typing import Any

import pytest
from google.genai.errors import APIError
from provider_cases import BANANA, GOOGLE_KEY, asked, facts, failure_of, provider
from servers import google_server, loopback
from servers.google_server import GoogleServer
from servers.loopback import Fault, held

from chargen.model.request import FailureClass
from chargen.providers.google.adapter import _error_answer
from chargen.providers.http.failures import words

TRANSIENT, AMBIGUOUS, REFUSED = FailureClass.TRANSIENT, FailureClass.AMBIGUOUS, FailureClass.REFUSED
INVALID, STOP = FailureClass.INVALID, FailureClass.PROVIDER_STOP

_REFUSALS = (
    "SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION",
    "IMAGE_RECITATION", "MODEL_ARMOR", "LANGUAGE",
)  # fmt: skip
_EMPTY = ("NO_IMAGE", "IMAGE_OTHER", "OTHER", "MALFORMED_RESPONSE", "MAX_TOKENS", "A_REASON_OF_TOMORROW")


@pytest.fixture(scope="module")
def pair() -> Any:
    """One server and one provider for all faults; each test scripts the next request."""
    with GoogleServer(key=GOOGLE_KEY) as server:
        made = provider("google", base_url=server.base_url)
        yield server, made
        made.close()


@pytest.mark.parametrize(
    ("fault", "expected", "words"),
    [
        (google_server.per_minute(3.29), (TRANSIENT, False, None), "RESOURCE_EXHAUSTED"),
        (google_server.per_day(), (STOP, False, None), "current quota"),
        (google_server.none_allowed(), (STOP, False, None), "limit: 0"),
        (google_server.error(429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0"), (STOP, False, None), "limit: 0"),
        (google_server.error(429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 10"), (TRANSIENT, False, None), "10"),
        (google_server.credits_used_up(402), (STOP, False, None), "depleted"),
        (google_server.credits_used_up(429), (STOP, False, None), "depleted"),
        (google_server.error(402, "RESOURCE_EXHAUSTED", "No."), (STOP, False, None), "No."),
        (google_server.error(429, "RESOURCE_EXHAUSTED", "Monthly spending cap hit"), (STOP, False, None), "cap"),
        (google_server.bad_key(), (STOP, False, None), "API key not valid"),
        (google_server.bad_key("API key expired. Renew it."), (STOP, False, None), "expired"),
        (google_server.forbidden(), (STOP, False, None), "PERMISSION_DENIED"),
        (google_server.error(401, "UNAUTHENTICATED", "No credentials"), (STOP, False, None), "UNAUTHENTICATED"),
        (google_server.wrong_region(), (STOP, False, None), "location"),
        (google_server.invalid(), (INVALID, False, None), "INVALID_ARGUMENT"),
        (google_server.invalid("Multiple candidates is not enabled"), (INVALID, False, None), "candidates"),
        (google_server.unknown_model("gemini-9"), (INVALID, False, None), "gemini-9"),
        (google_server.error(400, "INVALID_ARGUMENT", "In a list", in_list=True), (INVALID, False, None), "In a list"),
        (google_server.overloaded(), (TRANSIENT, False, None), "overloaded"),
        (google_server.internal(), (TRANSIENT, False, None), "INTERNAL"),
        (google_server.deadline(), (TRANSIENT, False, None), "Deadline expired"),
        (google_server.error(408, "X", "Slow"), (TRANSIENT, False, None), "Slow"),
        (google_server.error(409, "ABORTED", "Again"), (TRANSIENT, False, None), "Again"),
        (google_server.error(499, "CANCELLED", "Gone"), (TRANSIENT, False, None), "Gone"),
        (Fault(307, "", {"location": "/v1/models/x:generateContent"}), (STOP, False, None), "HTTP 307"),
        (loopback.html(502), (TRANSIENT, True, 2), "502 Bad Gateway"),
        (loopback.html(413, "Too large"), (INVALID, False, None), "Too large"),
        (loopback.empty(503), (TRANSIENT, False, None), "503"),
        (google_server.blocked(), (REFUSED, False, None), "PROHIBITED_CONTENT"),
        (google_server.blocked("OTHER", "not this"), (REFUSED, False, None), "not this"),
        *((google_server.finished(reason, "so it is"), (REFUSED, False, None), reason) for reason in _REFUSALS),
        *((google_server.finished(reason), (TRANSIENT, False, 2), reason) for reason in _EMPTY),
        (google_server.finished("PUP_LIMITED_DISABLED"), (STOP, False, None), "PUP_LIMITED_DISABLED"),
        (google_server.finished("STOP", text="I can't draw that."), (TRANSIENT, False, 2), "I can't draw that."),
        (google_server.null_content(), (TRANSIENT, False, 2), "no image (STOP)"),
        (google_server.no_candidates(), (TRANSIENT, False, 2), "no candidates"),
        (google_server.parts(lambda _: []), (TRANSIENT, False, 2), "no image"),
        (
            google_server.parts(lambda _: [{"inlineData": {"mimeType": "image/png", "data": ""}}]),
            (TRANSIENT, False, 2),
            "no image",
        ),
        (Fault(body={"error": {"code": 429, "message": "inside", "status": "X"}}), (TRANSIENT, False, None), "inside"),
        (Fault(body={}), (TRANSIENT, True, 2), "no candidates"),
        (Fault(body=[1]), (AMBIGUOUS, True, None), "not what Gemini sends"),
        (loopback.html(200, "Welcome"), (AMBIGUOUS, True, None), "Welcome"),
        (loopback.garbage(), (AMBIGUOUS, True, None), "not what Gemini sends"),
        (loopback.truncated_json(), (AMBIGUOUS, True, None), "not what Gemini sends"),
        (loopback.empty(200), (AMBIGUOUS, True, None), "sends: it is empty"),
        (loopback.cut_before_headers(), (AMBIGUOUS, True, None), "broke after sending"),
        (loopback.cut_mid_body(), (AMBIGUOUS, True, None), "broke after sending"),
    ],
)
def test_every_fault_has_its_class(pair: Any, fault: Fault, expected: Any, words: str) -> None:
    """One request goes out, and its failure says what to do next and keeps the server's words."""
    server, google = pair
    before = len(server.requests)
    server.then(fault)
    failure = failure_of(google)
    assert facts(failure) == expected
    assert words in failure.message
    assert len(server.requests) == before + 1


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (google_server.per_minute(3.29), 3.29),
        (google_server.per_minute(None, words="Please retry in 7.5s."), 7.5),
        (google_server.per_minute(None), None),
        (Fault(429, {"error": {"message": "m"}}, {"retry-after": "12"}), 12.0),
        (Fault(503, {"error": {"message": "m"}}, {"retry-after": "4"}), 4.0),
    ],
)
def test_the_servers_own_wait_is_kept(pair: Any, fault: Fault, wait: float | None) -> None:
    """`RetryInfo` first, then headers, then words; nothing where nothing is said."""
    server, google = pair
    server.then(fault)
    failure = failure_of(google)
    assert failure.rate_limited is (fault.status == 429)
    assert failure.wait == wait


def test_an_enforced_limit_says_when_to_come_back() -> None:
    """Over the server's own limit the wait is what is left of its window."""
    with GoogleServer(limit=loopback.RateLimit(1, window=30.0)) as server:
        google = provider("google", base_url=server.base_url)
        google.send(google.adapt(asked(), BANANA))
        failure = failure_of(google)
        assert failure.rate_limited
        assert failure.wait is not None
        assert 25 < failure.wait <= 30
        google.close()


def test_tokens_spent_on_words_are_kept(pair: Any) -> None:
    """A reply without a picture is billed as text, and its cost goes along with the failure."""
    server, google = pair
    server.then(google_server.finished("STOP", text="No."))
    failure = failure_of(google)
    assert failure.usage["candidatesTokenCount"] == 25
    assert failure.cost_usd is not None
    assert failure.cost_usd == Decimal("0.000248")  # 40 tokens in at 1.50, 25 out at 7.50, rounded up
    assert failure.request_id


def test_a_wrong_key_names_its_variable_and_is_never_shown() -> None:
    """The hint names the variable the key came from; a key echoed in the words is taken out."""
    with GoogleServer() as server:
        google = provider("google", {"GOOGLE_API_KEY": GOOGLE_KEY}, base_url=server.base_url)
        server.then(google_server.bad_key(f"API key not valid: {GOOGLE_KEY}. See ?key={GOOGLE_KEY}&x=1"))
        failure = failure_of(google)
        assert failure.failure is STOP
        assert "`GOOGLE_API_KEY`" in failure.hint
        assert failure.message.startswith("API key not valid: [key]. See ?key=[key]&x=1")
        google.close()


def test_a_timeout_is_ambiguous() -> None:
    """No byte in time: the picture may have been made and billed. The setting is in seconds, the SDK's is not."""
    release = threading.Event()
    with GoogleServer() as server:
        google = provider("google", base_url=server.base_url, timeout=0.2)
        server.then(held(release))
        failure = failure_of(google)
        release.set()
        assert facts(failure) == (AMBIGUOUS, True, None)
        assert "no reply in time" in failure.message
        assert len(server.requests) == 1
        google.close()


def test_no_server_is_transient() -> None:
    """A refused connection never left this machine: nothing can have been billed."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        google = provider("google", base_url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        failure = failure_of(google)
        assert facts(failure) == (TRANSIENT, False, None)
        google.close()


def test_an_error_whose_reply_is_gone_is_still_classified() -> None:
    """Where the SDK kept only its own copy of an error, that is enough."""
    raised = APIError(429, {"error": {"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"}})
    assert _error_answer(raised).status == 429
    assert "Slow down" in words(_error_answer(raised))
