"""OpenAI over HTTP: the official SDK against a server on this machine, for all that goes well."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from provider_cases import FLARE, OPENAI_KEY, asked, provider, reference
from servers import openai_server
from servers.loopback import held
from servers.openai_server import OpenAIServer

from chargen.model.values import Size


@pytest.fixture
def vendor() -> Any:
    """A strict server and a provider that takes it for the vendor's own."""
    with OpenAIServer(strict=True, key=OPENAI_KEY) as server:
        made = provider("openai", base_url=server.base_url)
        made.is_vendor = True
        yield server, made
        made.close()


def test_a_prompt_alone_is_generated(vendor: Any) -> None:
    """Without references the JSON endpoint gets just the parameters shown, and the picture comes back untouched."""
    server, openai = vendor
    request = openai.adapt(asked(size=Size(1920, 1088)), FLARE)
    reply = openai.send(request)
    seen = server.requests[0]
    assert seen.path == "/v1/images/generations"
    assert seen.json == {"model": FLARE, "prompt": "a red fox at dusk", **request.parameters}
    assert request.parameters == {"size": "1920x1088", "quality": "high", "output_format": "png"}
    assert reply.data.startswith(b"\x89PNG")
    assert reply.request_id == "req_loopback0001"
    assert reply.details["size"] == "1920x1088"


def test_references_are_sent_in_order(vendor: Any) -> None:
    """With references the edit endpoint gets every picture, in order, with its bytes and type."""
    server, openai = vendor
    pictures = (reference("ann"), reference("bob"), reference("ann", 2, media_type="image/jpg"))
    openai.send(openai.adapt(asked(references=pictures), FLARE))
    seen = server.requests[0]
    assert seen.path == "/v1/images/edits"
    assert [file.data for file in seen.files] == [picture.data for picture in pictures]
    assert [file.media_type for file in seen.files] == ["image/png", "image/png", "image/jpeg"]
    assert {file.field for file in seen.files} == {"image[]"}
    expected = {"size": "1024x1024", "quality": "high", "output_format": "png"}
    assert seen.fields == {"model": FLARE, "prompt": "a red fox at dusk", **expected}


def test_cost_comes_from_usage(vendor: Any) -> None:
    """Output without details is image tokens; references and prompt are counted at their own rates."""
    _, openai = vendor
    reply = openai.send(openai.adapt(asked(references=(reference("ann"),), quality="low"), FLARE))
    text, image, output = len("a red fox at dusk") // 4, 1500, 196
    assert reply.cost_usd == Decimal(text * 5 + image * 8 + output * 30) / 1_000_000
    assert reply.usage["output_tokens"] == 196


def test_one_client_serves_many_threads(vendor: Any) -> None:
    """Many threads share one client, every one gets its own picture, and closing twice is allowed."""
    server, openai = vendor
    requests = [openai.adapt(asked(f"fox {number}"), FLARE) for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(openai.send, requests))
    assert len({reply.data for reply in replies}) == 12
    assert len(server.requests) == 12
    openai.close()
    openai.close()


def test_requests_overlap() -> None:
    """A slow picture does not hold up another thread's."""
    release = threading.Event()
    with OpenAIServer() as server, ThreadPoolExecutor(1) as pool:
        server.when("slow", held(release))
        openai = provider("openai", base_url=server.base_url)
        slow = pool.submit(openai.send, openai.adapt(asked("slow"), FLARE))
        server.wait_for(1)
        assert openai.send(openai.adapt(asked("quick"), FLARE)).data
        assert not slow.done()
        release.set()
        assert slow.result(10).data
        assert server.most_in_flight == 2
        openai.close()


@pytest.mark.parametrize("shape", ["localai", "sglang"])
def test_pictures_by_address_are_fetched(shape: Any) -> None:
    """Servers that answer with an address are asked for it at once, and nothing but the picture is fetched."""
    with OpenAIServer(shape=shape) as server:
        openai = provider("openai", {}, base_url=server.base_url)
        reply = openai.send(openai.adapt(asked(seed=7), "stablediffusion"))
        assert reply.data.startswith(b"\x89PNG")
        assert server.gets == ["/generated-images/b641.png"]
        assert reply.cost_usd is None
        assert reply.seed == 7
        openai.close()


@pytest.mark.parametrize("shape", ["vllm-omni", "data-url"])
def test_pictures_in_other_shapes_are_read(shape: Any) -> None:
    """Base64 with a `data:` prefix and replies without usage are as good as the vendor's."""
    with OpenAIServer(shape=shape) as server:
        openai = provider("openai", {}, base_url=server.base_url)
        reply = openai.send(openai.adapt(asked(), "qwen-image"))
        assert reply.data.startswith(b"\x89PNG")
        assert reply.usage == {}
        assert reply.cost_usd is None
        openai.close()


def test_another_server_gets_only_what_was_asked() -> None:
    """No defaults, no checks, no key needed; the size goes out as the author wrote it, the seed too."""
    with OpenAIServer() as server:
        openai = provider("openai", {}, base_url=server.base_url)
        request = openai.adapt(asked(size=Size(500, 333), seed=7), "my-model")
        assert openai.check(request) == ()
        assert openai.missing_key() is None
        openai.send(request)
        assert server.requests[0].json == {
            "model": "my-model", "prompt": "a red fox at dusk", "size": "500x333", "seed": 7
        }  # fmt: skip
        openai.send(openai.adapt(asked(seed=7, quality="hd", references=(reference("ann"),)), "my-model"))
        assert server.requests[1].fields["seed"] == "7"
        assert server.requests[1].fields["quality"] == "hd"
        openai.close()


def test_the_address_comes_from_the_environment_or_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """`base_url` wins over `OPENAI_BASE_URL`; an empty variable counts as unset, even for the SDK."""
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    with OpenAIServer() as server:
        by_environment = provider("openai", {**server.environ, "OPENAI_BASE_URL": f" {server.base_url} "})
        by_environment.send(by_environment.adapt(asked(), FLARE))
        by_environment.close()
        by_settings = provider("openai", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, base_url=server.base_url)
        by_settings.send(by_settings.adapt(asked(), FLARE))
        by_settings.close()
        assert len(server.delivered) == 2
    assert provider("openai", {"OPENAI_BASE_URL": ""}).is_vendor
    assert provider("openai", {"OPENAI_BASE_URL": "https://eu.api.openai.com/v1"}).is_vendor
    assert not provider("openai", {"OPENAI_BASE_URL": "https://api.openai.com.example.org/v1"}).is_vendor


def test_pace_defaults_are_the_vendors_only() -> None:
    """The vendor's images per minute do not slow down a server of one's own."""
    assert provider("openai").default_per_minute == 5
    assert provider("openai", base_url="http://127.0.0.1:1/v1").default_per_minute is None
    assert provider("openai").default_workers == 2
    assert provider("openai", model="gpt-image-2").default_model == "gpt-image-2"


def test_a_scripted_number_fails_and_the_rest_goes_on(vendor: Any) -> None:
    """The server's script meets just the request it names."""
    server, openai = vendor
    server.at(2, openai_server.overloaded())
    openai.send(openai.adapt(asked(), FLARE))
    with pytest.raises(Exception, match="overloaded"):
        openai.send(openai.adapt(asked(), FLARE))
    openai.send(openai.adapt(asked(), FLARE))
    assert [seen.status for seen in server.requests] == [200, 503, 200]
