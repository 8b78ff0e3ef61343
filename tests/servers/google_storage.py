"""Object storage of Google's kind, as far as a store is asked: its XML interface, with generations as conditions.

A program of its own: `python -m servers.google_storage PORT [--hasty]`. With `--hasty` it looks at a condition before
it takes the lock, as a store that lies does: of several writers more than one is told that it won. Bytes are in memory;
a generation is a number that no other writing has; equal bytes have one tag. Must not import chargen.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3
"""Keys on one page of a list; Google has a thousand, and a test few."""
CONDITION = "x-goog-if-generation-match"


@dataclass
class _Object:
    data: bytes
    generation: int
    at: float = field(default_factory=time.time)

    @property
    def tag(self) -> str:
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'

    @property
    def headers(self) -> dict[str, str]:
        modified = formatdate(self.at, usegmt=True)
        return {"etag": self.tag, "x-goog-generation": str(self.generation), "last-modified": modified}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    hasty: ClassVar[bool] = False
    buckets: ClassVar[dict[str, dict[str, _Object]]] = {}
    lock: ClassVar[threading.Lock] = threading.Lock()
    last: ClassVar[int] = 0

    def do_PUT(self) -> None:
        """Make a bucket, or write an object where its condition holds."""
        bucket, key, _ = self._asked()
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not key:
            self.buckets.setdefault(bucket, {})
            self._answer(200)
            return
        if bucket not in self.buckets:
            self._fail(404, "NoSuchBucket")
            return
        if self.hasty:
            holds = self._holds(bucket, key)
            time.sleep(0.005)  # between its look and its write others look too
        with self.lock:
            if not (holds if self.hasty else self._holds(bucket, key)):
                self._fail(412, "PreconditionFailed")
                return
            Handler.last += 1
            self.buckets[bucket][key] = written = _Object(data, Handler.last)
        self._answer(200, headers=written.headers)

    def do_GET(self) -> None:
        """Return an object, or a page of a list."""
        bucket, key, query = self._asked()
        objects = self.buckets.get(bucket)
        if objects is None:
            self._fail(404, "NoSuchBucket")
        elif not key:
            self._answer(200, _page(dict(objects), query), {"content-type": "application/xml"})
        elif (found := objects.get(key)) is None:
            self._fail(404, "NoSuchKey")
        else:
            self._answer(200, found.data, found.headers)

    def do_DELETE(self) -> None:
        """Remove an object."""
        bucket, key, _ = self._asked()
        found = self.buckets.get(bucket, {}).pop(key, None)
        if found is None:
            self._fail(404, "NoSuchKey")
        else:
            self._answer(204)

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        """Say nothing."""

    def _holds(self, bucket: str, key: str) -> bool:
        wanted = self.headers.get(CONDITION)
        there = self.buckets[bucket].get(key)
        return wanted is None or int(wanted) == (0 if there is None else there.generation)

    def _asked(self) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(self.path)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        return bucket, unquote(key), {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _fail(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode(), {"content-type": "application/xml"})

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _page(objects: dict[str, _Object], query: dict[str, str]) -> bytes:
    """Write a page of the objects whose keys begin so, behind the key that the token names."""
    prefix, after = query.get("prefix", ""), query.get("continuation-token", query.get("start-after", ""))
    keys = sorted(key for key in objects if key.startswith(prefix) and key > after)
    items = "".join(_item(key, objects[key]) for key in keys[:PAGE])
    more = f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>" if len(keys) > PAGE else ""
    return f"<ListBucketResult>{items}{more}</ListBucketResult>".encode()


def _item(key: str, found: _Object) -> str:
    modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(found.at))
    size, tag = f"<Size>{len(found.data)}</Size>", f"<ETag>{escape(found.tag)}</ETag>"
    return f"<Contents><Key>{escape(key)}</Key>{size}{tag}<LastModified>{modified}</LastModified></Contents>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Handler.hasty = "--hasty" in sys.argv
    _Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
