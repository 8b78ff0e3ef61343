"""What happens in the project while the page is open: told to every open page as server-sent events.

Laws: what the operating system says of files is a hint to look again, no more; bursts of saves are one look. An event
says that the book may be another, or how far a run has come; the page then asks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Any

from starlette.concurrency import run_in_threadpool
from watchfiles import awatch

from chargen.actions.watch import BURST, Watched
from chargen.config.layout import JOURNAL
from chargen.errors import ChargenError
from chargen.web.desk import Desk

_HEARTBEAT = 15.0
"""Seconds after which a line is sent although nothing happened: whoever left is noticed."""


class Live:
    """The open event streams of one project. Use it as an asynchronous context manager."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queues: set[asyncio.Queue[str | None]] = set()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Live:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._task is not None:
            self._task.cancel()

    def stop(self) -> None:
        """End all streams at once."""
        self._stop.set()
        for queue in self._queues:
            queue.put_nowait(None)

    async def events(self) -> AsyncIterator[str]:
        """Yield the events of one page, until it leaves or the server ends."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield _event("hello", {})
            while not self._stop.is_set():
                try:
                    event = await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield event
        finally:
            self._queues.discard(queue)

    async def _watch(self) -> None:
        root = self._desk.root
        journal = str(root / JOURNAL)
        watched = Watched(self._desk.project, journal=True)
        async for changes in awatch(root, watch_filter=watched, stop_event=self._stop, debounce=BURST):
            paths = {path for _, path in changes}
            if any(path.startswith(journal) for path in paths):
                with suppress(ChargenError):  # settings that are being saved: what comes of it is told like any save
                    self._send("run", await run_in_threadpool(self._desk.run))
            if any(not path.startswith(journal) for path in paths):
                self._send("book", {})

    def _send(self, name: str, value: Any) -> None:
        for queue in self._queues:
            queue.put_nowait(_event(name, value))


def _event(name: str, value: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"
