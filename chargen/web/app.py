"""The page's server: who may ask, and what is answered.

Laws: on this machine only. Everything but the first page needs the cookie that it sets, and that page the token of the
printed address; a request from another page (`Origin`) or under another name (`Host`) is refused; GET changes nothing.
Nothing of the author's is ever part of a page's code: texts go as JSON, pictures by their hash.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chargen.errors import ChargenError
from chargen.web.desk import Desk
from chargen.web.live import Live

COOKIE = "chargen-review"
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


class Guard:
    """Refuses what does not come from the page itself."""

    def __init__(self, app: ASGIApp, token: str, hosts: frozenset[str]) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._refused(request)
        app = _refusal(refused) if refused else self._app

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
        if request.method == "POST" and (origin is None or not self._is_token(request.headers.get("x-token", ""))):
            return "this request does not come from the page"
        if request.url.path == "/":
            return "" if self._is_token(request.query_params.get("token", "")) else _UNKNOWN
        return "" if self._is_token(request.cookies.get(COOKIE, "")) else _UNKNOWN

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())


_UNKNOWN = "open the address that `chargen review` printed"


def _refusal(text: str) -> ASGIApp:
    return Response(f"{text}\n", 403, media_type="text/plain")


class Pages:
    """The answers of the server; each is a value of the desk's."""

    def __init__(self, desk: Desk, live: Live, token: str) -> None:
        self._desk = desk
        self._live = live
        self._token = token

    async def first(self, _request: Request) -> Response:
        """Answer with the page, and with the cookie that lets it ask for more."""
        response = _file("index.html")
        response.set_cookie(COOKIE, self._token, httponly=True, samesite="strict", path="/")
        return response

    async def static(self, request: Request) -> Response:
        """Answer with a file of the page."""
        return _file(request.path_params["name"])

    async def book(self, _request: Request) -> Response:
        """Answer with the grid."""
        return JSONResponse(await run_in_threadpool(self._desk.book))

    async def image(self, request: Request) -> Response:
        """Answer with one image in full."""
        return JSONResponse(await run_in_threadpool(self._desk.image, request.path_params["name"]))

    async def words(self, request: Request) -> Response:
        """Answer with what the prompts of two versions say otherwise."""
        try:
            one, other = (int(request.query_params[name]) for name in ("one", "other"))
        except (KeyError, ValueError):
            raise HTTPException(400, "`one` and `other` must be numbers of versions") from None
        return JSONResponse(await run_in_threadpool(self._desk.words, request.path_params["name"], one, other))

    async def decisions(self, _request: Request) -> Response:
        """Answer with all decisions there were."""
        return JSONResponse(await run_in_threadpool(self._desk.decisions))

    async def picture(self, request: Request) -> Response:
        """Answer with a picture as it is."""
        found = await run_in_threadpool(self._desk.pictures.read, request.path_params["digest"])
        if found is None:
            raise HTTPException(404, "no such picture")
        return Response(found[0], media_type=found[1], headers={"Cache-Control": _FOREVER})

    async def thumbnail(self, request: Request) -> Response:
        """Answer with a small picture."""
        data = await run_in_threadpool(self._desk.pictures.thumbnail, request.path_params["digest"])
        if data is None:
            raise HTTPException(404, "no such picture, or one that can't be decoded")
        return Response(data, media_type="image/webp", headers={"Cache-Control": _FOREVER})

    async def decide(self, request: Request) -> Response:
        """Carry out a decision on images."""
        asked = await _body(request)
        words = (str(asked.get("command", "")), _names(asked), str(asked.get("note", "")))
        return JSONResponse(await run_in_threadpool(self._desk.decide, *words))

    async def restore(self, request: Request) -> Response:
        """Bring back a version."""
        asked = await _body(request)
        named = (str(asked.get("image")), str(asked.get("version")))
        return JSONResponse(await run_in_threadpool(self._desk.restore, *named))

    async def pick(self, request: Request) -> Response:
        """Make a variant the current version."""
        asked = await _body(request)
        named = (str(asked.get("image")), str(asked.get("version")))
        return JSONResponse(await run_in_threadpool(self._desk.pick, *named))

    async def retake(self, request: Request) -> Response:
        """Ask for the next version in words, or say only what that comes to."""
        asked = await _body(request)
        words = [str(asked.get(name) or "") for name in ("image", "text", "version", "mask")]
        found = await run_in_threadpool(self._desk.retake, *words, write=asked.get("write") is True)
        return JSONResponse(found)

    async def undo(self, request: Request) -> Response:
        """Take a decision back."""
        number = (await _body(request)).get("number")
        if number is not None and not isinstance(number, int):
            raise HTTPException(400, "`number` must be a number")
        return JSONResponse(await run_in_threadpool(self._desk.undo, number))

    async def price(self, request: Request) -> Response:
        """Answer with what making images anew would send."""
        return JSONResponse(await run_in_threadpool(self._desk.price, _names(await _body(request))))

    async def build(self, request: Request) -> Response:
        """Begin to make images anew."""
        asked = await _body(request)
        return JSONResponse(await run_in_threadpool(self._desk.build, _names(asked), str(asked.get("budget", ""))))

    async def events(self, _request: Request) -> Response:
        """Answer with what happens, for as long as the page is open."""
        stream = self._live.events()
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def page_app(desk: Desk, token: str, hosts: frozenset[str]) -> Starlette:
    """Return the server of a project, which answers under `hosts` alone; its `state.live` ends the event streams."""
    live = Live(desk)
    pages = Pages(desk, live, token)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with live:
            yield
        desk.close()

    app = Starlette(
        routes=[
            Route("/", pages.first),
            Route("/static/{name}", pages.static),
            Route("/book", pages.book),
            Route("/image/{name:path}", pages.image),
            Route("/words/{name:path}", pages.words),
            Route("/decisions", pages.decisions),
            Route("/picture/{digest}", pages.picture),
            Route("/thumbnail/{digest}", pages.thumbnail),
            Route("/decide", pages.decide, methods=["POST"]),
            Route("/restore", pages.restore, methods=["POST"]),
            Route("/pick", pages.pick, methods=["POST"]),
            Route("/retake", pages.retake, methods=["POST"]),
            Route("/undo", pages.undo, methods=["POST"]),
            Route("/price", pages.price, methods=["POST"]),
            Route("/build", pages.build, methods=["POST"]),
            Route("/events", pages.events),
        ],
        exception_handlers={ChargenError: _told, HTTPException: _told},
        lifespan=lifespan,
    )
    app.add_middleware(Guard, token=token, hosts=hosts)
    app.state.live = live
    return app


def static_files() -> dict[str, bytes]:
    """Return the files of the page by name."""
    folder = resources.files("chargen.web").joinpath("static")
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


def _file(name: str) -> Response:
    data = static_files().get(name)
    kind = _TYPES.get(f".{name.rpartition('.')[2]}")
    if data is None or kind is None:
        raise HTTPException(404, "no such file")
    return Response(data, media_type=kind, headers={"Cache-Control": "no-cache"})


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises HTTPException."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            raise HTTPException(413, "this request is too large")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return found


def _names(asked: dict[str, Any]) -> list[str]:
    """Return the ids of a request. Raises HTTPException."""
    names = asked.get("images")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise HTTPException(400, "`images` must be a list of ids")
    return names


async def _told(request: Request, failure: Exception) -> Response:
    """Answer with what is wrong, as a command would say it."""
    del request
    if isinstance(failure, ChargenError):
        problems = [problem.to_json() for problem in failure.problems]
        return JSONResponse({"error": str(failure.problems[0].message), "problems": problems}, 409)
    assert isinstance(failure, HTTPException)
    return JSONResponse({"error": failure.detail, "problems": []}, failure.status_code)
