"""A book whose entries change names in cycles and chains, its build ended at every durable operation in turn.

Judged: nothing is ever sent; whenever the build died, the next one brings every picture, painted and approved ones too,
to its entry, no two entries share one, and the author's files differ by slots only.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field

from servers import pictures
from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project

from proof.books import OPENAI, copy_of
from proof.tally import Bench, Tally

CHAPTER = "imagery/chapters/ch01/imagery.yaml"
RENAMED = {"a": "b", "b": "c", "c": "a", "d": "e", "e": "f", "f": "g"}
"""A cycle of three, one of them painted over and one approved, and a chain into a free place."""


@dataclass
class Moving:
    """A built project with its entries renamed, to be copied and killed; `pictures` are hashes by the new ids."""

    bench: Bench
    server: OpenAIServer
    start: Project
    pictures: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    @classmethod
    def made(cls, bench: Bench, server: OpenAIServer) -> Moving:
        """Build, paint, approve and rename; count the operations of the build that moves."""
        start = Project(bench.folder / "moving", env=server.environ)
        start.chapter("ch01", {name: f"Scene {name}." for name in RENAMED}, route=OPENAI)
        assert bench.forks.run(start, "doit").code == 0
        start.image("chapters/ch01/a").write_bytes(pictures.png(128, 96, 77))
        assert bench.forks.run(start, "chargen", "approve", "chapters/ch01/b").code == 0
        book = cls(bench, server, start)
        text = start.read(CHAPTER)
        for old, new in RENAMED.items():
            book.pictures[f"chapters/ch01/{new}"] = tree.sha256(start.image(f"chapters/ch01/{old}"))
            text = text.replace(f'custom_id: "{old}"', f'custom_id: "<{new}>"')
        start.write(CHAPTER, text.replace('"<', '"').replace('>"', '"'))
        whole = copy_of(start, bench.folder / "moved")
        run = bench.forks.run(whole, "doit", count=True)
        assert run.code == 0, run.all
        book.steps = len(bench.forks.steps())
        book.check(whole)
        shutil.rmtree(whole.root)
        return book

    def ended_at(self, tally: Tally, step: int) -> None:
        """Kill the build at one of its operations, and build again."""
        with tally.trial(f"moves, killed before operation {step}"):
            project = copy_of(self.start, self.bench.folder / f"moving-{tally.trials}")
            before = tree.yaml_files(project)
            first = self.bench.forks.run(project, "doit", kill_at=step)
            tally.faults += first.code != 0
            second = self.bench.forks.run(project, "doit")
            assert second.code == 0, second.all
            tree.slots_only(project, before)
            self.check(project)
            shutil.rmtree(project.root)

    def check(self, project: Project) -> None:
        """See that each entry has its picture, that nobody has another, and that nothing was sent for it."""
        found = {name: tree.sha256(project.image(name)) for name in project.images()}
        assert found == self.pictures, f"{found} for {self.pictures}"
        assert len(self.server.requests) == len(RENAMED), "something was sent"


def harness(bench: Bench, tally: Tally) -> None:
    """End the build at every operation, spread over the trials."""
    with OpenAIServer() as server:
        book = Moving.made(bench, server)
        tally.figures["operations of one build that moves"] = book.steps
        stride = max(book.steps / bench.trials, 1.0)
        step = 1.0
        while step <= book.steps and bench.more(tally):
            book.ended_at(tally, int(step))
            step += stride
