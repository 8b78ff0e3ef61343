"""This program against an earlier one: each in a book that its own bench makes, taken in turns by processor time.

Run: python bench/against.py CHECKOUT [--images N] [--rounds N]   (CHECKOUT: `git worktree add /somewhere COMMIT`)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1]))

from bench.report import Row, as_table
from bench.timing import REPOSITORY, environ, scratch

ASKED = {
    "up-to-date doit": ("doit",),
    "chargen plan": ("chargen", "plan"),
    "chargen plan --json": ("chargen", "plan", "--json"),
}
_BOOK = """
import pathlib, sys, time
from bench.books import built_book
from bench.timing import doit, run
book = built_book(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
for _ in range(2):
    run(doit(), book.root)
    time.sleep(2.2)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare with another checkout of this repository.")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with scratch() as folder:
        print(as_table(measure((REPOSITORY, asked.checkout.resolve()), Path(folder), asked.images, asked.rounds)))


def measure(checkouts: tuple[Path, Path], folder: Path, images: int, rounds: int) -> list[Row]:
    """Return time and memory of each work as multiples of the other checkout's; of several rounds the least counts."""
    books = {checkout: folder / str(number) for number, checkout in enumerate(checkouts)}
    for checkout, book in books.items():
        subprocess.run(
            [sys.executable, "-c", _BOOK, str(book), str(images)], cwd=checkout, env=_of(checkout), check=True
        )
    best: dict[tuple[str, Path], tuple[float, float]] = {}
    for _ in range(rounds + 1):
        for work, words in ASKED.items():
            for checkout, book in books.items():
                seconds, size = _once(words, book, _of(checkout))
                known = best.get((work, checkout), (seconds, size))
                best[work, checkout] = min(seconds, known[0]), min(size, known[1])
    here, there = checkouts
    rows = []
    for work in ASKED:
        (seconds, size), (others, other_size) = best[work, here], best[work, there]
        rows.append(Row(f"{work}: processor time", seconds / others, None))
        rows.append(Row(f"{work}: memory", size / other_size, None))
    return rows


def _of(checkout: Path) -> dict[str, str]:
    return environ(PYTHONPATH=os.fspath(checkout))


def _once(words: tuple[str, ...], folder: Path, variables: dict[str, str]) -> tuple[float, float]:
    """Return the processor seconds of one run and the most memory it held."""
    with subprocess.Popen([sys.executable, "-m", *words], cwd=folder, env=variables, stdout=subprocess.DEVNULL) as run:
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {run.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss


if __name__ == "__main__":
    main()
