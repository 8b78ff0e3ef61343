"""An author who saves the imagery files at random moments while a build writes slots into them.

Four ways to save: in place in two halves or by write-and-rename, each from a fresh look at the file or from an old
buffer that knows of no slots. Judged: every note the author ever saved is in the file at the end, nothing but slots
differs from the author's text, no image is asked for twice, and the next run brings back the slots an old buffer took.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project

from proof.books import asked, copy_of, forty, ids_of, is_settled, now
from proof.tally import Bench, Tally

WAYS = ("in place", "in place, old buffer", "renamed", "renamed, old buffer")


class Author:
    """Somebody at an editor, until `stop` is set."""

    def __init__(self, project: Project, luck: Random) -> None:
        self.files = [project.root / name for name in tree.yaml_files(project) if "chapters" in name]
        self.buffers = {path: path.read_text() for path in self.files}
        self.notes: dict[Path, list[str]] = {path: [] for path in self.files}
        self.luck = luck
        self.stop = threading.Event()
        self.saves: Counter[str] = Counter()

    def work(self) -> None:
        """Save again and again."""
        while not self.stop.wait(self.luck.random() * 0.02):
            self.save(self.luck.choice(self.files), self.luck.choice(WAYS))

    def save(self, path: Path, way: str) -> None:
        """Write one more note at the end of a file, and save it."""
        note = f"# note {sum(map(len, self.notes.values()))} of the author's, {way}"
        self.notes[path].append(note)
        text = self.buffers[path] if "old" in way else path.read_text()
        known = text.splitlines()
        text += "".join(f"{line}\n" for line in self.notes[path] if line not in known)
        self.buffers[path] = tree.without_slots(text) if "old" in way else text
        if "renamed" in way:
            new = path.with_name("editor.swp")
            new.write_text(text)
            new.replace(path)
        else:
            with path.open("w") as file:
                file.write(text[: len(text) // 2])
                file.flush()
                time.sleep(self.luck.random() * 0.004)
                file.write(text[len(text) // 2 :])
        self.saves[way] += 1


def one_build(bench: Bench, tally: Tally, server: OpenAIServer, start: Project) -> None:
    """Build once with the author at work, and once more without."""
    with tally.trial(f"build {tally.trials}"):
        project = copy_of(start, bench.folder / f"author-{tally.trials}")
        before, since = tree.yaml_files(project), now([server])
        author = Author(project, bench.luck)
        thread = threading.Thread(target=author.work)
        count = len(server.requests)
        pid = bench.forks.start(project, "doit")
        server.wait_for(count + 1, 20)
        thread.start()
        run = bench.forks.wait(pid)
        author.stop.set()
        thread.join()
        tally.faults += author.saves.total()
        assert run.code in (0, 1), run.all
        assert "Traceback" not in run.all, run.all
        assert "unexpected" not in run.all, run.all
        tally.figures["runs that reported a conflict"] = (
            tally.figures.get("runs that reported a conflict", 0) + run.code
        )
        for name, data in before.items():
            notes = author.notes.get(project.root / name, [])
            _kept(project.read(name), data.decode(), notes, name)
        second = bench.forks.run(project, "doit")
        assert second.code == 0, second.all
        for name, data in before.items():
            _kept(project.read(name), data.decode(), author.notes.get(project.root / name, []), name)
        ids = ids_of(start)
        assert asked([server], since) == Counter(ids), "an image was asked for twice"
        tree.all_agrees(project, ids)
        assert is_settled(project)
        shutil.rmtree(project.root)


def _kept(text: str, before: str, notes: list[str], name: str) -> None:
    """Check that a text is what the author wrote: as it was, all notes below it, and slots."""
    missing = set(notes) - set(text.splitlines())
    assert not missing, f"{name}: lost {sorted(missing)}"
    slots = (*tree.SLOTS, "generated_images", *(("path",) if "characters" in name else ()))
    own = [line for line in tree.without_slots(text, slots).splitlines() if not line.startswith("# note ")]
    then = tree.without_slots(before, slots).splitlines()
    assert own == then, f"{name}: {own} for {then}"


def harness(bench: Bench, tally: Tally) -> None:
    """Builds of sixteen images until so many saves were made."""
    with OpenAIServer(latency=0.02) as server:
        start = forty(bench.folder / "start", server.environ, 3, images=16)
        while tally.faults < bench.trials and bench.until > time.monotonic():
            one_build(bench, tally, server, start)
    tally.figures["saves"] = tally.faults
