"""Broken connections and odd bodies, known by names and shapes, without any SDK."""

from __future__ import annotations

import pytest

from chargen.model.request import FailureClass
from chargen.providers.http.failures import (
    LONGEST_MESSAGE,
    Answer,
    FailureRule,
    by_status,
    exception_failure,
    ruled,
    words,
)


class TransportError(Exception):
    """Stands for the HTTP client's own."""


class ConnectError(TransportError):
    """The connection never stood."""


class ReadError(TransportError):
    """The connection broke."""


class TimeoutException(TransportError):  # noqa: N818 - as the HTTP client spells it
    """No byte in time."""


class ConnectTimeout(TimeoutException):
    """No connection in time."""


class UnsupportedProtocol(TransportError):  # noqa: N818 - as the HTTP client spells it
    """No http address."""


class APIConnectionError(Exception):
    """Stands for an SDK's own."""


def wrapped(cause: BaseException) -> BaseException:
    """An SDK's exception around the HTTP client's."""
    outer = APIConnectionError("Connection error.")
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize("wrap", [lambda cause: cause, wrapped])
@pytest.mark.parametrize(
    ("raised", "failure", "billed", "message"),
    [
        (ConnectError("refused"), FailureClass.TRANSIENT, False, "no connection to `p`: refused"),
        (ConnectTimeout("slow"), FailureClass.TRANSIENT, False, "no connection to `p`: slow"),
        (TimeoutException("slow"), FailureClass.AMBIGUOUS, True, "no reply in time: slow"),
        (ReadError("gone"), FailureClass.AMBIGUOUS, True, "the connection broke after sending: gone"),
        (UnsupportedProtocol("x://"), FailureClass.PROVIDER_STOP, False, "the request could not be formed: x://"),
    ],
)
def test_what_was_sent_decides(
    raised: BaseException, failure: FailureClass, billed: bool, message: str, wrap: object
) -> None:
    """Before the connection stands nothing can be billed, after that it may be, also inside an SDK's exception."""
    assert callable(wrap)
    found = exception_failure(wrap(raised), "p")
    assert (found.failure, found.possibly_billed, found.message) == (failure, billed, message)


def test_a_silent_exception_is_named() -> None:
    """An exception without words is called by its class."""
    assert exception_failure(ReadError(), "p").message == "the connection broke after sending: ReadError"


def test_anything_else_is_ours_and_carries_no_key() -> None:
    """A bug is told as one, its words without the key."""
    found = exception_failure(ValueError("bad my-secret-key"), "p", ["my-secret-key"])
    assert found.failure is FailureClass.OURS
    assert found.message == "unexpected ValueError: bad [key]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"error": {"message": "m", "code": "c"}}', "m"),
        ('{"error": "m"}', "m"),
        ('{"detail": "m"}', "m"),
        ('{"detail": [{"msg": "a"}, {"msg": "b"}]}', "a; b"),
        ('{"error": {"detail": {"message": "m"}}}', "m"),
        ('{"message": " m "}', "m"),
        ('"m"', "m"),
        ("<html><style>x</style><p>m\n n</p></html>", "m n"),
        ("plain", "plain"),
        ("", "HTTP status 500 without a message"),
        ('{"error": null, "other": 1}', '{"error": null, "other": 1}'),
    ],
)
def test_words_are_found_in_bodies_of_any_shape(text: str, said: str) -> None:
    """Objects, texts, lists, pages and nothing."""
    assert words(Answer(500, text)) == said


def test_half_a_picture_is_not_quoted() -> None:
    """A long body that is no JSON is only counted."""
    assert words(Answer(200, '{"data": [{"b64_json": "' + "A" * 2_000_000)) == "2,000,024 characters that can't be read"


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (429, "transient"),
        (408, "transient"),
        (500, "transient"),
        (599, "transient"),
        (400, "invalid"),
        (307, "provider-stop"),
    ],
)
def test_a_status_alone_is_ruled(status: int, failure: str) -> None:
    """What nobody explains is wrong below 500 and passing above."""
    assert by_status(Answer(status, "")).failure.value == failure


@pytest.mark.parametrize("status", [502, 520, 521, 522, 523])
def test_what_a_gateway_says_of_itself_may_have_been_billed(status: int) -> None:
    """A page or nothing comes from a server in between, which may have passed the request on; JSON from the vendor."""
    for body in ("<html>error</html>", "", '{"x": 1}'):
        assert by_status(Answer(status, body)).tries == 2
        assert by_status(Answer(status, body)).possibly_billed
    own = by_status(Answer(status, '{"error": {"message": "busy"}}'))
    assert (own.tries, own.possibly_billed) == (None, False)


def test_a_page_where_an_api_should_be_is_met_by_every_request() -> None:
    """A wrong address is no fault of one image."""
    assert by_status(Answer(404, "<html>not found</html>")).alike
    assert by_status(Answer(405, "")).alike
    assert not by_status(Answer(404, '{"error": {"message": "no such model"}}')).alike


def test_a_wait_is_only_kept_where_trying_again_helps() -> None:
    """A stopped provider is not waited for; long words are cut; code and id carry no key."""
    answer = Answer(429, "x" * 2000)
    stopped = ruled(answer, FailureRule(FailureClass.PROVIDER_STOP), ["seekrit-1"], code="seekrit-1", wait=3.0)
    assert stopped.wait is None
    assert stopped.code == "[key]"
    assert len(stopped.message) == LONGEST_MESSAGE
    again = ruled(answer, FailureRule(FailureClass.TRANSIENT), [], wait=3.0, request_id="r")
    assert (again.wait, again.request_id, again.status) == (3.0, "r", 429)
