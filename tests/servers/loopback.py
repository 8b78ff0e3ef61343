"""A provider on this machine: an HTTP server that records every request, answers like a vendor and fails on demand.

The base of `openai_server` and `google_server`; must not import chargen, so that both sides of the wire are written
separately. Runs in the test's own process and serves other processes too: point them at it by environment.

    with OpenAIServer(latency=0.05, limit=RateLimit(10, window=1.0)) as server:
        server.at(3, openai_server.overloaded())          # the third request fails
        server.when("red fox", openai_server.moderated())  # every request whose prompt says so, up to `times`
        subprocess.run([...], env={**os.environ, **server.environ})   # OPENAI_API_KEY and OPENAI_BASE_URL
        assert [seen.prompt for seen in server.requests] == [...]

Every answered picture is different (its colour counts up). `requests` holds the requests for images in the order they
arrived, also those that failed; keys are cut out of the recorded headers.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from servers.scripted import (
    Cut,
    Fault,
    File,
    RateLimit,
    Seen,
    cut_before_headers,
    cut_mid_body,
    empty,
    garbage,
    held,
    html,
    truncated_json,
)

__all__ = [
    "Cut", "Fault", "File", "LoopbackServer", "RateLimit", "Seen", "cut_before_headers", "cut_mid_body", "empty",
    "garbage", "held", "html", "truncated_json",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Routed:
    """An answer to a call about jobs or files; a body that is no bytes is made while it is sent."""

    status: int
    body: bytes | Iterable[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Cut = ""


KEY_HEADERS = ("authorization", "x-goog-api-key", "api-key")


class LoopbackServer:
    """Serves on a free port of 127.0.0.1 between `with` and its end."""

    path_prefix = ""

    def __init__(
        self,
        *,
        latency: float = 0.0,
        limit: RateLimit | None = None,
        key: str | None = None,
        pad: int = 0,
    ) -> None:
        """`latency` in seconds; with `key` no other key is accepted; `pad` makes pictures larger by so many bytes."""
        self.latency = latency
        self.limit = limit
        self.key = key
        self.pad = pad
        self.most_in_flight = 0
        self.pictures = 0
        self.gets: list[str] = []
        self._seen: list[Seen] = []
        self._at: dict[int, Fault] = {}
        self._next: deque[Fault] = deque()
        self._when: list[tuple[str, Fault, int]] = []
        self._accepted: deque[float] = deque()
        self._in_flight = 0
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._open: dict[Any, Any] = {}
        self._errors: list[BaseException] = []
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self):
        self._serve(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.dies()
        if self._errors:
            raise AssertionError("the loopback server itself failed") from self._errors[0]

    def dies(self) -> None:
        """Answer nobody any more: the port is closed, and so are the connections there are."""
        self._http.shutdown()
        self._http.server_close()
        with self._changed:
            still_open = list(self._open.values())
        for connection in still_open:
            _close(connection)
        self._thread.join(5)

    def comes_back(self) -> None:
        """Answer again at the same address, with what was known before."""
        self._serve(self._http.server_address[1])

    def _serve(self, port: int) -> None:
        self._http = _Http(self, port)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def base_url(self) -> str:
        """What an SDK is pointed at."""
        return self.address + self.path_prefix

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point a process at this server, with a key it accepts."""
        raise NotImplementedError

    @property
    def requests(self) -> list[Seen]:
        """The requests for images so far, in the order they arrived."""
        with self._changed:
            return list(self._seen)

    @property
    def delivered(self) -> list[Seen]:
        """The requests that were answered with status 200."""
        return [seen for seen in self.requests if seen.status == 200]

    def at(self, number: int, fault: Fault) -> None:
        """Let the request of that number (from 1) get `fault`."""
        self._at[number] = fault

    def then(self, *faults: Fault) -> None:
        """Let the next requests that no other rule meets get these, in turn."""
        self._next.extend(faults)

    def when(self, words: str, fault: Fault, times: int = 1_000_000) -> None:
        """Let requests whose prompt holds `words` get `fault`, at most `times` times."""
        with self._changed:
            self._when.append((words, fault, times))

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Seen]:
        """Wait until `count` requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._seen) >= count, timeout), f"only {len(self._seen)} came"
            return list(self._seen)

    def wait_until(self, told: Callable[[list[Seen]], bool], timeout: float = 60.0) -> None:
        """Wait until the requests that have arrived are what `told` wants."""
        with self._changed:
            assert self._changed.wait_for(lambda: told(self._seen), timeout), f"{len(self._seen)} came"

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until all that was sent has been read and answered, after the process that asked was killed.

        A request may still stand in the queue of connections, or unread in one: they are taken in order, so that all of
        a dead process are closed when one that came after them is the only one left.
        """
        with socket.create_connection(self._http.server_address) as last:
            mine = {last.getsockname()}
            with self._changed:
                told = self._changed.wait_for(lambda: self._open.keys() == mine, timeout)
                assert told, f"{self._in_flight} in flight, {len(self._open)} connections open"

    # What a vendor's server adds -----------------------------------------------------------------------------------

    def is_image_request(self, path: str) -> bool:
        """Say whether a POST to `path` asks for an image."""
        raise NotImplementedError

    def read(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Return `json`, `fields`, `files`, `prompt`, `model` of a request."""
        raise NotImplementedError

    def usual(self, seen: Seen, number: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Return body and headers of the answer to a request that nothing is wrong with; `number` is its picture's."""
        raise NotImplementedError

    def objection(self, seen: Seen) -> Fault | None:  # noqa: ARG002 - for vendors that object
        """Return what is wrong with a request, if anything."""
        return None

    def limited(self, wait: float) -> Fault:
        """Return the answer to one request too many, with the seconds to wait."""
        raise NotImplementedError

    def wrong_key(self) -> Fault:
        """Return the answer to a key that is not accepted."""
        raise NotImplementedError

    def get(self, path: str) -> tuple[bytes, str] | None:  # noqa: ARG002 - for servers that deliver addresses
        """Return bytes and type of what is fetched at `path`."""
        return None

    def upgraded(self, handler: Any) -> bool:  # noqa: ARG002 - for servers with a websocket
        """Say whether a GET became another protocol, which is over by now."""
        return False

    def other(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any] | None:  # noqa: ARG002
        """Return status and JSON for a POST that asks for no image."""
        return None

    def routed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Routed | None:  # noqa: ARG002
        """Answer a call that is about jobs or files."""
        return None

    def cuts_off(self, method: str, path: str) -> bool:  # noqa: ARG002 - for servers that take uploads
        """Say whether the connection ends in the middle of what is sent."""
        return False

    def redirect(self, path: str) -> str | None:  # noqa: ARG002 - as above
        """Return where a fetch of `path` is sent instead."""
        return None

    # Carrying it out -------------------------------------------------------------------------------------------------

    def _arrived(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[Seen, Fault]:
        facts = self.read(path, headers, body)
        key = next((headers[name] for name in KEY_HEADERS if name in headers), "").removeprefix("Bearer ")
        kept = {name: value for name, value in headers.items() if name not in KEY_HEADERS}
        with self._changed:
            seen = Seen(len(self._seen) + 1, time.monotonic(), path, kept, bool(key), **facts)
            self._seen.append(seen)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            fault = self._fault(seen, key)
            self._changed.notify_all()
        return seen, fault

    def _fault(self, seen: Seen, key: str) -> Fault:
        if self.key is not None and key != self.key:
            return self.wrong_key()
        if self.limit is not None and (wait := self._over(self.limit, seen.at)) > 0:
            return self.limited(wait)
        if seen.number in self._at:
            return self._at.pop(seen.number)
        return self._scripted(seen)

    def line_fault(self, seen: Seen) -> Fault:
        """Return what a line of a job meets: what the script says of its prompt, as for a request."""
        with self._changed:
            return self._scripted(seen)

    def next_picture(self) -> int:
        """Return the number of a picture that was never made."""
        with self._changed:
            self.pictures += 1
            return self.pictures

    def _scripted(self, seen: Seen) -> Fault:
        for index, (words, fault, times) in enumerate(self._when):
            if words in seen.prompt and times > 0:
                self._when[index] = (words, fault, times - 1)
                return fault
        if self._next:
            return self._next.popleft()
        return self.objection(seen) or Fault()

    def _over(self, limit: RateLimit, now: float) -> float:
        while self._accepted and self._accepted[0] <= now - limit.window:
            self._accepted.popleft()
        if len(self._accepted) >= limit.count:
            return self._accepted[0] + limit.window - now
        self._accepted.append(now)
        return 0.0

    def _answer(self, seen: Seen, fault: Fault) -> tuple[bytes, dict[str, str]]:
        if fault.until is not None:
            while not fault.until.wait(0.02) and not self._stopping.is_set():
                pass
        delay = fault.after + (self.latency if fault.status == 200 else 0.0)
        if delay:
            self._stopping.wait(delay)
        body: Any = fault.body
        headers: dict[str, str] = {}
        if body is None and fault.status == 200:
            body, headers = self.usual(seen, self.next_picture())
            body = fault.change(body) if fault.change else body
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode() if body is not None else b""
        return body, {**headers, **fault.headers}

    def _left(self, seen: Seen, status: int) -> None:
        with self._changed:
            self._in_flight -= 1
            index = seen.number - 1
            self._seen[index] = replace(self._seen[index], status=status, done=time.monotonic())
            self._changed.notify_all()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, owner: LoopbackServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), type("Handler", (_Handler,), {"owner": owner}))
        self._owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection before its thread begins."""
        with self._owner._changed:
            self._owner._open[client_address] = request
            self._owner._changed.notify_all()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Note that a connection has come to its end."""
        super().shutdown_request(request)
        with self._owner._changed:
            gone = [address for address, connection in self._owner._open.items() if connection is request]
            for address in gone:
                del self._owner._open[address]
            self._owner._changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: LoopbackServer

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        self.owner.gets.append(self.path)
        if self._route(b""):
            return
        if self.owner.upgraded(self):
            self.close_connection = True
            return
        if moved := self.owner.redirect(self.path):
            self._send(302, b"", {"location": moved})
            return
        found = self.owner.get(self.path)
        body, media_type = found or (b"not here", "text/plain")
        self._send(200 if found else 404, body, {"content-type": media_type})

    def do_DELETE(self) -> None:
        if not self._route(b""):
            self._send(404, b"", {})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if self.owner.cuts_off("POST", self.path):
            self.rfile.read(length // 2)
            self.close_connection = True
            _close(self.connection)
            return
        body = self.rfile.read(length)
        if len(body) < length:  # whoever asked was killed before the request was out: it asks for nothing
            self.close_connection = True
            return
        if self._route(body):
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not self.owner.is_image_request(self.path):
            status, answer = self.owner.other(self.path, headers, body) or (404, {"detail": "Not Found"})
            self._send(status, json.dumps(answer).encode(), {"content-type": "application/json"})
            return
        seen: Seen | None = None
        status = 0
        try:
            seen, fault = self.owner._arrived(self.path, headers, body)
            if fault.cut == "before headers":
                self.owner._answer(seen, replace(fault, body=b"", change=None))
                self.close_connection = True
                _close(self.connection)
                return
            answer, extra = self.owner._answer(seen, fault)
            if fault.cut != "mid body":
                status = fault.status
                self.owner._left(seen, status)
                seen = None
            told = {"content-type": fault.content_type, **extra}
            self._send(fault.status, answer, told, cut=fault.cut, drip=fault.drip)
        except OSError:
            self.close_connection = True
        except Exception as raised:  # noqa: BLE001 - told at the end of the test
            self.owner._errors.append(raised)
            self.close_connection = True
        finally:
            if seen is not None:
                self.owner._left(seen, status)

    def _route(self, body: bytes) -> bool:
        """Answer a call about jobs or files, and say whether it was one."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.owner.routed(self.command, self.path, headers, body)
            if answer is None:
                return False
            if answer.cut == "before headers":
                self.close_connection = True
                _close(self.connection)
            elif isinstance(answer.body, bytes):
                self._send(answer.status, answer.body, answer.headers, cut=answer.cut)
            else:
                self._stream(answer)
        except OSError:
            self.close_connection = True
        except Exception as raised:  # noqa: BLE001 - told at the end of the test
            self.owner._errors.append(raised)
            self.close_connection = True
        return True

    def _stream(self, answer: Routed) -> None:
        """Send what is made while it is sent; a cut comes after the first piece and a half."""
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "transfer-encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        for number, piece in enumerate(answer.body):
            part = piece[: len(piece) // 2] if answer.cut and number else piece
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            if answer.cut and number:
                self.close_connection = True
                _close(self.connection)
                return
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], *, cut: Cut = "", drip: float = 0.0) -> None:
        self.send_response_only(status)
        self.send_header("server", "loopback")
        if "date" not in headers:
            self.send_header("date", self.date_time_string())
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        body = body[: len(body) // 2] if cut else body
        step = max(1, len(body) // 100) if drip else max(1, len(body))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            if drip:
                self.owner._stopping.wait(drip)
        if cut:
            self.close_connection = True
            _close(self.connection)


def _close(connection: Any) -> None:
    with suppress(OSError):
        connection.shutdown(2)
