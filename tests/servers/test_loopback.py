"""The loopback servers themselves: what they record, how they fail, and that their pictures are real and different."""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
from urllib.parse import urlsplit

import pytest
from PIL import Image
from servers import loopback, openai_server, pictures
from servers.google_server import GoogleServer, frame
from servers.openai_server import OpenAIServer, read_form


def post(server: loopback.LoopbackServer, path: str, body: object, key: str = "k") -> tuple[int, dict[str, str], bytes]:
    """Send JSON without any SDK."""
    parts = urlsplit(server.address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def generate(server: OpenAIServer, prompt: str = "fox", **rest: object) -> tuple[int, dict[str, str], bytes]:
    """Ask for one image."""
    return post(server, "/v1/images/generations", {"prompt": prompt, "model": "m", **rest})


def test_requests_are_recorded_without_keys() -> None:
    """Prompt, model, body and headers are kept, the key only as being there."""
    with OpenAIServer() as server:
        generate(server, size="64x32")
        [seen] = server.requests
        assert (seen.number, seen.prompt, seen.model, seen.status) == (1, "fox", "m", 200)
        assert seen.json["size"] == "64x32"
        assert seen.has_key
        assert "authorization" not in seen.headers


def test_pictures_are_real_and_all_different() -> None:
    """Every picture opens at its size, and no two are the same, padded or not."""
    made = [pictures.png(16, 8, number) for number in range(300)]
    assert len(set(made)) == 300
    for data in (made[7], pictures.png(16, 8, 1, 5_000), pictures.jpeg(16, 8, 1), pictures.jpeg(16, 8, 2, 130_000)):
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert picture.size == (16, 8)
    assert len(pictures.png(16, 8, 1, 500_000)) > 490_000
    assert len(pictures.jpeg(16, 8, 1, 130_000)) > 120_000
    assert pictures.jpeg(8, 8, 1) != pictures.jpeg(8, 8, 2)


def test_scripts_meet_numbers_words_and_turns() -> None:
    """A number wins over words, words over the queue; `times` runs out."""
    with OpenAIServer() as server:
        server.at(2, openai_server.server_error(501))
        server.when("fox", openai_server.server_error(502), times=1)
        server.then(openai_server.server_error(503))
        assert [generate(server)[0] for _ in range(4)] == [502, 501, 503, 200]
        assert [seen.status for seen in server.requests] == [502, 501, 503, 200]
        assert len(server.delivered) == 1


def test_the_limit_is_a_sliding_window() -> None:
    """Refused requests do not count, and the wait that is named is enough."""
    with OpenAIServer(limit=loopback.RateLimit(2, window=0.4)) as server:
        assert [generate(server)[0] for _ in range(4)] == [200, 200, 429, 429]
        wait = float(generate(server)[1]["retry-after-ms"]) / 1000
        assert 0 < wait <= 0.4
        time.sleep(wait + 0.01)
        assert generate(server)[0] == 200


def test_a_wrong_key_is_refused() -> None:
    """With a key set, no other is accepted."""
    with OpenAIServer(key="right-key") as server:
        assert generate(server)[0] == 401
        assert post(server, "/v1/images/generations", {"prompt": "x"}, key="right-key")[0] == 200


@pytest.mark.parametrize("fault", [loopback.cut_before_headers(), loopback.cut_mid_body()])
def test_connections_are_cut(fault: loopback.Fault) -> None:
    """Before the status line and in the middle of the body; the request is recorded all the same."""
    with OpenAIServer() as server:
        server.then(fault)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            generate(server)
        assert server.wait_for(1)[0].status == 0


def test_held_requests_end_with_the_server() -> None:
    """A server that stops does not wait for an event nobody sets."""
    started = time.monotonic()
    with OpenAIServer() as server:
        server.then(loopback.held(threading.Event()))
        caller = threading.Thread(target=lambda: _ignore(server), daemon=True)
        caller.start()
        server.wait_for(1)
    caller.join(5)
    assert not caller.is_alive()
    assert time.monotonic() - started < 5


def _ignore(server: OpenAIServer) -> None:
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        generate(server)
        raise ConnectionError


def test_a_fault_of_the_server_is_not_hidden() -> None:
    """A bug in a test's own script fails the test at the end."""

    def broken(_: object) -> object:
        raise ValueError("a bug in a script")

    with pytest.raises(AssertionError, match="itself failed"), OpenAIServer() as server:
        server.then(loopback.Fault(change=broken))
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            generate(server)


def test_forms_are_taken_apart() -> None:
    """Fields and files come out byte for byte, line ends included."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na fox\r\n'
        b'--b\r\nContent-Disposition: form-data; name="image[]"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
        b"\x89\r\n\n\r\r\n\r\n--b--\r\n"
    )
    fields, files = read_form("multipart/form-data; boundary=b", body)
    assert fields == {"prompt": "a fox"}
    assert files == (loopback.File("image[]", "x.png", "image/png", b"\x89\r\n\n\r\r\n"),)


@pytest.mark.parametrize(
    ("ratio", "bucket", "size"), [("1:1", "1K", (1024, 1024)), ("16:9", "1K", (1360, 768)), ("1:1", "4K", (4096, 4096))]
)
def test_googles_frames_are_near_their_ratio(ratio: str, bucket: str, size: tuple[int, int]) -> None:
    """Sizes are on a grid, within a few per cent of the ratio."""
    assert frame(ratio, bucket) == size


def test_both_versions_of_googles_address_are_served() -> None:
    """The stable and the beta path, and nothing else."""
    with GoogleServer() as server:
        for version, status in (("v1", 200), ("v1beta", 200), ("v2", 404)):
            body = {"contents": [{"parts": [{"text": "fox"}]}]}
            assert post(server, f"/{version}/models/m:generateContent", body)[0] == status
        assert [seen.model for seen in server.requests] == ["m", "m"]
