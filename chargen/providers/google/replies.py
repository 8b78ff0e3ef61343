"""Reads what Gemini's `generateContent` replies. Pure.

Law: the order of questions, because a reply may look well and bring nothing: was the prompt blocked, why did the model
stop, is there a picture that is not a draft, is there any, did it only talk. Tokens spent on no picture were billed;
usage and cost go along with the failure. What the bytes are is looked at elsewhere: the declared type may lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from chargen.images.inline_pictures import decode_picture
from chargen.model.request import FailureClass, Reply, Request
from chargen.providers.catalogue.prices import Prices, TokenCounts, cost
from chargen.providers.google.failures import classify
from chargen.providers.http.answers import ReplyAccount, as_dict, dicts, number, text
from chargen.providers.http.failures import Answer, ambiguous, clean, words

_REFUSALS = frozenset(
    {
        "SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST", "SPII",
        "RECITATION", "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK", "LANGUAGE",
    }
)  # fmt: skip
"""Finish reasons that another try with the same prompt does not change."""
_ACCOUNT_STOPPED = frozenset({"PUP_LIMITED_DISABLED"})
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")


class Picture(Struct, frozen=True):
    """A picture among the parts of a reply; a `thought` one is the model's draft."""

    data: bytes
    declared_type: str
    thought: bool


def parse(
    answer: Answer, request: Request, prices_of: Callable[[str | None], Prices | None], secrets: Iterable[str] = ()
) -> Reply:
    """Read a reply with status 200; `prices_of` gives the prices of the model that answered, by the id it tells.

    Raises ProviderError where it brings no picture.
    """
    secrets = tuple(secrets)
    body = answer.json
    if not isinstance(body, dict):
        said = words(answer) if answer.text.strip() else "it is empty"
        message = clean(f"the reply is not what Gemini sends: {said}", secrets)
        raise ambiguous(message, hint="check the address (`base_url`) of `google`", alike=answer.is_page)
    if body.get("error") and not body.get("candidates"):
        raise classify(_with_own_status(answer, body["error"]), secrets)
    candidate = next(iter(dicts(body.get("candidates"))), {})
    found = pictures(candidate)
    usage = as_dict(body.get("usageMetadata"))
    prices = prices_of(text(body.get("modelVersion")))
    tokens = counts(usage, bool(found))
    paid = cost(prices, tokens) if prices else None
    account = ReplyAccount(usage, paid, text(body.get("responseId")), secrets)
    _raise_if_refused(body, candidate, account)
    if not found:
        raise account.failure(FailureClass.TRANSIENT, _why_none(candidate))
    chosen = choose(found)
    return Reply(
        data=chosen.data,
        others=tuple(picture.data for picture in found if not picture.thought and picture is not chosen),
        request_id=account.request_id,
        seed=request.parameters.get("seed"),
        usage=usage,
        cost_usd=paid,
        model_version=text(body.get("modelVersion")),
        details=_reply_details(candidate, found, chosen),
    )


def pictures(candidate: Mapping[str, Any]) -> tuple[Picture, ...]:
    """Return the pictures of a candidate in order, identical ones once (billed twice or not, it is one picture)."""
    found: dict[tuple[bytes, bool], Picture] = {}
    for part in dicts(as_dict(candidate.get("content")).get("parts")):
        inline = as_dict(part.get("inlineData") or part.get("inline_data"))
        declared = str(inline.get("mimeType") or inline.get("mime_type") or "")
        data = decode_picture(inline.get("data"))
        if data and (declared.startswith("image/") or data.startswith(_MAGIC)):
            thought = part.get("thought") is True
            found.setdefault((data, thought), Picture(data, declared, thought))
    return tuple(found.values())


def choose(found: tuple[Picture, ...]) -> Picture:
    """Return the last picture that is no draft; the last draft where there is nothing else."""
    finished = [picture for picture in found if not picture.thought]
    return (finished or found)[-1]


def counts(usage: Mapping[str, Any], with_picture: bool) -> TokenCounts:
    """Read `usageMetadata`. Without details, output is image tokens if a picture came; thinking is text."""
    given, made = number(usage, "promptTokenCount"), number(usage, "candidatesTokenCount")
    image_in = _of_modality(usage.get("promptTokensDetails"), "IMAGE")
    details = usage.get("candidatesTokensDetails")
    image_out = min(_of_modality(details, "IMAGE"), made) if details else made * with_picture
    return TokenCounts(
        text_in=max(given - image_in, 0),
        image_in=image_in,
        text_out=made - image_out + number(usage, "thoughtsTokenCount"),
        image_out=image_out,
    )


def _raise_if_refused(body: Mapping[str, Any], candidate: Mapping[str, Any], account: ReplyAccount) -> None:
    feedback = as_dict(body.get("promptFeedback"))
    blocked = text(feedback.get("blockReason"))
    if blocked and not candidate:
        message = f"the prompt was blocked ({blocked}): {text(feedback.get('blockReasonMessage')) or 'no reason given'}"
        raise account.failure(FailureClass.REFUSED, message, hint="change the prompt of this image")
    reason = text(candidate.get("finishReason"))
    if reason in _REFUSALS:
        message = f"the model refused ({reason}): {_said(candidate) or 'no reason given'}"
        raise account.failure(FailureClass.REFUSED, message, hint="change the prompt of this image")
    if reason in _ACCOUNT_STOPPED:
        message = f"the account may not make images ({reason}): {_said(candidate) or 'no reason given'}"
        raise account.failure(FailureClass.PROVIDER_STOP, message, hint="check the account at Google")


def _why_none(candidate: Mapping[str, Any]) -> str:
    reason = text(candidate.get("finishReason")) or ("no finish reason" if candidate else "no candidates")
    said = _said(candidate)
    return f"the reply holds no image ({reason})" + (f"; the model said: {said}" if said else "")


def _said(candidate: Mapping[str, Any]) -> str:
    """The provider's explanation and the model's own words that are not thoughts."""
    parts = dicts(as_dict(candidate.get("content")).get("parts"))
    texts = [text(part.get("text")) for part in parts if part.get("thought") is not True]
    return " ".join(text for text in (text(candidate.get("finishMessage")), *texts) if text)


def _reply_details(candidate: Mapping[str, Any], found: tuple[Picture, ...], chosen: Picture) -> dict[str, Any]:
    details: dict[str, Any] = {
        "finish_reason": text(candidate.get("finishReason")),
        "said": _said(candidate) or None,
        "declared_type": chosen.declared_type or None,
        "pictures": len(found) if len(found) > 1 else None,
        "draft": True if chosen.thought else None,
    }
    return {key: value for key, value in details.items() if value is not None}


def _with_own_status(answer: Answer, error: Any) -> Answer:
    code = as_dict(error).get("code")
    return Answer(code if isinstance(code, int) else 500, answer.text, answer.headers)


def _of_modality(details: Any, modality: str) -> int:
    return sum(number(detail, "tokenCount") for detail in dicts(details) if detail.get("modality") == modality)
