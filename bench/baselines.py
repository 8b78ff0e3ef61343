"""The same graph as a book's, written for other tools: a hand-written dodo file, ninja, make.

Each gets a folder of its own with copies of the prompts, references and pictures, and is brought up to date once.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from bench.books import Book
from bench.timing import doit, run

_DODO = """\
import json
from pathlib import Path

DOIT_CONFIG = {"verbosity": 0}


def make(target):
    Path(target).touch()


def task_image():
    for target, needs in json.loads(Path("graph.json").read_text()).items():
        yield {"basename": target, "actions": [(make, [target])], "file_dep": needs, "targets": [target]}
"""


def baselines(book: Book, folder: Path) -> dict[str, tuple[list[str], Path]]:
    """Write the graph for every tool there is; return each tool's command and folder, everything up to date."""
    graph = _graph(book)
    found = {"dodo by hand": (doit("-v", "0"), folder / "dodo")}
    for name, write in (("ninja", _ninja), ("make", _make)):
        if shutil.which(name):
            place = folder / name
            _copy(book, place)
            write(graph, place)
            found[name] = (["ninja", "--quiet"] if name == "ninja" else ["make", "-r", "-s"], place)
        else:
            sys.stderr.write(f"{name} is not installed: not compared\n")
    _copy(book, folder / "dodo")
    (folder / "dodo" / "graph.json").write_text(json.dumps(graph))
    (folder / "dodo" / "dodo.py").write_text(_DODO)
    for arguments, place in found.values():
        run(arguments, place)
    return found


def _graph(book: Book) -> dict[str, list[str]]:
    prompts = {target: target.replace("generated/", "generated/prompts/", 1)[:-4] + ".txt" for target in book.targets}
    return {target: [prompts[target], *book.references.get(target, ())] for target in book.targets}


def _copy(book: Book, place: Path) -> None:
    shutil.copytree(book.root / "generated", place / "generated")


def _ninja(graph: dict[str, list[str]], place: Path) -> None:
    lines = ["rule image", "  command = touch $out"]
    lines += [f"build {target}: image {' '.join(needs)}" for target, needs in graph.items()]
    (place / "build.ninja").write_text("\n".join(lines) + "\n")


def _make(graph: dict[str, list[str]], place: Path) -> None:
    lines = [f"all: {' '.join(graph)}"]
    lines += [f"{target}: {' '.join(needs)}\n\ttouch $@" for target, needs in graph.items()]
    (place / "Makefile").write_text("\n".join(lines) + "\n")
