"""Google over HTTP: the official SDK against a server on this machine, for all that goes well."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from provider_cases import BANANA, GOOGLE_KEY, asked, provider, reference
from servers import google_server, pictures
from servers.google_server import GoogleServer

from chargen.model.values import Size


@pytest.fixture
def pair() -> Any:
    """A server and a provider that talks to it."""
    with GoogleServer(key=GOOGLE_KEY) as server:
        made = provider("google", base_url=server.base_url)
        yield server, made
        made.close()


def test_prompt_and_references_are_parts_in_order(pair: Any) -> None:
    """The prompt comes first, then every reference in order with its bytes; the settings are just those shown."""
    server, google = pair
    sent = (reference("ann"), reference("bob", media_type="image/jpg"))
    request = google.adapt(asked(references=sent, size=Size(1920, 1080), seed=3), BANANA)
    reply = google.send(request)
    seen = server.requests[0]
    assert seen.path == f"/v1/models/{BANANA}:generateContent"
    assert seen.json["generationConfig"] == request.parameters
    assert request.parameters == {
        "responseModalities": ["IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
        "seed": 3,
    }
    assert set(seen.json) == {"contents", "generationConfig"}
    assert [set(part) for part in seen.json["contents"][0]["parts"]] == [{"text"}, {"inlineData"}, {"inlineData"}]
    assert [file.data for file in seen.files] == [picture.data for picture in sent]
    assert [file.media_type for file in seen.files] == ["image/png", "image/jpeg"]
    assert reply.data.startswith(b"\xff\xd8\xff")
    assert reply.seed == 3
    assert reply.model_version == BANANA
    assert reply.request_id == "loopback0001"
    assert seen.headers["x-server-timeout"] == "300"


def test_a_model_of_one_resolution_is_sent_none(pair: Any) -> None:
    """Where there is only 1K no resolution is sent, and its PNG comes back as it is."""
    server, google = pair
    reply = google.send(google.adapt(asked(size=Size(1024, 768)), "gemini-2.5-flash-image"))
    assert server.requests[0].json["generationConfig"]["imageConfig"] == {"aspectRatio": "4:3"}
    assert reply.data.startswith(b"\x89PNG")


def test_cost_counts_pictures_and_thoughts_apart(pair: Any) -> None:
    """Image tokens cost the image rate, thinking the text rate, references and prompt the input rate."""
    _, google = pair
    reply = google.send(google.adapt(asked(references=(reference("ann"),)), BANANA))
    text_in = Decimal(len("a red fox at dusk") // 4 + 560) * Decimal("1.50")
    assert reply.cost_usd == (text_in + 1120 * 30 + 100 * Decimal("7.50")) / 1_000_000


def test_four_k_waits_longer(pair: Any) -> None:
    """A 4K picture gets ten minutes, and a setting of the author's wins."""
    server, google = pair
    google.send(google.adapt(asked(size=Size(3840, 2160)), BANANA))
    assert server.requests[0].headers["x-server-timeout"] == "600"
    quick = provider("google", base_url=server.base_url, timeout=42)
    quick.send(quick.adapt(asked(size=Size(3840, 2160)), BANANA))
    assert server.requests[1].headers["x-server-timeout"] == "42"
    quick.close()


def test_the_declared_type_may_lie() -> None:
    """Bytes come back as they are, whatever they are called."""
    with GoogleServer(media_type="image/png") as server:
        google = provider("google", base_url=server.base_url)
        reply = google.send(google.adapt(asked(), BANANA))
        assert reply.data.startswith(b"\xff\xd8\xff")
        assert reply.details["declared_type"] == "image/png"
        google.close()


def small(number: int, media_type: str = "image/jpeg", **more: Any) -> dict[str, Any]:
    """A part with a small picture of its own."""
    return {**google_server.inline(pictures.jpeg(8, 8, number), media_type), **more}


@pytest.mark.parametrize(
    ("make", "number", "details"),
    [
        (lambda usual: [small(70, thought=True), *usual], None, {"pictures": 2}),
        (lambda usual: [*usual, small(70, thought=True)], None, {"pictures": 2}),
        (lambda usual: [{"text": "Here it is:"}, *usual], None, {"said": "Here it is:"}),
        (lambda usual: [*usual, {"text": "Done."}], None, {"said": "Done."}),
        (lambda usual: [{"text": "hm", "thought": True}, *usual], None, {}),
        (lambda usual: [*usual, *usual], None, {}),
        (lambda usual: [*usual, small(71)], 71, {"pictures": 2}),
        (lambda _: [small(72, thought=True)], 72, {"draft": True}),
        (lambda _: [small(73, "application/octet-stream")], 73, {}),
        (lambda usual: [*usual, {"inlineData": {"mimeType": "image/png", "data": ""}}], None, {}),
    ],
)
def test_the_finished_picture_is_chosen(pair: Any, make: Any, number: int | None, details: dict[str, Any]) -> None:
    """The last picture that is no draft, else the last draft; twice the same is one; words are kept."""
    server, google = pair
    server.then(google_server.parts(make))
    reply = google.send(google.adapt(asked(), BANANA))
    expected = pictures.jpeg(1024, 1024, server.pictures) if number is None else pictures.jpeg(8, 8, number)
    assert reply.data == expected
    assert {key: reply.details[key] for key in ("said", "pictures", "draft") if key in reply.details} == details


def test_one_client_serves_many_threads_and_survives_collection(pair: Any) -> None:
    """The client stays referenced, so that collecting garbage between requests closes nothing."""
    _, google = pair
    requests = [google.adapt(asked(f"fox {number}"), BANANA) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(google.send, requests))
    gc.collect()
    second = [google.send(request) for request in requests[:2]]
    assert len({reply.data for reply in [*first, *second]}) == 10
    google.close()
    google.close()


def test_key_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`GOOGLE_API_KEY` wins, empty counts as unset, and Vertex settings of the SDK's own are not heeded."""
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "someone-elses")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "")
    with GoogleServer(key="AIza-the-winner") as server:
        environ = {
            "GOOGLE_API_KEY": "AIza-the-winner",
            "GEMINI_API_KEY": "x",
            "GOOGLE_GEMINI_BASE_URL": server.base_url,
        }
        google = provider("google", environ)
        assert google.send(google.adapt(asked(), BANANA)).data
        google.close()
    assert provider("google", {"GOOGLE_GEMINI_BASE_URL": ""}).is_vendor
    missing = provider("google", {"GOOGLE_API_KEY": " "}).missing_key()
    assert missing is not None
    assert "neither `GOOGLE_API_KEY` nor `GEMINI_API_KEY` is set" in missing.message


def test_a_gateway_needs_no_key_and_its_models_are_not_checked() -> None:
    """Another server than Google's may know models and sizes that are not in the table, and take no key."""
    with GoogleServer() as server:
        google = provider("google", {}, base_url=server.base_url)
        request = google.adapt(asked(), "models/house-model")
        assert google.missing_key() is None
        assert google.check(request) == ()
        google.send(request)
        assert server.requests[0].model == "house-model"
        google.close()
