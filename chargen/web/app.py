"""The page's server: who may ask, and what is answered.

Laws: on this machine only. Everything but the first page needs the cookie that it sets, and that page the token of the
printed address; a decision needs the token as well, because a browser shows its cookies to every port of a machine. A
request from another page (`Origin`) or under another name (`Host`) is refused; GET changes nothing. Nothing of the
author's is ever part of a page's code: texts go as JSON, pictures by their hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chargen.errors import ChargenError
from chargen.web.desk import Desk
from chargen.web.live import Live

HOST = "127.0.0.1"
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, in no frame."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FOREVER = "private, max-age=31536000, immutable"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_MOST = 1 << 20
"""Bytes of a request's body: names of ten thousand images fit."""


def hosts_at(port: int) -> frozenset[str]:
    """Return the names that a browser gives this machine's server at a port; at 80 it leaves the port out."""
    names = (HOST, "localhost")
    return frozenset((*(f"{name}:{port}" for name in names), *(names if port == 80 else ())))


class Access:
    """What tells the page from anybody else: the token of the printed address, and a cookie that does not show it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.cookie = hashlib.sha256(token.encode()).hexdigest()

    @staticmethod
    def cookie_name(request: Request) -> str:
        """Name the cookie of a server: a browser has one jar for all ports of a machine."""
        return f"chargen-review-{request.headers.get('host', '').rpartition(':')[2]}"

    def opens(self, request: Request) -> bool:
        """Say whether a request has the token; only the first page has it in its address."""
        given = request.query_params.get("token", "") if request.url.path == "/" else request.headers.get("x-token", "")
        return hmac.compare_digest(given.encode(), self.token.encode())

    def knows(self, request: Request) -> bool:
        """Say whether a request has the cookie."""
        return hmac.compare_digest(request.cookies.get(self.cookie_name(request), "").encode(), self.cookie.encode())


class Guard:
    """Refuses what does not come from the page itself."""

    def __init__(self, app: ASGIApp, access: Access, hosts: frozenset[str]) -> None:
        self._app = app
        self._access = access
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refused(Request(scope))
        app = Response(f"{refused}\n", 403, media_type="text/plain") if refused else self._app

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(k.lower().encode(), v.encode()) for k, v in _HEADERS.items()]
            await send(message)

        await app(scope, receive, sent)

    def _refused(self, request: Request) -> str:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host not in self._hosts:
            return "this server answers under its own address only"
        if origin is not None and origin != f"http://{host}":
            return "this request comes from another page"
        if request.method == "POST" and (origin is None or not self._access.opens(request)):
            return "this request does not come from the page"
        known = self._access.opens(request) if request.url.path == "/" else self._access.knows(request)
        return "" if known else "open the address that `chargen review` printed"


class Body(Struct, frozen=True):
    """The JSON object of a request. Its methods raise HTTPException for a value of another sort."""

    values: dict[str, Any]

    def text(self, name: str) -> str:
        """Return a text; an empty one where it is not given."""
        found = self.values.get(name)
        if not isinstance(found, str | None):
            raise HTTPException(400, f"`{name}` must be a text")
        return found or ""

    def images(self) -> list[str]:
        """Return the ids of the images that are meant."""
        found = self.values.get("images")
        if not isinstance(found, list) or not found or not all(isinstance(name, str) for name in found):
            raise HTTPException(400, "`images` must be a list of ids")
        return found

    def number(self) -> int | None:
        """Return the number of a decision; None where it is not given."""
        found = self.values.get("number")
        if found is not None and type(found) is not int:
            raise HTTPException(400, "`number` must be a number")
        return found

    def seen(self) -> dict[str, str | None]:
        """Return the hashes of the pictures that were seen, by id."""
        found = self.values.get("seen", {})
        if not isinstance(found, dict) or not all(isinstance(digest, str | None) for digest in found.values()):
            raise HTTPException(400, "`seen` must be hashes by id")
        return found


def page_app(desk: Desk, token: str, hosts: frozenset[str]) -> Starlette:
    """Return the server of a project, which answers under `hosts` alone; its `state.live` ends the event streams."""
    live = Live(desk)
    access = Access(token)

    async def first(request: Request) -> Response:
        response = _file("index.html")
        response.set_cookie(access.cookie_name(request), access.cookie, httponly=True, samesite="strict", path="/")
        return response

    async def static(request: Request) -> Response:
        return _file(_name(request))

    async def events(_request: Request) -> Response:
        stream = live.events()
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with live:
            yield
        desk.close()

    app = Starlette(
        routes=[
            Route("/", first),
            Route("/static/{name}", static),
            Route("/events", events),
            _get("/book", lambda _: desk.book()),
            _get("/image/{name:path}", lambda request: desk.image(_name(request))),
            _get("/words/{name:path}", lambda request: desk.words(_name(request), *_pair(request))),
            _get("/decisions", lambda _: desk.decisions()),
            _get("/picture/{name}", lambda request: _picture(desk.pictures.read(_name(request)))),
            _get("/thumbnail/{name}", lambda request: _picture(desk.pictures.thumbnail(_name(request)))),
            _post("/decide", lambda it: desk.decide(it.text("command"), it.images(), it.text("note"), it.seen())),
            _post("/restore", lambda it: desk.restore(it.text("image"), it.text("version"))),
            _post("/pick", lambda it: desk.pick(it.text("image"), it.text("version"))),
            _post("/retake", lambda it: _retake(desk, it)),
            _post("/undo", lambda it: desk.undo(it.number())),
            _post("/price", lambda it: desk.price(it.images())),
            _post("/build", lambda it: desk.build(it.images(), it.text("budget"))),
        ],
        exception_handlers={ChargenError: _told, HTTPException: _told},
        lifespan=lifespan,
    )
    app.add_middleware(Guard, access=access, hosts=hosts)
    app.state.live = live
    return app


def static_files() -> dict[str, bytes]:
    """Return the files of the page by name."""
    folder = resources.files("chargen.web").joinpath("static")
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


def _get(path: str, answer: Callable[[Request], Any]) -> Route:
    """Answer with a value, or with what is an answer already; on a thread, because it reads the project."""

    async def told(request: Request) -> Response:
        found = await run_in_threadpool(answer, request)
        return found if isinstance(found, Response) else _json(found)

    return Route(path, told)


def _post(path: str, action: Callable[[Body], Any]) -> Route:
    """Do what is asked for, and answer with what came of it."""

    async def done(request: Request) -> Response:
        return _json(await run_in_threadpool(action, await _body(request)))

    return Route(path, done, methods=["POST"])


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _pair(request: Request) -> tuple[str, str]:
    return request.query_params.get("one", ""), request.query_params.get("other", "")


def _retake(desk: Desk, it: Body) -> dict[str, Any]:
    words = (it.text("image"), it.text("text"), it.text("version"), it.text("mask"))
    return desk.retake(*words, write=it.values.get("write") is True)


def _picture(found: tuple[bytes, str] | None) -> Response:
    if found is None:
        raise HTTPException(404, "no such picture, or one that can't be shown")
    return Response(found[0], media_type=found[1], headers={"Cache-Control": _FOREVER})


def _file(name: str) -> Response:
    data = static_files().get(name)
    kind = _TYPES.get(f".{name.rpartition('.')[2]}")
    if data is None or kind is None:
        raise HTTPException(404, "no such file")
    return Response(data, media_type=kind, headers={"Cache-Control": "no-cache"})


def _json(value: Any, status: int = 200) -> Response:
    """Answer with JSON in ASCII: a file's name may hold what is no letter in any encoding."""
    return Response(json.dumps(value), status, media_type="application/json")


async def _body(request: Request) -> Body:
    """Return the JSON object of a request. Raises HTTPException."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            raise HTTPException(413, "this request is too large")
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half of a letter can be written, but into no file
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return Body(found)


async def _told(_request: Request, failure: Exception) -> Response:
    """Answer with what is wrong, as a command would say it."""
    if isinstance(failure, ChargenError):
        problems = [problem.to_json() for problem in failure.problems]
        return _json({"error": str(failure.problems[0].message), "problems": problems}, 409)
    assert isinstance(failure, HTTPException)
    return _json({"error": failure.detail, "problems": []}, failure.status_code)
