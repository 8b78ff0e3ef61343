"""What befalls requests on their way, and what each comes to: worked out from what servers answer and published rates.

Must not ask the program what anything costs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from servers import google_server, openai_server
from servers.loopback import (
    Fault,
    LoopbackServer,
    cut_before_headers,
    cut_mid_body,
    empty,
    garbage,
    html,
    truncated_json,
)
from servers.openai_server import OpenAIServer
from support.project import REPOSITORY

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@dataclass(frozen=True)
class Told:
    """What one request comes to: `usd` is None where nobody can know."""

    what: str
    """`image`, `charged`, `free` or `doubt`."""
    usd: Decimal | None = Decimal(0)
    estimated: bool = False


def rates(provider: str, name: str) -> dict[str, Any]:
    text = (REPOSITORY / f"chargen/providers/{provider}/models.toml").read_text()
    found: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)["prices"][name]
    return found


def prompt(number: int) -> str:
    return f"Lamp number {number}."


def dollars(provider: str, tokens: dict[str, int], name: str = "") -> Decimal:
    usual = "gpt-image-2_5" if provider == "openai" else "gemini-nano-banana-2_1"
    price = rates(provider, name or usual)
    return sum((price[name] * count for name, count in tokens.items()), Decimal(0)) / 1_000_000


TEXT = len(prompt(0)) // 4
OPENAI_USD = dollars("openai", {"text_in": TEXT, "image_out": 1756})
GOOGLE_USD = dollars("google", {"text_in": TEXT, "image_out": 1120, "text_out": 100})
PRO_USD = dollars("google", {"text_in": TEXT, "image_out": 1120, "text_out": 100}, "gemini-3-pro-image")
OPENAI_ESTIMATE = dollars("openai", {"text_in": TEXT + 1, "image_out": 1756})
GOOGLE_ESTIMATE = dollars("google", {"text_in": TEXT + 1, "image_out": 1120})
TALK_USD = dollars("google", {"text_in": 40, "text_out": 25})


def without(*names: str) -> Fault:
    return Fault(change=lambda body: {name: value for name, value in body.items() if name not in names})


def picture(data: bytes) -> Callable[[LoopbackServer], Fault]:
    def fault(server: LoopbackServer) -> Fault:
        if isinstance(server, OpenAIServer):
            encoded = openai_server.base64.b64encode(data).decode()
            return Fault(change=lambda body: {**body, "data": [{"b64_json": encoded}]})
        return google_server.parts(lambda _parts: [google_server.inline(data, "image/png")])

    return fault


def image(usd: Decimal | None, *, estimated: bool = False) -> Told:
    return Told("image", usd, estimated)


FREE = Told("free")
BUSY, DOUBT, NO_IMAGE = [FREE, image(OPENAI_USD)], Told("doubt", OPENAI_ESTIMATE), Told("charged", OPENAI_USD)
G_BUSY, G_DOUBT, TALK = [FREE, image(GOOGLE_USD)], Told("doubt", GOOGLE_ESTIMATE), Told("charged", TALK_USD)
STOPS: dict[str, dict[str, Any]] = {
    "openai": {
        "no quota": openai_server.no_quota(),
        "hard limit": openai_server.hard_limit(),
        "wrong key": openai_server.wrong_key("sk-...1"),
        "not verified": openai_server.not_verified(),
    },
    "google": {
        "per day": google_server.per_day(),
        "none allowed": google_server.none_allowed(),
        "no credits": google_server.credits_used_up(),
        "bad key": google_server.bad_key(),
        "forbidden": google_server.forbidden(),
        "wrong region": google_server.wrong_region(),
    },
}
"""What ends a provider for this run: images that were not begun by then are not sent."""
SCRIPTS: dict[str, dict[str, tuple[list[Any], list[Told]]]] = {
    "openai": {
        "good": ([], [image(OPENAI_USD)]),
        "no usage": ([without("usage")], [image(OPENAI_ESTIMATE, estimated=True)]),
        "drawing": ([picture(SVG)], [NO_IMAGE]),
        "drawing, no usage": (
            [lambda server: Fault(change=lambda body: {**picture(SVG)(server).change(body), "usage": {}})],
            [DOUBT],
        ),
        "refused": ([openai_server.moderated()], [FREE]),
        "busy": ([openai_server.rate_limited(0.01)], BUSY),
        "slow down": ([openai_server.slow_down()], BUSY),
        "overloaded": ([openai_server.overloaded()], BUSY),
        "their fault": ([openai_server.server_error()], BUSY),
        "nothing, 503": ([empty(503)], BUSY),
        "empty": ([openai_server.no_data()], [NO_IMAGE, image(OPENAI_USD)]),
        "null": ([openai_server.null_data()], [NO_IMAGE, image(OPENAI_USD)]),
        "no base64": ([openai_server.broken_base64()], [NO_IMAGE, image(OPENAI_USD)]),
        "gone address": (
            [lambda server: openai_server.by_url(f"{server.address}/gone.png")],
            [NO_IMAGE, image(OPENAI_USD)],
        ),
        "cut": ([cut_before_headers()], [DOUBT, image(OPENAI_USD)]),
        "cut in it": ([cut_mid_body()], [DOUBT, image(OPENAI_USD)]),
        "half JSON": ([truncated_json()], [DOUBT, image(OPENAI_USD)]),
        "no JSON": ([garbage()], [DOUBT, image(OPENAI_USD)]),
        "nothing": ([empty()], [DOUBT, image(OPENAI_USD)]),
        "gateway": ([html(520), html(502)], [DOUBT] * 2),
        "no model": ([openai_server.unknown_model("x")], [FREE]),
        "no size": ([openai_server.invalid_size("1x1")], [FREE]),
        "no option": ([openai_server.not_transparent()], [FREE]),
        "no parameter": ([openai_server.unknown_parameter("x")], [FREE]),
        "a text": ([openai_server.error_text(400, "no")], [FREE]),
        "a detail": ([openai_server.detail(422, "no")], [FREE]),
        **{name: ([fault], [FREE]) for name, fault in STOPS["openai"].items()},
    },
    "other": {
        "good": ([], [image(None)]),
        "cut": ([cut_mid_body()], [Told("doubt", None), image(None)]),
        "refused": ([openai_server.moderated()], [FREE]),
    },
    "google": {
        "good": ([], [image(GOOGLE_USD)]),
        "no usage": ([without("usageMetadata")], [image(GOOGLE_ESTIMATE, estimated=True)]),
        "another model": (
            [Fault(change=lambda body: {**body, "modelVersion": "models/gemini-3-pro-image"})],
            [image(PRO_USD)],
        ),
        "half": ([picture(b"\x89PNG\r\n\x1a\n half of it")], [Told("charged", GOOGLE_USD)]),
        "talk": ([google_server.finished("NO_IMAGE", text="no")] * 2, [TALK] * 2),
        "blocked": ([google_server.finished("SAFETY")], [TALK]),
        "blocked before": ([google_server.blocked()], [Told("charged", dollars("google", {"text_in": 9}))]),
        "null": ([google_server.null_content()], [Told("charged", GOOGLE_USD), image(GOOGLE_USD)]),
        "no candidates": ([google_server.no_candidates()], [Told("charged", GOOGLE_USD), image(GOOGLE_USD)]),
        "busy": ([google_server.per_minute(0.01)], G_BUSY),
        "overloaded": ([google_server.overloaded()], G_BUSY),
        "their fault": ([google_server.internal()], G_BUSY),
        "deadline": ([google_server.deadline()], G_BUSY),
        "cut": ([cut_mid_body(), cut_mid_body()], [G_DOUBT] * 2),
        "half JSON": ([truncated_json()], [G_DOUBT, image(GOOGLE_USD)]),
        "no argument": ([google_server.invalid()], [FREE]),
        "no model": ([google_server.unknown_model("x")], [FREE]),
        **{name: ([fault], [FREE]) for name, fault in STOPS["google"].items()},
    },
}  # fmt: skip
UNUSABLE = ("drawing", "drawing, no usage", "half")
