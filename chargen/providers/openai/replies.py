"""Reads what OpenAI's Images API, and servers that speak its language, reply. Pure.

Laws: only the wire is trusted, not the SDK's types; a reply with status 200 that holds no usable picture was probably
billed, and its usage and cost are kept with the failure. What the bytes are is looked at elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from chargen.images.inline_pictures import decode_picture
from chargen.model.request import FailureClass, Reply, Request
from chargen.providers.catalogue.prices import Prices, TokenCounts, cost
from chargen.providers.http.answers import ReplyAccount, as_dict, dicts, number, text
from chargen.providers.http.failures import MAYBE_BILLED, Answer, ambiguous, clean, words
from chargen.providers.openai.failures import body_failure

_DETAILS = ("created", "size", "quality", "output_format", "background", "model")


class Delivery(Struct, frozen=True):
    """A reply, and where its picture is to be fetched if it came as an address; `reply.data` is empty then."""

    reply: Reply
    url: str | None = None


def parse(
    answer: Answer, request: Request, prices_of: Callable[[str | None], Prices | None], secrets: Iterable[str] = ()
) -> Delivery:
    """Read a reply with status 200; `prices_of` gives the prices of the model that answered, by the id it tells.

    Raises ProviderError where it brings no picture.
    """
    secrets = tuple(secrets)
    request_id = clean(answer.headers.get("x-request-id", ""), secrets) or None
    body = answer.json
    if not isinstance(body, dict):
        said = words(answer) if answer.text.strip() else "it is empty"
        message = clean(f"the reply is not what an image server sends: {said}", secrets)
        raise ambiguous(
            message, hint="check the address (`base_url`) of `openai`", request_id=request_id, alike=answer.is_page
        )
    items = dicts(body.get("data"))
    if not items and body.get("error"):
        raise body_failure(answer, secrets)
    usage = as_dict(body.get("usage"))
    prices = prices_of(text(body.get("model")))
    paid = cost(prices, counts(usage, bool(request.references))) if prices else None
    account = ReplyAccount(usage, paid, request_id, secrets)
    delivered = [item for item in items if item.get("b64_json") or item.get("url")]
    if not delivered:
        said = f": {words(answer)}" if _says(body) else ""
        raise account.failure(FailureClass.TRANSIENT, f"the reply holds no image{said}")
    item = delivered[0]
    data, url = _picture(item)
    if data is None and url is None:
        raise account.failure(FailureClass.AMBIGUOUS, "the reply's picture is not base64", hint=MAYBE_BILLED)
    reply = Reply(
        data=data or b"",
        others=tuple(other for more in delivered[1:] if (other := _picture(more)[0])),
        request_id=request_id,
        seed=request.parameters.get("seed"),
        revised_prompt=text(item.get("revised_prompt")),
        usage=usage,
        cost_usd=paid,
        model_version=text(body.get("model")),
        details={key: body[key] for key in _DETAILS if isinstance(body.get(key), str | int)},
    )
    return Delivery(reply, url)


def counts(usage: Mapping[str, Any], with_references: bool) -> TokenCounts:
    """Read a usage block.

    Without details all output is image tokens (the Images API often leaves them out; text would be far too cheap), and
    input is image tokens where references went along. Some servers say `prompt_tokens` and `completion_tokens`.
    """
    given = number(usage, "input_tokens", "prompt_tokens")
    made = number(usage, "output_tokens", "completion_tokens")
    inputs, outputs = (as_dict(usage.get(name)) for name in ("input_tokens_details", "output_tokens_details"))
    text_in, image_in = (0, given) if with_references else (given, 0)
    if {"text_tokens", "image_tokens"} & inputs.keys():
        image_in = number(inputs, "image_tokens")
        text_in = max(given - image_in, number(inputs, "text_tokens"))
    text_out = min(number(outputs, "text_tokens"), made)
    return TokenCounts(text_in=text_in, image_in=image_in, text_out=text_out, image_out=made - text_out)


def _picture(item: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
    """Return the bytes, or the address to fetch them from; both None where neither can be had."""
    if item.get("b64_json"):
        return decode_picture(item["b64_json"]), None
    url = text(item.get("url"))
    if url is not None and url.startswith("data:"):
        return decode_picture(url), None
    return None, url


def _says(body: Mapping[str, Any]) -> bool:
    return any(body.get(key) for key in ("error", "message", "detail"))
