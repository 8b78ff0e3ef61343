"""What a person waits for before anything is done: help, and the completion of a target in a real bash."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from bench.books import Book, built_book
from bench.report import Row
from bench.timing import Timed, chargen, command, doit, environ, in_turns, medians, ratio, run, scratch

_BASH = r"""
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]};
  words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
source completion.bash
COMP_WORDS=(doit "$1"); COMP_CWORD=1; COMPREPLY=(); _doit; printf '%s\n' "${COMPREPLY[@]}"
"""


def measure(images: int, rounds: int) -> list[Row]:
    with scratch() as name:
        book = built_book(Path(name) / "book", images)
        run(doit(), book.root)
        works = {
            "python -c pass": command([sys.executable, "-c", "pass"], book.root),
            "chargen --help": command(chargen("--help"), book.root),
            "completion": _completion(book),
        }
        times = in_turns(works, rounds)
    seconds = medians(times)
    return [
        Row("chargen --help / python -c pass", ratio(times, "chargen --help", "python -c pass"), 8, seconds=seconds),
        Row(
            f"completion of a target among {images:,} / python -c pass",
            ratio(times, "completion", "python -c pass"),
            15,
            seconds=seconds,
        ),
    ]


def _completion(book: Book) -> Timed:
    """Time one press of the tab key: the script is sourced before, as in a shell that is open already."""
    folder = book.root / "bin"
    folder.mkdir()
    program = folder / "doit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m doit "$@"\n')
    program.chmod(0o755)
    (book.root / "completion.bash").write_text(run(doit("tabcompletion"), book.root).replace("__main__.py", "doit"))
    path = f"{folder}:{os.environ['PATH']}"
    target = book.targets[-1]
    script = book.root / "complete.bash"
    script.write_text(_BASH)

    def work() -> float:
        start = time.perf_counter()
        found = run(["bash", os.fspath(script), target[:-2]], book.root, PATH=path)
        seconds = time.perf_counter() - start
        if found.split() != [target]:
            raise RuntimeError(f"completed to {found!r} in {environ()['PATH']}")
        return seconds

    return work
