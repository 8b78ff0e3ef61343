"""A project whose images are handed over as jobs, in process, to a vendor that is made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.batch_vendor import BatchVendor
from support.inside import Silent
from support.studio import ENVIRON, Studio

from chargen.actions.run_result import RunResult, run_result
from chargen.build.opening import open_build
from chargen.build.run import Build
from chargen.cli.run_summary import closing
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.plan.build_request import BuildRequest
from chargen.plan.selection import Selection
from chargen.plan.session import open_session
from chargen.store.journal_rows import Attempt

MODEL = "openai/gpt-image-2.5-flare"
BATCH = '[tool.chargen.providers.openai]\nmode = "batch"\nper_minute = 600000\n'


class Shop(Studio):
    """A project whose `openai` makes jobs; `run` is a build as `chargen batch` does it."""

    def __init__(self, root: Path, vendor: BatchVendor) -> None:
        super().__init__(root)
        self.settings(BATCH)
        self.vendor = vendor
        self.last: Build

    def chapter(self, slug: str, images: Any, *, route: str = MODEL, **more: Any) -> str:
        return super().chapter(slug, images, route=route, **more)

    def run_build(self, *names: str, **options: Any) -> int:
        order = BuildRequest(Selection(names), **options)
        self.last = open_build(self.root, order, environ=ENVIRON)
        try:
            return run_tasks(self.last, image_tasks(self.last), None, Silent())
        finally:
            self.last.close()

    def result(self) -> RunResult:
        """What the last run came to; the journal opens again for that, and is closed."""
        try:
            return run_result(self.last)
        finally:
            self.last.session.journal.close()

    def told(self) -> list[str]:
        """The lines that end what the last run says."""
        try:
            return list(closing(self.last, 0.0))
        finally:
            self.last.session.journal.close()

    def attempts(self) -> list[Attempt]:
        with open_session(self.root, ENVIRON, read_only=True) as session:
            return session.journal.attempts()
