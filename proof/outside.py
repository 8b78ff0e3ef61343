"""Bytes from outside, changed at random: replies of both vendors for their parsers, pictures for the decoder.

Judged: a reply whose picture is whole gives it, whatever is odd about the rest; every parser ends with a reply or a
failure of its own kind, the decoder with a picture or its own error; no other exception leaves them, and the memory of
the process stays below a limit.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

from servers import pictures
from servers.google_server import GoogleServer
from servers.loopback import Seen
from servers.openai_server import OpenAIServer

from chargen.images.convert import publish
from chargen.images.decoding import PictureError, decode
from chargen.model.request import Asked, ProviderError, ProviderSettings
from chargen.model.values import Size
from chargen.providers import load_models, make
from chargen.providers.catalogue.prices import Prices
from chargen.providers.google import replies as google
from chargen.providers.http.failures import Answer
from chargen.providers.openai import replies as openai
from chargen.text.bounded import bounded
from chargen.text.secrets import scrub
from proof.tally import Bench, Tally

MEGABYTES = 1500
"""Resident memory of the process at most: a picture of the largest size that is decoded takes 256 MB as pixels, and a
conversion holds a second one."""
_WORDS: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    "x" * 5000,
    [],
    {},
    [[]],
    {"a": {}},
    "\ud800",
    "NaN",
    [None] * 50,
]
_MODELS = load_models()
_REQUEST = (make("openai", ProviderSettings(), _MODELS, {"OPENAI_API_KEY": "sk-none"}, today=date(2026, 11, 22))).adapt(
    Asked(prompt="a lamp", negative_prompt="", references=(), size=Size(1024, 1024)), "gpt-image-2.6-flare"
)
_BYTES = (
    b"\x00",
    b"\xff\xff\xff\xff",
    b"IDAT",
    b"IHDR",
    b"<svg onload=alert(1)>",
    b"\xff\xd8\xff",
    b"RIFF\xff\xff\xff\xffWEBP",
)


def changed_value(luck: Random, value: Any) -> Any:
    """Return a JSON value with something in it replaced, left out or nested."""
    if luck.random() < 0.15 or not isinstance(value, (dict, list)) or not value:
        return luck.choice(_WORDS)
    if isinstance(value, list):
        return [changed_value(luck, item) if luck.random() < 0.7 else item for item in value] * luck.choice((1, 1, 2))
    key = luck.choice(list(value))
    if luck.random() < 0.2:
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: changed_value(luck, value[key])}


def changed_bytes(luck: Random, data: bytes) -> bytes:
    """Return bytes cut, overwritten, or with a piece put in."""
    place = luck.randrange(len(data))
    piece = luck.choice(_BYTES) if luck.random() < 0.5 else luck.randbytes(luck.randrange(1, 9))
    return luck.choice(
        (
            data[:place],
            data[:place] + piece + data[place + len(piece) :],
            data[:place] + piece + data[place:],
            piece + data,
        )
    )


def bombs() -> list[bytes]:
    """Return headers that promise more pixels than anyone should make room for."""
    small = pictures.png(8, 8, 1)
    return [small[:16] + size.to_bytes(4, "big") * 2 + small[24:] for size in (9_000, 65_535, 2**31 - 1)]


def account(luck: Random, depth: int = 3) -> Any:
    """Return something odd that a server may say of tokens, of a revised prompt, or of anything beside the picture."""
    odd = (10**40, -5, float("nan"), float("inf"), "\ud800", "\x1b[2J", None, True, "x" * 100_000, [[]] * 2000)
    if depth and luck.random() < 0.3:
        return {luck.choice(("input_tokens", "details", "\ud800", "")): account(luck, depth - 1)}
    return luck.choice(odd)


def _account_text(luck: Random, body: dict[str, Any]) -> str:
    """Write a reply of which everything but its pictures is odd, with something around it."""
    odd = {key: account(luck) for key in ("usage", "usageMetadata", "model", "modelVersion", "responseId", "created")}
    text = json.dumps({**body, **{key: value for key, value in odd.items() if luck.random() < 0.7}})
    for words in ('"b64_json"', '"mimeType"'):
        extra = json.dumps({"revised_prompt": account(luck), "seed": account(luck)})[1:-1]
        text = text.replace(words, f"{extra}, {words}")
    if luck.random() < 0.2:
        text = f'{{"deep": {"[" * 700}{"]" * 700}, {text[1:]}'
    return luck.choice(("", "\ufeff", "\r\n")) + text + luck.choice(("", "\0\0", "\r\n0\r\n", "<!-- gateway -->", "}"))


def _reply_text(luck: Random, body: dict[str, Any]) -> str:
    text = json.dumps(changed_value(luck, body))
    if luck.random() < 0.2:
        return changed_bytes(luck, text.encode()).decode("utf-8", "replace")
    return "[" * 50_000 if luck.random() < 0.001 else text


def harness(bench: Bench, tally: Tally) -> None:
    """Turn by turn one changed reply of each vendor and one changed picture."""
    luck = bench.luck
    seen = Seen(1, 0.0, "", {}, True, {"size": "64x64"}, {}, (), "A lamp.", "m")
    bodies = [
        (openai.parse, OpenAIServer().usual(seen, 1)[0]),
        (google.parse, GoogleServer().usual(_google_seen(), 1)[0]),
    ]
    whole = [pictures.png(40, 30, 1), pictures.jpeg(40, 30, 2)]
    for bomb in bombs():
        _picture(tally, bomb, luck)
    while bench.more(tally):
        for parse, body in bodies:
            _reply(tally, parse, Answer(luck.choice((200, 200, 200, 400, 429, 500)), _reply_text(luck, body)))
            _kept(tally, parse, body, _account_text(luck, body))
        _picture(tally, changed_bytes(luck, luck.choice(whole)), luck)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    tally.figures["peak memory, MB"] = peak
    with tally.trial("memory"):
        assert peak < MEGABYTES, f"{peak} MB"


def _google_seen() -> Seen:
    return Seen(1, 0.0, "", {}, True, {"generationConfig": {}, "contents": []}, {}, (), "A lamp.", "m")


def _reply(tally: Tally, parse: Callable[..., Any], answer: Answer) -> None:
    tally.faults += 1
    with tally.trial(answer.text[:300]):
        try:
            parse(answer, _REQUEST, _prices, ("secret-key",))
        except ProviderError:
            pass


def _kept(tally: Tally, parse: Callable[..., Any], body: dict[str, Any], text: str) -> None:
    """Judge that the picture of a reply is there whatever is odd about the rest, and that what is told can be kept."""
    tally.faults += 1
    with tally.trial(text[:300]):
        parsed = parse(Answer(200, text), _REQUEST, _prices, ())
        reply = getattr(parsed, "reply", parsed)
        assert reply.data == getattr(parse(Answer(200, json.dumps(body)), _REQUEST, _prices, ()), "reply", parsed).data
        told = [reply.usage, reply.details, reply.revised_prompt, reply.request_id, reply.model_version]
        json.dumps(bounded(told, lambda text: scrub(text, ("secret-key",))), ensure_ascii=False).encode()


def _prices(model: str | None) -> Prices | None:
    return _MODELS.assumed("openai", model or "gpt-image-2.6-flare").prices


def _picture(tally: Tally, data: bytes, luck: Random) -> None:
    tally.faults += 1
    with tally.trial(data[:60].hex()):
        try:
            decode(data)
            publish(data, Size(32, 32), luck.choice(("crop", "pad", "keep")))
        except PictureError:
            pass
