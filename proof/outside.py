"""Bytes from outside, changed at random: replies of both vendors for their parsers, pictures for the decoder.

Judged: every parser ends with a reply or a failure of its own kind, the decoder with a picture or its own error; no
other exception leaves them, and the memory of the process stays below a limit.
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
from chargen.providers.google import replies as google
from chargen.providers.http.failures import Answer
from chargen.providers.openai import replies as openai
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
_REQUEST = (
    make("openai", ProviderSettings(), load_models(), {"OPENAI_API_KEY": "sk-none"}, today=date(2026, 11, 22))
).adapt(Asked(prompt="a lamp", negative_prompt="", references=(), size=Size(1024, 1024)), "gpt-image-2.6-flare")
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


def _reply_text(luck: Random, body: dict[str, Any]) -> str:
    text = json.dumps(changed_value(luck, body))
    if luck.random() < 0.2:
        return changed_bytes(luck, text.encode()).decode("utf-8", "replace")
    return "[" * 50_000 if luck.random() < 0.001 else text


def harness(bench: Bench, tally: Tally) -> None:
    """Turn by turn one changed reply of each vendor and one changed picture."""
    luck = bench.luck
    seen = Seen(1, 0.0, "", {}, True, {"size": "64x64"}, {}, (), "A lamp.", "m")
    bodies = [(openai.parse, OpenAIServer().usual(seen)[0]), (google.parse, GoogleServer().usual(_google_seen())[0])]
    whole = [pictures.png(40, 30, 1), pictures.jpeg(40, 30, 2)]
    for bomb in bombs():
        _picture(tally, bomb, luck)
    while bench.more(tally):
        for parse, body in bodies:
            _reply(tally, parse, Answer(luck.choice((200, 200, 200, 400, 429, 500)), _reply_text(luck, body)))
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
            parse(answer, _REQUEST, None, ("secret-key",))
        except ProviderError:
            pass


def _picture(tally: Tally, data: bytes, luck: Random) -> None:
    tally.faults += 1
    with tally.trial(data[:60].hex()):
        try:
            decode(data)
            publish(data, Size(32, 32), luck.choice(("crop", "pad", "keep")))
        except PictureError:
            pass
