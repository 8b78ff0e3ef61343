"""What a loopback server is told to do and what it has seen: values, and the faults that are the same for every vendor.

Must not import chargen.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Cut = Literal["", "before headers", "mid body"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets instead of, or before, the usual answer.

    `body` replaces the usual one (dict and list become JSON), `change` is given the usual one to alter; `until` is
    waited for, then `after` seconds; `cut` breaks the connection before the status line or in the middle of the body;
    `drip` lets so many seconds pass between any two hundredths of the body.
    """

    status: int = 200
    body: bytes | str | Mapping[str, Any] | Sequence[Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[dict[str, Any]], object] | None = None
    until: threading.Event | None = None
    after: float = 0.0
    cut: Cut = ""
    drip: float = 0.0
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class File:
    """A file that came along: form field, file name, declared type, bytes."""

    field: str
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """One request for an image as it arrived. `number` counts from 1, `at` is the monotonic clock in seconds."""

    number: int
    at: float
    path: str
    headers: Mapping[str, str]
    has_key: bool
    json: Any
    fields: Mapping[str, str]
    files: tuple[File, ...]
    prompt: str
    model: str
    status: int = 0
    """What it was answered with; 0 where the connection was cut or the answer is not out yet."""
    done: float = 0.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` requests in any `window` seconds; one more is refused with the seconds to wait."""

    count: int
    window: float = 60.0


def cut_before_headers() -> Fault:
    """The connection ends without a status line: was it read, was it billed? Nobody knows."""
    return Fault(cut="before headers")


def cut_mid_body() -> Fault:
    """The picture was on its way when the connection broke."""
    return Fault(cut="mid body")


def truncated_json() -> Fault:
    """A whole reply as far as HTTP can tell, whose JSON ends early."""
    return Fault(change=lambda body: json.dumps(body)[:-40])


def garbage() -> Fault:
    """Status 200 and bytes that are no JSON at all."""
    return Fault(body=b"\x00\xff\xfe not json", content_type="application/octet-stream")


def html(status: int = 200, title: str = "502 Bad Gateway") -> Fault:
    """A page of a proxy in between."""
    page = f"<html><head><style>b {{}}</style></head><body><h1>{title}</h1><hr>nginx</body></html>"
    return Fault(status, page, content_type="text/html")


def empty(status: int = 200) -> Fault:
    """Nothing but a status."""
    return Fault(status, b"")


def held(event: threading.Event) -> Fault:
    """The usual answer, once `event` is set."""
    return Fault(until=event)
