"""What a question costs in a large book of which nothing changed, as multiples of a run with nothing to do."""

from __future__ import annotations

import time
from pathlib import Path

from bench.books import Book, built_book
from bench.report import Row
from bench.timing import Timed, chargen, command, doit, in_turns, medians, memory, ratio, run, scratch
from bench.up_to_date import SETTLED, edited_prompt

AIMS = {
    "why": 2.5,
    "prompt": 2.5,
    "history": 2.5,
    "doit info": 2.5,
    "doit list": 3.0,
    "approve": 3.5,
    "lock": 3.5,
    "impact": 4.0,
    "orphans": 4.0,
    "check": 5.0,
    "batch all --provider sketch": 3.0,
    "plan": 2.0,
    "plan --json": 2.0,
}
"""The most each may take, in times of an up-to-date `doit`."""


def measure(images: int, rounds: int) -> list[Row]:
    """Ask everything an author asks, with what the last build kept of its plan."""
    with scratch() as name:
        book = built_book(Path(name) / "book", images)
        for _ in range(2):  # the first run makes folders, and what changed just now is not kept
            run(doit(), book.root)
            time.sleep(SETTLED)
        works = _works(book)
        times = in_turns(works, rounds)
        edited = edited_prompt(book, rounds)
        used = memory(doit(), book.root)
    seconds = medians(times)
    rows = [Row(f"{work} / up-to-date doit", ratio(times, work, "doit"), aim, seconds={work: seconds[work]})
            for work, aim in AIMS.items()]  # fmt: skip
    return [
        Row("up-to-date doit", seconds["doit"], None, "s"),
        *rows,
        Row("one prompt edited, until its request leaves / up-to-date doit", ratio(edited, "edited", "doit"), 2.2,
            seconds=medians(edited)),
        Row("memory of an up-to-date doit", used, 150, "MB"),
    ]  # fmt: skip


def _works(book: Book) -> dict[str, Timed]:
    target = book.targets[-1]
    entry = target.removeprefix("generated/").removesuffix(".png")
    asked = {
        "doit": doit(),
        "why": chargen("why", entry),
        "prompt": chargen("prompt", entry),
        "history": chargen("history", entry),
        "doit info": doit("info", target),
        "doit list": doit("list"),
        "impact": chargen("impact", "person-01"),
        "orphans": chargen("orphans"),
        "check": chargen("check"),
        "batch all --provider sketch": chargen("batch", "all", "--provider", "sketch"),
        "plan": chargen("plan"),
        "plan --json": chargen("plan", "--json"),
    }
    works = {name: command(arguments, book.root) for name, arguments in asked.items()}
    works["approve"] = _marking(book, "approve", entry)
    works["lock"] = _marking(book, "lock", entry)
    return works


def _marking(book: Book, word: str, entry: str) -> Timed:
    """Time a command that writes a status; the chapter is put back afterwards, byte for byte."""
    file, mark = book.root / book.chapters[-1], command(chargen(word, entry), book.root)

    def work() -> float:
        before = file.read_bytes()
        seconds = mark()
        file.write_bytes(before)
        return seconds

    return work
