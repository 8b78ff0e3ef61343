"""A real `chargen review`, and requests to it."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

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


@dataclass(frozen=True)
class Review:
    """A running server: the address it printed."""

    address: str
    process: subprocess.Popen[bytes]

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
def review(book: Project) -> Iterator[Review]:
    """Start a server for a project, and end it."""
    process = book.start("chargen", "review", "--no-open")
    try:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        assert address.startswith("http://127.0.0.1:"), address
        yield Review(address, process)
    finally:
        process.terminate()
        process.wait(timeout=20)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
