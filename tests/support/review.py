"""A real `chargen review`, and requests to it."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.forks import Forks
from support.project import Project


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Review:
    """A running server: the address it printed."""

    address: str
    pid: int
    forks: Forks
    is_over: bool = False

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def token(self) -> str:
        """What the printed address ends with."""
        return parse_qs(urlsplit(self.address).query)["token"][0]

    @cached_property
    def cookie(self) -> str:
        """`NAME=VALUE`, as the page sets it."""
        return self._ask("GET", self.address, {}, None).headers["set-cookie"].partition(";")[0]

    def end(self, signal_number: int = signal.SIGTERM) -> None:
        """End the server, if it was not, and wait until it is over."""
        if not self.is_over:
            self.is_over = True
            os.kill(self.pid, signal_number)
            self.forks.wait(self.pid)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for something, with the cookie of the page unless another is given."""
        return self._ask("GET", path, {"Cookie": self.cookie, **headers}, None)

    def post(self, path: str, value: Any, **headers: str) -> Answer:
        """Decide something, as the page does it unless other headers are given."""
        own = {"Cookie": self.cookie, "Origin": self.origin, "X-Token": self.token}
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self._ask("POST", path, {**own, "Content-Type": "application/json", **headers}, body)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        url = path if path.startswith("http") else f"{self.origin}{path}"
        sent = {name: value for name, value in headers.items() if value}
        request = urllib.request.Request(url, body, sent, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers, refused.read())


@contextmanager
def review(book: Project, forks: Forks) -> Iterator[Review]:
    """Start a server for a project, and end it."""
    running = Review("", forks.start(book, "chargen", "review", "--no-open"), forks)
    try:
        running.address = forks.wait_for_line(running.pid)
        assert running.address.startswith("http://127.0.0.1:"), running.address
        yield running
    finally:
        running.end()
