"""Vendors that fail once for some of the pictures they are asked for, each failure another one.

A fault is met by the first request for the picture, never by its repetition, so that what it costs can be counted.
"""

from __future__ import annotations

from typing import Any

from servers import google_server, openai_server
from servers.google_server import GoogleServer
from servers.loopback import (
    Fault,
    LoopbackServer,
    Seen,
    cut_before_headers,
    cut_mid_body,
    empty,
    garbage,
    html,
    truncated_json,
)
from servers.openai_server import OpenAIServer

OPENAI = (
    openai_server.rate_limited(0.05),
    openai_server.rate_limited(headers={"retry-after": "1"}),
    openai_server.rate_limited(words="Please try again in 80ms."),
    openai_server.rate_limited(),
    openai_server.slow_down(),
    openai_server.overloaded(),
    openai_server.server_error(500),
    html(502),
    empty(503),
    openai_server.no_data(),
    cut_before_headers(),
    cut_mid_body(),
    garbage(),
    truncated_json(),
)
GOOGLE = (
    google_server.per_minute(0.05),
    google_server.per_minute(None, words="Please retry in 0.1s."),
    google_server.overloaded(),
    google_server.internal(),
    html(502),
    google_server.finished("STOP", text="I would rather describe it."),
    google_server.finished("NO_IMAGE"),
    google_server.null_content(),
    google_server.no_candidates(),
    cut_before_headers(),
    cut_mid_body(),
    garbage(),
)
UNANSWERED = 5, 4
"""How many of each vendor's faults may have been billed: cut, garbled, cut short, or lost by a gateway."""


class _Faulty(LoopbackServer):
    faults: tuple[Fault, ...] = ()

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        self.prompts: list[str] = []
        """The prompts met so far, in the order they came."""

    def objection(self, seen: Seen) -> Fault | None:
        if seen.prompt in self.prompts:
            return None
        self.prompts.append(seen.prompt)
        number = len(self.prompts)
        return self.faults[number - 1] if number <= len(self.faults) else super().objection(seen)


class FaultyOpenAI(_Faulty, OpenAIServer):
    """Fails for the first pictures, one after the other."""

    faults = OPENAI


class FaultyGoogle(_Faulty, GoogleServer):
    """Fails for the first pictures, one after the other."""

    faults = GOOGLE
