"""What open pages are told while something happens in the project."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from support.project import Project

from chargen.config.layout import JOURNAL
from chargen.errors import StartError
from chargen.web import live as live_module
from chargen.web.desk import Desk
from chargen.web.live import Live

CH01 = "imagery/chapters/ch01/imagery.yaml"


class Unreadable:
    """A desk whose project can't be opened just now: its settings are being saved."""

    def __init__(self, book: Project) -> None:
        self.root = book.root
        self.ended = None
        self.asked = threading.Event()

    def run(self) -> dict[str, Any] | None:
        self.asked.set()
        raise StartError("the settings can't be read")


def test_pages_are_told_on_after_settings_that_could_not_be_read(book: Project) -> None:
    """A run was under way, and the settings are half saved: what is saved next is told all the same."""
    (book.root / ".chargen").mkdir(exist_ok=True)
    desk = Unreadable(book)

    async def told() -> str:
        async with Live(cast(Desk, desk)) as live:
            events = live.events()
            await anext(events)
            await anext(events)
            while not desk.asked.is_set():
                (book.root / JOURNAL).touch()
                await asyncio.sleep(0.02)
            heard = asyncio.ensure_future(anext(events))
            while not heard.done():
                (book.root / CH01).touch()
                await asyncio.sleep(0.02)
            return heard.result()

    async def in_time() -> str:
        return await asyncio.wait_for(told(), 20)

    assert asyncio.run(in_time()).startswith("event: book")


class Killed:
    """A desk whose run is killed: nothing is written any more, and it is over."""

    def __init__(self, book: Project) -> None:
        self.root = book.root
        self.ended = None
        self.going_on = True

    def run(self) -> dict[str, Any] | None:
        return {"built": []} if self.going_on else None


def test_pages_are_told_when_a_run_is_killed_and_those_opened_meanwhile_of_the_run(book: Project) -> None:
    """No file changes then: the page would say `building` for ever, and a new one nothing."""
    desk = Killed(book)

    async def told() -> list[str]:
        async with Live(cast(Desk, desk)) as live:
            first = live.events()
            heard = [await anext(first) for _ in range(2)]
            while '"built"' not in heard[-1]:
                heard.append(await anext(first))
            second = live.events()
            heard = [await anext(second) for _ in range(2)]
            desk.going_on = False
            return [heard[-1], await anext(first), await anext(second)]

    async def in_time() -> list[str]:
        return await asyncio.wait_for(told(), 20)

    over = "event: run\ndata: null\n\n"
    assert asyncio.run(in_time()) == ['event: run\ndata: {"built": []}\n\n', over, over]


def test_pages_are_told_when_nothing_is_followed(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has no watch left: what the page shows may be old, and it says so."""

    def refused(*_: object, **__: object) -> Any:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(live_module, "awatch", refused)

    async def told() -> str:
        async with Live(cast(Desk, Killed(book))) as live:
            heard = ""
            async for event in live.events():
                heard = event
                if "limit" in heard:
                    break
            return heard

    assert "can't watch" in asyncio.run(asyncio.wait_for(told(), 20))
