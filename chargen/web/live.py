"""What happens in the project while the page is open: told to every open page as server-sent events.

Laws: what the operating system says of files is a hint to look again, no more; bursts of saves are one look. An event
says that the book may be another, how far a run has come, or what the build said that this page began; the page then
asks. Whoever opens the page in the middle
of a run is told of it, and everybody when it ends, also when its process is killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Any

from starlette.concurrency import run_in_threadpool
from watchfiles import awatch

from chargen.actions.watch import BLIND, BURST, Watched, blind
from chargen.config.layout import JOURNAL
from chargen.errors import ChargenError
from chargen.web.desk import Desk

_HEARTBEAT = 15.0
"""Seconds after which a line is sent although nothing happened: whoever left is noticed."""
_LOOK = 1000
"""Milliseconds after which it is looked whether a run still goes on."""
_LOG = logging.getLogger("chargen")


class Live:
    """The open event streams of one project. Use it as an asynchronous context manager."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queues: set[asyncio.Queue[str | None]] = set()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._run: dict[str, Any] | None = None
        self._ended: dict[str, Any] | None = None
        self._trouble = ""

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
            yield _event("hello", {"trouble": self._trouble})
            yield _event("run", self._run)
            if self._ended is not None:
                yield _event("ended", self._ended)
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
        options: dict[str, Any] = {"debounce": BURST, "rust_timeout": _LOOK, "yield_on_timeout": True}
        try:
            await self._look_at_run()
            async for changes in awatch(
                root, watch_filter=Watched(root, journal=True), stop_event=self._stop, **options
            ):
                self._look_at_build()
                paths = {path for _, path in changes}
                if self._run is not None or any(path.startswith(journal) for path in paths):
                    await self._look_at_run()
                if any(not path.startswith(journal) for path in paths):
                    self._send("book", {})
        except BLIND as failure:
            self._trouble = str(blind(failure))
            _LOG.warning("%s", self._trouble)
            self._send("hello", {"trouble": self._trouble})

    async def _look_at_run(self) -> None:
        with suppress(ChargenError):  # settings that are being saved: what comes of it is told like any save
            before, self._run = self._run, await run_in_threadpool(self._desk.run)
            if self._run != before:
                self._send("run", self._run)

    def _look_at_build(self) -> None:
        if self._ended is not self._desk.ended:
            self._ended = self._desk.ended
            self._send("ended", self._ended)

    def _send(self, name: str, value: Any) -> None:
        for queue in self._queues:
            queue.put_nowait(_event(name, value))


def _event(name: str, value: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"
