"""What is the same in every provider's failures: broken connections, bodies that are no JSON, words without keys.

Laws: a request that never left is transient; once it may have been read by the server, it may have been billed. Pure:
an exception is known by the names of its classes, so that neither an SDK nor its HTTP client need be imported, and both
spellings of the client (`httpx`, `httpx2`) count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from chargen.model.request import FailureClass, ProviderError
from chargen.text.secrets import scrub

LONGEST_MESSAGE = 600
"""Characters kept of a provider's own words."""

MAYBE_BILLED = "the image may have been billed although it did not arrive"

_NO_CONNECTION = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"})
_BAD_ADDRESS = frozenset({"UnsupportedProtocol", "InvalidURL"})
_TIMEOUTS = frozenset({"TimeoutException", "APITimeoutError"})
_TRANSPORT = frozenset(
    {
        "TransportError",
        "RequestError",
        "HTTPError",
        "APIConnectionError",
        "StreamError",
        "NetworkError",
        "ProtocolError",
    }
)
_JSON = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) <= 20 else None)
_LONGEST_PAGE = 20_000
"""Characters of a body that is no JSON which are worth reading; a longer one is half a picture."""
_TAGS = re.compile(r"(?s)<(?:style|script).*?</(?:style|script)>|<[^>]*>")


class Answer(Struct, frozen=True):
    """An HTTP reply as plain values. Header names in lower case."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    parsed: Any = None
    """The body where it was read as a part of something else; `text` is empty then."""
    of_http: bool = True
    """False where the status was never said: it is the one that such an error would have had."""

    @classmethod
    def of(cls, response: Any) -> Answer:
        """Return a reply of an HTTP client, which is whole."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return cls(response.status_code, response.text, headers)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people: what is reached is no server for programs."""
        return self.text.lstrip()[:20].lower().startswith(("<!doctype", "<html", "<head", "<title", "<h1"))

    @property
    def json(self) -> Any:
        """The parsed body, or None where it is no JSON; what stands before or after an object does no harm.

        A number too long to be one is None: it must not cost the picture beside it.
        """
        if self.parsed is not None:
            return self.parsed
        text = self.text.lstrip("\ufeff \t\r\n")
        try:
            value, end = _JSON.raw_decode(text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict | list) or not text[end:].strip() else None


class FailureRule(Struct, frozen=True):
    """What a failure means and what to do: the fields of a ProviderError that do not depend on the answer's words."""

    failure: FailureClass
    hint: str = ""
    rate_limited: bool = False
    possibly_billed: bool = False
    tries: int | None = None
    alike: bool = False


RETRY = FailureRule(FailureClass.TRANSIENT)
RATE_LIMITED = FailureRule(FailureClass.TRANSIENT, rate_limited=True)
NO_CREDIT = FailureRule(FailureClass.PROVIDER_STOP, "add credit or raise the limit of the account")
MODERATED = FailureRule(FailureClass.REFUSED, "change the prompt of this image")
GATEWAY_GAVE_UP = FailureRule(
    FailureClass.TRANSIENT, "a server in between gave up waiting; " + MAYBE_BILLED, possibly_billed=True, tries=2
)
GATEWAY_FAILED = FailureRule(
    FailureClass.TRANSIENT, "a server in between lost the reply; " + MAYBE_BILLED, possibly_billed=True, tries=2
)
PROXY_WANTS_NAME = FailureRule(
    FailureClass.PROVIDER_STOP, "put name and password into the proxy's address (`HTTP_PROXY` or `ALL_PROXY`)"
)
REDIRECTED = FailureRule(
    FailureClass.PROVIDER_STOP, "the server sends requests elsewhere, which is not followed: set the final `base_url`"
)
WRONG = FailureRule(FailureClass.INVALID, "change the image's size, quality, references or model")

NOT_AN_API = FailureRule(
    FailureClass.INVALID, "no image server answers there: check the address (`base_url`)", alike=True
)

_BY_STATUS = {
    407: PROXY_WANTS_NAME,
    408: RETRY,
    409: RETRY,
    429: RATE_LIMITED,
    499: RETRY,
    504: GATEWAY_GAVE_UP,
    524: GATEWAY_GAVE_UP,
}
_GATEWAYS_OWN = frozenset({502, 520, 521, 522, 523})
"""Said by servers in between (nginx's 502, Cloudflare's 52x): the request may have been read, and the reply lost."""


def by_status(answer: Answer) -> FailureRule:
    """Rule by the status, for answers no provider has a special meaning for; JSON comes from the server itself."""
    status, of_server = answer.status, isinstance(answer.json, dict)
    if 300 <= status < 400:
        return REDIRECTED
    if status in _GATEWAYS_OWN and not _is_of_vendor(answer):
        return GATEWAY_FAILED
    if status in (404, 405) and not of_server:
        return NOT_AN_API
    return _BY_STATUS.get(status, RETRY if status >= 500 else WRONG)


def _is_of_vendor(answer: Answer) -> bool:
    """Say whether a body is an error as vendors write it: an object under `error`."""
    body = answer.json
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


def ruled(
    answer: Answer,
    ruling: FailureRule,
    secrets: Iterable[str],
    *,
    code: str | None = None,
    wait: float | None = None,
    request_id: str | None = None,
) -> ProviderError:
    """Make the failure of an answer: its words, status and code, no keys; a wait only where trying again helps."""
    secrets = tuple(secrets)
    status = f"HTTP {answer.status}" if answer.of_http else ""
    label = ", ".join(filter(None, (status, code)))
    return ProviderError(
        ruling.failure,
        clean(f"{words(answer)} ({label})" if label else words(answer), secrets),
        hint=ruling.hint,
        wait=wait if ruling.failure is FailureClass.TRANSIENT else None,
        rate_limited=ruling.rate_limited,
        possibly_billed=ruling.possibly_billed,
        tries=ruling.tries,
        alike=ruling.alike,
        status=answer.status if answer.of_http else None,
        code=clean(code, secrets) if code else None,
        request_id=clean(request_id, secrets) if request_id else None,
    )


def words(answer: Answer) -> str:
    """Return what the server says in a body of any shape: `error` object or text, `detail`, `message`, HTML."""
    said = _said(answer.json)
    if not said and len(answer.text) > _LONGEST_PAGE:
        return f"{len(answer.text):,} characters that can't be read"
    if not said:
        said = " ".join(_TAGS.sub(" ", answer.text).split())
    return said or f"HTTP status {answer.status} without a message"


def _said(body: Any) -> str:
    if isinstance(body, str):
        return body.strip()
    if isinstance(body, list):
        return "; ".join(filter(None, map(_said, body)))
    if isinstance(body, dict):
        for key in ("error", "message", "detail", "msg", "title"):
            if said := _said(body.get(key)):
                return said
    return ""


def clean(text: str, secrets: Iterable[str]) -> str:
    """Return a provider's words fit for a message: no keys, one line, of bearable length."""
    scrubbed = " ".join(scrub(text, secrets).split())
    return scrubbed if len(scrubbed) <= LONGEST_MESSAGE else scrubbed[: LONGEST_MESSAGE - 1] + "…"


def exception_failure(
    raised: BaseException,
    provider: str,
    secrets: Iterable[str] = (),
    *,
    departed: bool = True,
    address: str = "",
    proxy: str = "",
) -> ProviderError:
    """Classify an exception of an SDK or its HTTP client that came without a reply.

    `departed` says whether any byte of the request left: before that nothing can cost. `address` is where it was meant
    to go, `proxy` the variable that named a proxy for it. Where it is no matter of the network, it is a fault of the
    program: the failure keeps the traceback, and the exception's words only without keys; the exception itself, which
    may quote them, is left behind.
    """
    causes = _chain(raised)
    names = {base.__name__ for cause in causes for base in type(cause).__mro__}
    said = next((text for cause in reversed(causes) if (text := str(cause).strip())), type(raised).__name__)
    said = clean(said, secrets)
    if names & _BAD_ADDRESS:
        hint = f"set `base_url` of `{provider}` to an http(s) address"
        return ProviderError(FailureClass.PROVIDER_STOP, f"the request could not be formed: {said}", hint=hint)
    if names & _NO_CONNECTION:
        return _no_connection(names, said, provider, address, proxy)
    if not departed and names & (_TIMEOUTS | _TRANSPORT):
        return ProviderError(FailureClass.TRANSIENT, f"no connection to `{provider}`: {said}", alike=True)
    if names & _TIMEOUTS:
        return ambiguous(f"no reply in time: {said}", hint=MAYBE_BILLED)
    if names & _TRANSPORT:
        return ambiguous(f"the connection broke after sending: {said}", hint=MAYBE_BILLED)
    message = f"unexpected {type(raised).__name__}: {said}"
    failure = ProviderError(FailureClass.OURS, message, hint="report this as a bug", possibly_billed=departed)
    return failure.with_traceback(raised.__traceback__)


def setup_failure(raised: Exception, provider: str, secrets: Iterable[str] = ()) -> ProviderError:
    """Classify what kept a client from being made: a stop, because no request can leave, and none has cost."""
    said = clean(str(raised).strip() or type(raised).__name__, secrets)
    if isinstance(raised, ImportError):
        hint = "install chargen again: a package that it needs is missing or broken"
    else:
        hint = "look at what the environment says of this provider, of proxies and of certificates"
    message = f"no request to `{provider}` can be made: {said}"
    return ProviderError(FailureClass.PROVIDER_STOP, message, hint=hint)


def _no_connection(names: set[str], said: str, provider: str, address: str, proxy: str) -> ProviderError:
    """Say what to look at where no connection came about; a certificate or a proxy's refusal will not mend itself."""
    message = f"no connection to `{provider}`: {said}"
    server = f"`{address}`" if address else "the server"
    if "UntrustedError" in names:
        hint = (
            "set `SSL_CERT_FILE` to a file with the certificates of your network (a company's proxy, your own server), "
            "and see that this machine's clock is right"
        )
        return ProviderError(FailureClass.PROVIDER_STOP, message, hint=hint)
    if "ProxyError" in names:
        wants_name = said.startswith("407")
        hint = "put name and password into the proxy's address" if wants_name else "see that it may reach " + server
        hint = f"{hint} (`HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names the proxy; `NO_PROXY` names exceptions)"
        failure = FailureClass.PROVIDER_STOP if wants_name else FailureClass.TRANSIENT
        return ProviderError(failure, f"the proxy refused to connect to `{provider}`: {said}", hint=hint, alike=True)
    if proxy and "NoTLSError" not in names:
        message = f"no connection to the proxy that `{proxy}` names: {said}"
        hint = f"see that the proxy runs and `{proxy}` is right, or unset it (`NO_PROXY` names exceptions)"
    elif "UnknownNameError" in names:
        hint = f"see that {server} is spelt right, and that this machine is on the network"
    elif "NoTLSError" in names:
        hint = f"see whether {server} speaks https"
    else:
        hint = f"see that a server answers at {server}, and what the network and its firewall let through"
    return ProviderError(FailureClass.TRANSIENT, message, hint=hint, alike=True)


def ambiguous(message: str, *, hint: str = "", request_id: str | None = None, alike: bool = False) -> ProviderError:
    """Make the failure of a request that may have been billed although nothing usable arrived.

    How often such a one is tried again is a rule of its own, so `tries` stays open.
    """
    return ProviderError(
        FailureClass.AMBIGUOUS, message, hint=hint, possibly_billed=True, request_id=request_id, alike=alike
    )


def _chain(raised: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    current: BaseException | None = raised
    while current is not None and current not in causes:
        causes.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return causes
