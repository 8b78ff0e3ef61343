"""Replies as they stand on the wire, and what is read from them; no network, no SDK.

Bodies and readings are written down side by side in tests/golden/providers/replies.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from provider_cases import asked, provider, reference

from chargen.core.provider import ProviderError, Reply
from chargen.core.provider_failures import Answer
from chargen.providers import load_models
from chargen.providers.google import replies as google_replies
from chargen.providers.openai import replies as openai_replies

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "providers" / "replies.json").read_text(encoding="utf-8"))


def read(case: dict[str, Any]) -> dict[str, Any]:
    """Parse a case's body; a reply or a failure as JSON, without what is empty."""
    name, model = case["provider"], case["model"]
    references = tuple(reference("ann", number + 1) for number in range(case.get("references", 0)))
    made = provider(name, base_url=case.get("base_url"))
    request = made.adapt(asked(references=references, seed=case.get("seed")), model)
    answer = Answer(200, json.dumps(case["body"]), case.get("headers", {}))
    known = load_models().find(name, model)
    prices = known.prices if known else None
    try:
        if name == "google":
            return shown(google_replies.parse(answer, request, prices))
        delivery = openai_replies.parse(answer, request, prices)
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
