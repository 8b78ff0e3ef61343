"""What open pages are told while something happens in the project."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

from support.inside import opened
from support.project import Project

from chargen.config.layout import JOURNAL
from chargen.errors import StartError
from chargen.web.desk import Desk
from chargen.web.live import Live

CH01 = "imagery/chapters/ch01/imagery.yaml"


class Unreadable:
    """A desk whose project can't be opened just now: its settings are being saved."""

    def __init__(self, book: Project) -> None:
        with opened(book, read_only=True) as (session, _):
            self.project = session.project
        self.root = self.project.root
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
