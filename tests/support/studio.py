"""A project on disk whose builds run in process, with a vendor that is made up: what was asked for, and by which entry.

studio = Studio(tmp_path)
studio.chapter("ch01", {"a": "A lamp."})
assert studio.build() == ["A lamp."]
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from servers import pictures
from support import tree
from support.project import Project

from chargen.actions.status import set_status
from chargen.build.opening import open_build
from chargen.build.run import Build
from chargen.model.request import FailureClass, ProviderError, Reply, Request, Ticket
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.build_request import BuildRequest
from chargen.plan.plan import Plan
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

ENVIRON = {"OPENAI_API_KEY": "sk-test"}
ROUTE = "openai/gpt-image-2"


@dataclass
class Vendor:
    """The vendor's own adapter, but nothing leaves the machine; every reply is a picture of its own."""

    real: Any
    prompts: list[str] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    number: int = 0
    refused: str = ""
    meanwhile: Callable[[str], None] = lambda _prompt: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def submit(self, request: Request, name: str) -> Ticket:  # noqa: ARG002 - the protocol names a job
        self.prompts.append(request.prompt)
        self.seeds.append(request.asked.seed)
        if self.refused and self.refused in request.prompt:
            raise ProviderError(FailureClass.REFUSED, "no")
        self.meanwhile(request.prompt)
        data = pictures.png(128, 96, self.number + len(self.prompts))
        return Ticket(reply=Reply(data, request_id=f"req-{len(self.prompts)}", cost_usd=Decimal("0.04")))


class Studio(Project):
    """A project; `prompts` are those of all requests there were."""

    def __init__(self, root: Path, settings: str = "") -> None:
        super().__init__(root, f"{settings}\n[tool.chargen.providers.openai]\nper_minute = 600000\n")
        self.prompts: list[str] = []
        self.seeds: list[int | None] = []
        self.left_out: list[tuple[str, str]] = []
        self.failures: list[str] = []
        self.outcomes: dict[str, str] = {}
        self.refused = ""
        """What the vendor refuses prompts for."""
        self.meanwhile: Callable[[str], None] = lambda _prompt: None
        """What happens while a request is on its way."""

    def chapter(self, slug: str, images: Any, *, route: str = ROUTE, **more: Any) -> str:
        return super().chapter(slug, images, route=route, **more)

    def build(self, *names: str, **options: Any) -> list[str]:
        """Build what needs it; return the prompts that were sent. What failed is in `failures`."""
        order = BuildRequest(Selection(names), **options)
        build = open_build(self.root, order, environ=ENVIRON)
        try:
            return self._built(build)
        finally:
            build.close()

    def _built(self, build: Build) -> list[str]:
        vendor = Vendor(
            build.session.adapters.get("openai"),
            number=len(self.prompts),
            refused=self.refused,
            meanwhile=self.meanwhile,
        )
        adapters = build.session.adapters
        adapters._made["openai"] = dict.fromkeys(adapters.members("openai"), vendor)  # type: ignore[arg-type]
        self.failures = [
            told for image in build.chosen if (told := build.build(image.id)) is not None and image.id in build.failed
        ]
        self.outcomes = {done.image.id: done.outcome.value for done in build.built}
        self.prompts += vendor.prompts
        self.seeds += vendor.seeds
        self.left_out = [(item.image.id, item.reason) for item in build.left_out]
        return vendor.prompts

    def reply_of_nobody(self, prompt: str) -> None:
        """Leave the paid reply to a prompt whose entry, `chapters/ch00/old`, is gone with its picture."""
        self.chapter("ch00", {"old": prompt})
        self.build()
        shutil.rmtree(self.root / "imagery/chapters/ch00")
        self.image("chapters/ch00/old").unlink()

    def plan(self, *, cached: bool = True) -> Plan:
        with open_session(self.root, ENVIRON, read_only=True) as session:
            return session.planner(cached=cached).plan()

    def verdicts(self) -> dict[str, Verdict]:
        return {image.id: image.verdict for image in self.plan().images}

    def reasons(self, name: str) -> str:
        return "; ".join(map(str, self.plan().by_id[EntryId(name)].reasons))

    def status(self, name: str, status: Status) -> None:
        with open_session(self.root, ENVIRON) as session:
            found = set_status(session, Selection((name,)), status)
            assert not any(marked.refused for marked in found.marked)

    def hash(self, name: str) -> str:
        """Return the hash of the picture at an entry's target, nothing where there is none."""
        path = self.image(name)
        return tree.sha256(path) if path.exists() else ""

    def paint(self, name: str, seed: int = 7) -> str:
        self.image(name).parent.mkdir(parents=True, exist_ok=True)
        self.image(name).write_bytes(pictures.png(128, 96, 10_000 + seed))
        return self.hash(name)

    def stored(self) -> list[dict[str, Any]]:
        """Return the records of all originals."""
        return list(tree.stored(self))
