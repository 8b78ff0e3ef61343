"""A team whose clones of one book share a store on a loopback server."""

from __future__ import annotations

from pathlib import Path

from servers.loopback import LoopbackServer
from servers.object_stores import ObjectStore
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
FOUR = {"a": "A lamp.", "b": "A door.", "c": "A key.", "d": "A tart."}


class Team:
    """Clones of one book, each a folder of its own, with one prefix in the store."""

    def __init__(self, folder: Path, store: ObjectStore, vendor: LoopbackServer) -> None:
        self.folder = folder
        self.env = {**vendor.environ, **store.environ}
        self.url = f"{store.url}/{folder.name}"

    def settings(self, more: str = "") -> str:
        pace = "[tool.chargen.providers.openai]\nper_minute = 6000\n"
        return f'{pace}[tool.chargen.store]\nurl = "{self.url}"\n{more}'

    def clone(self, name: str, images: dict[str, str] | None = None, more: str = "") -> Project:
        """Return a machine's clone, with nothing built."""
        book = Project(self.folder / name, self.settings(more), env={**self.env, "USER": name, "LOGNAME": name})
        book.chapter("ch01", images or FOUR, route=PAID)
        return book
