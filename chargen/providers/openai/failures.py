"""Classifies what OpenAI, and servers that speak its language, answer instead of an image.

Money comes first: every disguise of "no more credit" stops the provider, whatever status it wears. Then moderation,
because it wears 400 and 403. Pure: an answer in, a ProviderError out; no key survives into its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chargen.model.request import FailureClass, ProviderError
from chargen.providers.http.answers import as_dict, text
from chargen.providers.http.failures import MODERATED, NO_CREDIT, Answer, FailureRule, by_status, ruled, words
from chargen.providers.http.server_waits import server_wait

KEY = "OPENAI_API_KEY"

_NO_CREDIT = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_limit_user_error",
    }
)
_NO_CREDIT_WORDS = re.compile(
    r"(?i)billing (?:hard )?limit|billing is not active|exceeded your current quota"
    r"|insufficient (?:credit|funds|balance|quota)|(?:spend|usage) limit (?:has been )?(?:reached|exceeded)"
)
_MODERATED = frozenset({"moderation_blocked", "content_policy_violation", "content_filter", "safety_violation"})
_MODERATED_WORDS = re.compile(
    r"(?i)safety_violations=|rejected by (?:the|our) safety system|content[ _]policy violation"
)
_BAD_KEY = FailureRule(FailureClass.PROVIDER_STOP, f"`{KEY}` is not accepted: set a valid key in the environment")
_FORBIDDEN = FailureRule(
    FailureClass.PROVIDER_STOP,
    f"`{KEY}` may not use this model: verify the organisation, or check the key's project and region",
)
_NOT_THERE = FailureRule(FailureClass.INVALID, "check the model's name, and the address (`base_url`) if it is your own")
_UNEXPLAINED = FailureRule(FailureClass.TRANSIENT, possibly_billed=True, tries=2)
_BY_STATUS = {401: _BAD_KEY, 403: _FORBIDDEN, 404: _NOT_THERE}


def classify(answer: Answer, secrets: Iterable[str] = ()) -> ProviderError:
    """Say what an answer other than an image means."""
    body = answer.json
    ruling = _by_words(answer, _kinds(body)) or _by_own_status(answer) or by_status(answer)
    return _failure(answer, ruling, body, secrets)


def body_failure(answer: Answer, secrets: Iterable[str] = ()) -> ProviderError:
    """Classify a reply with status 200 whose body is an error: some gateways answer so."""
    body = answer.json
    return _failure(answer, _by_words(answer, _kinds(body)) or _UNEXPLAINED, body, secrets)


def _by_words(answer: Answer, kinds: frozenset[str]) -> FailureRule | None:
    """Rule by what the server says, for the two answers that come under several statuses.

    Words of credit without a code are no stop where the server names a wait: gateways to other vendors use the same
    sentence for a limit per minute.
    """
    said = words(answer)
    if answer.status >= 500:
        return None
    if answer.status == 402 or kinds & _NO_CREDIT:
        return NO_CREDIT
    if _NO_CREDIT_WORDS.search(said) and server_wait(answer.headers, said) is None:
        return NO_CREDIT
    if kinds & _MODERATED or _MODERATED_WORDS.search(said):
        return MODERATED
    return None


def _by_own_status(answer: Answer) -> FailureRule | None:
    if answer.status == 404 and answer.json is None:
        return None
    return _BY_STATUS.get(answer.status)


def _failure(answer: Answer, ruling: FailureRule, body: Any, secrets: Iterable[str]) -> ProviderError:
    wait = server_wait(answer.headers, words(answer))
    request_id = answer.headers.get("x-request-id")
    code = text(_error(body).get("code")) or text(_error(body).get("type"))
    return ruled(answer, ruling, secrets, code=code, wait=wait, request_id=request_id)


def _kinds(body: Any) -> frozenset[str]:
    """The machine-readable words of an error body: its `code` and `type`."""
    error = _error(body)
    return frozenset(value for key in ("code", "type") if (value := text(error.get(key))))


def _error(body: Any) -> dict[str, Any]:
    return as_dict(as_dict(body).get("error", body))
