"""A build that makes three pictures of every scene's words, ended anywhere, and the accounts afterwards.

Judged: no reply is paid for twice: the next run asks for just what lacks of three, for one picture of each portrait;
what was in flight is named; one version of each is current, the others are versions; the files differ by slots only.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass

from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project

from proof.books import arrived, asked, copy_of, forty, ids_of, in_flight, is_settled, now
from proof.kill import DIED, SPARE, WAYS
from proof.tally import Bench, Tally

WANTED = 3
WORKERS = 4


@dataclass
class Variants:
    """A book whose scenes are wanted several times, to be copied and ended."""

    bench: Bench
    server: OpenAIServer
    start: Project
    wanted: Counter[str]
    steps: int = 0

    @classmethod
    def made(cls, bench: Bench, server: OpenAIServer, images: int) -> Variants:
        """Make the project and count the operations of one whole build."""
        start = forty(bench.folder / "start", server.environ, WORKERS, images=images)
        for name in tree.yaml_files(start):
            if "chapters/" in name:
                text = start.read(name)
                start.write(
                    name, text.replace("    depicts_characters:", f"    variants: {WANTED}\n    depicts_characters:")
                )
        wanted = Counter({name: WANTED if name.startswith("chapters/") else 1 for name in ids_of(start)})
        found = cls(bench, server, start, wanted)
        whole = copy_of(start, bench.folder / "whole")
        run = bench.forks.run(whole, "doit", count=True)
        assert run.code == 0, run.all
        found.steps = len(bench.forks.steps())
        found._is_whole(whole)
        shutil.rmtree(whole.root)
        return found

    def ended_at(self, tally: Tally, step: int, way: str) -> None:
        """End a build with signals at one of its operations; then let another one go on."""
        with tally.trial(f"{way} before operation {step}"):
            project = copy_of(self.start, self.bench.folder / f"trial-{tally.trials}")
            before, since = tree.yaml_files(project), now([self.server])
            first = self.bench.forks.run(project, "doit", kill_at=step, ends=way)
            assert first.code in {0, *DIED}, first.all
            tally.faults += first.code != 0
            self.server.settle()

            sent, whole = asked([self.server], since), self._versions(project)
            lost = sent - whole
            named = Counter(in_flight(project))
            assert whole <= sent <= self.wanted, (whole, sent)
            assert lost <= named, f"sent for, neither stored nor on record: {lost - named}"
            assert lost.total() <= WORKERS + SPARE, lost

            middle = now([self.server])
            second = self.bench.forks.run(project, "doit")
            assert second.code == 0, second.all
            again = asked([self.server], middle)
            assert again == self.wanted - whole, f"{again} for {self.wanted - whole}"
            tree.slots_only(project, before)
            self._is_whole(project)
            shutil.rmtree(project.root)

    def _versions(self, project: Project) -> Counter[str]:
        return Counter(str(record["entry_id"]) for record in arrived(project))

    def _is_whole(self, project: Project) -> None:
        assert self._versions(project) == self.wanted
        assert all(project.image(name).exists() for name in self.wanted)
        assert is_settled(project), "a further run would still have to do something"


def harness(bench: Bench, tally: Tally) -> None:
    """End builds at operations in turn, by every signal."""
    with OpenAIServer() as server:
        book = Variants.made(bench, server, images=12)
        tally.figures["operations of one build"] = book.steps
        stride = max(book.steps / bench.trials, 1.0)
        first = bench.luck.random() * stride
        for number in range(bench.trials):
            if not bench.more(tally):
                return
            book.ended_at(tally, 1 + int(first + number * stride) % book.steps, WAYS[number % len(WAYS)])
