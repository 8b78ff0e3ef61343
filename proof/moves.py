"""A book whose entries change names in cycles and chains, its build ended at every durable operation in turn.

Judged: nothing is ever sent; whenever the build died, the next one brings every picture, painted and approved ones too,
to its entry, no two entries share one, and the author's files differ by slots only. The same for `chargen mv` from one
file to another: after the next build the entry stands in one of them, with its picture and its approval.
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
    sent: int = 0

    @classmethod
    def made(cls, bench: Bench, server: OpenAIServer) -> Moving:
        """Build, paint, approve and rename; count the operations of the build that moves."""
        start = Project(bench.folder / "moving", env=server.environ)
        start.chapter("ch01", {name: f"Scene {name}." for name in RENAMED}, route=OPENAI)
        assert bench.forks.run(start, "doit").code == 0
        start.image("chapters/ch01/a").write_bytes(pictures.png(128, 96, 77))
        assert bench.forks.run(start, "chargen", "approve", "chapters/ch01/b").code == 0
        book = cls(bench, server, start, sent=len(server.requests))
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
        assert len(self.server.requests) == self.sent, "something was sent"


@dataclass
class Carrying:
    """A built project of two chapters, to be copied; `chargen mv` is killed in it. `picture` is the entry's."""

    bench: Bench
    server: OpenAIServer
    start: Project
    picture: str
    steps: int = 0

    @classmethod
    def made(cls, bench: Bench, server: OpenAIServer) -> Carrying:
        """Build, approve, and count the operations of the command."""
        start = Project(bench.folder / "carrying", env=server.environ)
        start.chapter("ch01", {name: f"Scene {name}." for name in "abc"}, route=OPENAI)
        start.chapter("ch02", {"x": "Scene x."}, route=OPENAI)
        assert bench.forks.run(start, "doit").code == 0
        assert bench.forks.run(start, "chargen", "approve", "chapters/ch01/b").code == 0
        book = cls(bench, server, start, tree.sha256(start.image("chapters/ch01/b")))
        whole = copy_of(start, bench.folder / "carried")
        run = bench.forks.run(whole, *_MV, count=True)
        assert run.code == 0, run.all
        book.steps = len(bench.forks.steps())
        assert book.where(whole) == "chapters/ch02/bell"
        shutil.rmtree(whole.root)
        return book

    def ended_at(self, tally: Tally, step: int) -> None:
        """Kill the command at one of its operations; look, then build."""
        with tally.trial(f"mv, killed before operation {step}"):
            project = copy_of(self.start, self.bench.folder / f"carrying-{tally.trials}")
            sent = len(self.server.requests)
            first = self.bench.forks.run(project, *_MV, kill_at=step)
            tally.faults += first.code != 0
            assert tree.yaml_files(project).keys() == tree.yaml_files(self.start).keys()
            named = sum(project.read(f"imagery/chapters/{slug}/imagery.yaml").count("Scene b.") for slug in _SLUGS)
            assert named in (1, 2), "the entry is lost"
            planned = self.bench.forks.run(project, "chargen", "plan", "--json")
            assert len(planned.json["images"]) == 4, planned.all
            second = self.bench.forks.run(project, "doit")
            assert second.code == 0, second.all
            self.where(project)
            assert len(self.server.requests) == sent, "something was sent"
            shutil.rmtree(project.root)

    def where(self, project: Project) -> str:
        """Return the id of the entry, and see that it stands once, approved, with its picture."""
        texts = {slug: project.read(f"imagery/chapters/{slug}/imagery.yaml") for slug in _SLUGS}
        (slug,) = [slug for slug in _SLUGS if "Scene b." in texts[slug]]
        assert texts[slug].count("Scene b.") == texts[slug].count('status: "approved"') == 1
        name = "chapters/ch02/bell" if slug == "ch02" else "chapters/ch01/b"
        assert tree.sha256(project.image(name)) == self.picture
        assert len(project.images()) == 4
        return name


_SLUGS = ("ch01", "ch02")
_MV = ("chargen", "mv", "chapters/ch01/b", "ch02/bell")


def harness(bench: Bench, tally: Tally) -> None:
    """End the build, then the command, at every operation, spread over the trials."""
    with OpenAIServer() as server:
        carried, book = Carrying.made(bench, server), Moving.made(bench, server)
        tally.figures["operations of one build that moves"] = book.steps
        tally.figures["operations of one `chargen mv`"] = carried.steps
        stride = max((book.steps + carried.steps) / bench.trials, 1.0)
        for each in (book, carried):
            step = 1.0
            while step <= each.steps and bench.more(tally):
                each.ended_at(tally, int(step))
                step += stride
