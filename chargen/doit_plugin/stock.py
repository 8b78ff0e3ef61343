"""Images under doit's stock commands, where the project's plug-ins are not read: safe, one after the other.

Laws: making tasks only reads, so that stock `list` and `info` wait for nobody and write nothing; the build is opened,
with the project's lock, when the first action runs; every image is judged again there before anything is spent.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from pathlib import Path

from msgspec import Struct, field

from chargen.build.opening import open_build
from chargen.build.run import Build
from chargen.config.project import Project
from chargen.doit_plugin.config import COMMANDS, plugins, started_in, tables
from chargen.errors import ChargenError
from chargen.model.values import EntryId
from chargen.plan.choice import choose
from chargen.plan.plan import Plan, Shown
from chargen.plan.session import open_session
from chargen.store.files import make_folder
from chargen.store.locks import builder_told

_LOG = logging.getLogger("chargen")


class StockBuild(Struct):
    """What stock tasks are made from. `chosen` are the images a build would do something with."""

    project: Project
    plan: Plan
    chosen: tuple[Shown, ...]
    _pid: int = field(default_factory=os.getpid)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _build: Build | None = None

    @classmethod
    def open(cls) -> StockBuild:
        """Plan the project in the current folder. Raises StartError."""
        folder = Path.cwd()
        with open_session(folder, os.environ, read_only=True) as session:
            if advice := _advice(folder):
                # Before the log file is open this goes to standard error, which the stock commands leave free.
                _LOG.warning("%s", advice)
            plan = session.plan()
            make_folder(session.project.state)  # doit's stock database is a file in it, and doit makes no folders
            return cls(session.project, plan, choose(plan, tuple(plan.by_id)).images)

    @property
    def untouched(self) -> tuple[Shown, ...]:
        """The images that need nothing, in plan order."""
        acting = frozenset(image.id for image in self.chosen)
        return tuple(image for image in self.plan.images if image.id not in acting)

    def is_up_to_date(self, entry_id: EntryId) -> bool:
        """Say whether an image needs nothing: false also for a blocked one, so that its task fails with the reason."""
        return not self.plan.by_id[entry_id].is_due

    def build(self, entry_id: EntryId) -> str | None:
        """Build one image, its slots included; return why it failed, or None."""
        if os.getpid() != self._pid:
            return "images are not made in other processes: leave out `-n`, or add `-P thread`"
        try:
            build = self._opened()
        except ChargenError as failure:
            return str(failure)
        if entry_id not in build.plan.by_id:
            return "this image is not planned any more"
        return build.build(entry_id)

    def _opened(self) -> Build:
        with self._lock:
            if self._build is None:
                self._build = open_build(Path.cwd(), on_wait=_waiting, command="doit")
                atexit.register(self._build.close)
            return self._build


def _advice(folder: Path) -> str:
    """Say why doit runs its stock commands and how to get the own ones; nothing where it does not."""
    started = started_in()
    if _has_commands(started):
        return ""
    if _has_commands(folder) and started != folder:
        return (
            "note: doit reads its plug-ins only in the folder it is started in, so this is its stock command, which "
            f"makes one image at a time\n  hint: start it in {folder}, or use `chargen batch`, which works anywhere"
        )
    return (
        "note: `pyproject.toml` does not name the own commands for doit, so this is a stock one, which makes one image "
        f"at a time\n  hint: add these lines to {folder / 'pyproject.toml'}\n\n{tables()}\n"
    )


def _has_commands(folder: Path) -> bool:
    return plugins(folder).get("command", {}).get("run") == COMMANDS["run"]


def _waiting(pid: int | None) -> None:
    _LOG.warning("waiting for %s, which is building this project", builder_told(pid))
