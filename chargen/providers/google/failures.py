"""Classifies what Google answers instead of an image.

The hard part is 429: per minute it means wait, per day or with a limit of 0 it means that this account is done, and
both speak of "quota" and "billing details", so the machine-readable details decide. Pure; no key survives into the
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http.answers import as_dict, dicts, text
from chargen.providers.http.failures import NO_CREDIT, RETRY, Answer, FailureRule, by_status, ruled, words
from chargen.providers.http.server_waits import protobuf_seconds, server_wait

DEFAULT_KEY = "GEMINI_API_KEY"

_NO_CREDIT_WORDS = re.compile(
    r"(?i)pre-?paid|prepayment|credits? (?:are |is |have been |has been )?(?:depleted|exhausted|used up)"
    r"|spend(?:ing)? (?:cap|limit)"
)
_LIMIT_ZERO = re.compile(r"(?i)\blimit:\s*0\b")
_BAD_KEY_WORDS = re.compile(r"(?i)api[ _]key (?:not valid|not found|expired|invalid)|pass a valid api key")
_BAD_KEY_REASONS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"})
_OF_RPC = {
    1: (499, "CANCELLED"), 2: (500, "UNKNOWN"), 3: (400, "INVALID_ARGUMENT"), 4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"), 6: (409, "ALREADY_EXISTS"), 7: (403, "PERMISSION_DENIED"), 8: (429, "RESOURCE_EXHAUSTED"),
    9: (400, "FAILED_PRECONDITION"), 10: (409, "ABORTED"), 11: (400, "OUT_OF_RANGE"), 12: (501, "UNIMPLEMENTED"),
    13: (500, "INTERNAL"), 14: (503, "UNAVAILABLE"), 15: (500, "DATA_LOSS"), 16: (401, "UNAUTHENTICATED"),
}  # fmt: skip
"""gRPC's codes as HTTP statuses and names, as `google/rpc/code.proto` maps them."""
_PER_DAY = "PerDay"
_DAY_USED_UP = FailureRule(
    FailureClass.PROVIDER_STOP, "the day's quota is used up: go on tomorrow, or raise the limit of the account"
)
_NO_IMAGES = FailureRule(FailureClass.PROVIDER_STOP, "this account may not make images at all: enable billing")
_ACCOUNT = FailureRule(FailureClass.PROVIDER_STOP, "check the account: its region, and whether billing is enabled")
_GAVE_UP = "DEADLINE_EXCEEDED"
"""Google's own word for a request that it ended: what has no such word behind a 504 is a server in between."""
_NOT_THERE = FailureRule(FailureClass.INVALID, "check the model's name")


def classify(answer: Answer, secrets: Iterable[str] = (), *, key_name: str = DEFAULT_KEY) -> ProviderError:
    """Say what an answer other than an image means. `key_name` is the environment variable the key came from."""
    body = answer.json
    details, said = dicts(_error(body).get("details")), words(answer)
    state = text(_error(body).get("status"))
    ruling = _money(answer, details, said) or _account(answer, details, said, state, key_name)
    if ruling is None and answer.status == 504 and state == _GAVE_UP:
        ruling = RETRY
    if ruling is None:
        ruling = _NOT_THERE if answer.status == 404 and answer.json is not None else by_status(answer)
    return ruled(answer, ruling, secrets, code=state, wait=_wait(answer, details, said))


def status_answer(error: Any) -> Answer:
    """Return an error that came within a reply (`google.rpc.Status`) as the answer it would have been by itself.

    Its `code` is one of gRPC's, or an HTTP status; `status` is the name of the first.
    """
    told = as_dict(error)
    code = told.get("code")
    number = code if isinstance(code, int) and not isinstance(code, bool) else 0
    status, name = _OF_RPC.get(number, (number if 400 <= number < 600 else 500, ""))
    return Answer(status, "", parsed={"error": {"status": name, **told} if name else told}, of_http=number == status)


def _money(answer: Answer, details: list[dict[str, Any]], said: str) -> FailureRule | None:
    """Say which limit is reached, where it is one that waiting a minute does not lift."""
    if answer.status == 402 or (answer.status < 500 and _NO_CREDIT_WORDS.search(said)):
        return NO_CREDIT
    if answer.status != 429:
        return None
    violations = [violation for detail in details for violation in dicts(detail.get("violations"))]
    if any(_PER_DAY in str(violation.get("quotaId", "")) for violation in violations):
        return _DAY_USED_UP
    none_allowed = any(str(violation.get("quotaValue", "")) == "0" for violation in violations)
    return _NO_IMAGES if none_allowed or _LIMIT_ZERO.search(said) else None


def _account(
    answer: Answer, details: list[dict[str, Any]], said: str, state: str | None, key_name: str
) -> FailureRule | None:
    """Say whether key or account are not accepted; a bad key comes as 400 here."""
    bad_key = _BAD_KEY_WORDS.search(said) or any(detail.get("reason") in _BAD_KEY_REASONS for detail in details)
    if answer.status in (401, 403) or (answer.status == 400 and bad_key):
        hint = f"`{key_name}` is not accepted: set a valid key in the environment, and check what it may use"
        return FailureRule(FailureClass.PROVIDER_STOP, hint)
    return _ACCOUNT if answer.status == 400 and state == "FAILED_PRECONDITION" else None


def _wait(answer: Answer, details: list[dict[str, Any]], said: str) -> float | None:
    """Google's own `RetryInfo` first, then headers and words."""
    waits = (protobuf_seconds(detail.get("retryDelay")) for detail in details)
    return next((wait for wait in waits if wait is not None), server_wait(answer.headers, said))


def _error(body: Any) -> dict[str, Any]:
    """The error object, which stands alone, under `error`, or in a list of one."""
    alone = body[0] if isinstance(body, list) and body else body
    return as_dict(as_dict(alone).get("error", alone))
