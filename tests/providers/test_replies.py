"""Replies as they stand on the wire, and what is read from them; no network, no SDK.

Bodies and readings are written down side by side in tests/golden/providers/replies.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_cases import BANANA, FLARE, asked, provider, reference

from chargen.model.request import ProviderError, Reply
from chargen.providers import load_models
from chargen.providers.google import failures as google_failures
from chargen.providers.google import replies as google_replies
from chargen.providers.http.failures import Answer
from chargen.providers.openai import failures as openai_failures
from chargen.providers.openai import replies as openai_replies

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "providers" / "replies.json").read_text(encoding="utf-8"))
REQUESTS = {name: provider(name).adapt(asked(), model) for name, model in (("openai", FLARE), ("google", BANANA))}
KEYS = (
    "data", "b64_json", "url", "usage", "error", "code", "type", "message", "detail", "status", "details",
    "input_tokens", "input_tokens_details", "text_tokens", "output_tokens_details", "candidates", "content", "parts",
    "inlineData", "mimeType", "thought", "text", "finishReason", "promptFeedback", "blockReason", "usageMetadata",
    "candidatesTokensDetails", "modality", "tokenCount", "violations", "quotaId", "retryDelay",
)  # fmt: skip


def read(case: dict[str, Any]) -> dict[str, Any]:
    """Parse a case's body; a reply or a failure as JSON, without what is empty."""
    name, model = case["provider"], case["model"]
    references = tuple(reference("ann", number + 1) for number in range(case.get("references", 0)))
    made = provider(name, base_url=case.get("base_url"))
    request = made.adapt(asked(references=references, seed=case.get("seed")), model)
    answer = Answer(200, json.dumps(case["body"]), case.get("headers", {}))
    known = load_models().find(name, model)
    prices = known.prices if known else None

    def prices_of(_answered: str | None) -> Any:
        return prices

    try:
        if name == "google":
            return shown(google_replies.parse(answer, request, prices_of))
        delivery = openai_replies.parse(answer, request, prices_of)
        return shown(delivery.reply) | ({"url": delivery.url} if delivery.url else {})
    except ProviderError as failure:
        facts = {
            "failure": failure.failure.value,
            "message": failure.message,
            "tries": failure.tries,
            "possibly_billed": failure.possibly_billed,
            "request_id": failure.request_id,
            "cost_usd": failure.cost_usd and str(failure.cost_usd),
        }
        return {key: value for key, value in facts.items() if value}


def shown(reply: Reply) -> dict[str, Any]:
    """A reply as JSON; usage is only said to be kept."""
    facts = {
        "data": reply.data.decode("latin-1"),
        "request_id": reply.request_id,
        "seed": reply.seed,
        "revised_prompt": reply.revised_prompt,
        "cost_usd": reply.cost_usd and str(reply.cost_usd),
        "model_version": reply.model_version,
        "details": dict(reply.details),
    }
    return {key: value for key, value in facts.items() if value}


@pytest.mark.parametrize("name", GOLDEN)
def test_replies_are_read_as_written_down(name: str) -> None:
    """Each body gives just the picture, metadata, cost or failure beside it."""
    case = GOLDEN[name]
    assert read(case) == case["read"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "aGk=", "image/png", "STOP", "SAFETY", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


@given(JSON)
def test_any_body_is_a_reply_or_a_failure(body: object) -> None:
    """Whatever a server sends with status 200, the answer is a picture or a ProviderError, never a surprise."""
    answer = Answer(200, json.dumps(body), {"x-request-id": "r"})
    for name, parse in (("openai", openai_replies.parse), ("google", google_replies.parse)):
        request = REQUESTS[name]
        prices = load_models().assumed(name, request.model).prices
        try:
            parse(answer, request, lambda _answered, known=prices: known)
        except ProviderError as failure:
            assert failure.message


@given(st.integers(300, 599), JSON)
def test_any_refusal_is_a_failure(status: int, body: object) -> None:
    """Whatever a server refuses with, there is a class, and words."""
    for classify in (openai_failures.classify, google_failures.classify):
        failure = classify(Answer(status, json.dumps(body), {"retry-after": "x"}))
        assert failure.message
        assert failure.status == status


def test_bodies_too_deep_to_read_are_garbage() -> None:
    """A body nested without end is no reply, and no crash."""
    with pytest.raises(ProviderError, match="not what an image server sends"):
        openai_replies.parse(Answer(200, "[" * 100_000), REQUESTS["openai"], lambda _answered: None)


PICTURE = "iVBORw0KGgo="
BODIES = {
    "openai": {"data": [{"b64_json": PICTURE, "revised_prompt": "x"}], "usage": {"output_tokens": 100}},
    "google": {
        "candidates": [{"content": {"parts": [{"inlineData": {"data": PICTURE, "mimeType": "image/png"}}]}}],
        "usageMetadata": {"candidatesTokenCount": 100},
    },
}
PARSERS = {"openai": lambda *rest: openai_replies.parse(*rest).reply, "google": google_replies.parse}


def parsed(name: str, text: str) -> Reply:
    request = REQUESTS[name]
    prices = load_models().assumed(name, request.model).prices
    reply: Reply = PARSERS[name](Answer(200, text), request, lambda _answered: prices)
    return reply


@pytest.mark.parametrize("name", ["openai", "google"])
@pytest.mark.parametrize("around", ["\ufeff{}", "{}\0\0", "\r\n{}\r\n\r\n0\r\n", "{}<!-- served by a gateway -->"])
def test_what_stands_around_a_reply_does_not_lose_its_picture(name: str, around: str) -> None:
    """A mark at its beginning, or bytes after its end."""
    text = json.dumps(BODIES[name])
    assert parsed(name, around.replace("{}", text)).data == parsed(name, text).data


@pytest.mark.parametrize("name", ["openai", "google"])
@pytest.mark.parametrize("tokens", ["1" + "0" * 40, "1" + "0" * 5000, "-5", "1e400", "NaN", "[" * 500 + "]" * 500])
def test_an_absurd_account_does_not_lose_the_picture(name: str, tokens: str) -> None:
    """Neither does it become a cost."""
    reply = parsed(name, json.dumps(BODIES[name]).replace("100", tokens))
    assert reply.data
    assert reply.cost_usd is None


@pytest.mark.parametrize("name", ["openai", "google"])
def test_of_several_pictures_none_is_lost(name: str) -> None:
    """One is the image, the others are kept with it."""
    other = "/9j/4AAQSkY="
    text = json.dumps(BODIES[name])
    if name == "openai":
        text = text.replace('"data": [', f'"data": [{{"b64_json": "{other}"}}, ')
    else:
        more = json.dumps({"inlineData": {"data": other, "mimeType": "image/jpeg"}})
        text = text.replace('"parts": [', f'"parts": [{more}, ')
    reply = parsed(name, text)
    assert len({reply.data, *reply.others}) == 2
