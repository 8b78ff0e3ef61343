"""Runs over a book in which little or nothing has to be done, against ninja, make and a hand-written dodo file."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime
from pathlib import Path

from bench.baselines import baselines
from bench.books import Book, built_book, edit_prompt, planned_book
from bench.report import Row
from bench.timing import chargen, command, doit, in_turns, medians, memory, ratio, run, scratch

SETTLED = 2.2
"""Seconds after which a file that was written counts as left alone."""


def measure(images: int, rounds: int) -> list[Row]:
    """Compare everything an author waits for in a finished book."""
    with scratch() as name:
        folder = Path(name)
        book = built_book(folder / "book", images)
        others = baselines(book, folder)
        run(doit(), book.root)
        works = {tool: command(arguments, place) for tool, (arguments, place) in others.items()}
        works["doit"] = command(doit(), book.root)
        works["doit TARGET"] = command(doit(book.targets[-1]), book.root)
        works["chargen plan"] = command(chargen("plan"), book.root)
        works["chargen plan --json"] = command(chargen("plan", "--json"), book.root)
        times = in_turns(works, rounds)
        edited = edited_prompt(book, rounds)
        rows = [Row("memory of an up-to-date doit", memory(doit(), book.root), 150, "MB", {"images": images})]
    seconds = medians(times)
    if "ninja" in others:
        rows.append(Row("up-to-date doit / ninja", ratio(times, "doit", "ninja"), 5, seconds=seconds))
    hand = "dodo by hand"
    rows += [
        Row("up-to-date doit / dodo by hand", ratio(times, "doit", hand), 0.35, seconds=seconds),
        Row("doit TARGET / dodo by hand", ratio(times, "doit TARGET", hand), 0.5, seconds=seconds),
        Row("one prompt edited, until its request leaves / up-to-date doit", ratio(edited, "edited", "doit"), 1.6,
            seconds=medians(edited)),
        Row("chargen plan, all fresh / up-to-date doit", ratio(times, "chargen plan", "doit"), 2, seconds=seconds),
        Row("chargen plan --json, all fresh / up-to-date doit", ratio(times, "chargen plan --json", "doit"), 2,
            seconds=seconds),
    ]  # fmt: skip
    return [*rows, *_priced(images, rounds)]


def growth(sizes: tuple[int, ...], rounds: int) -> list[Row]:
    """Show how time and memory of an up-to-date run grow."""
    rows = []
    for images in sizes:
        with scratch() as name:
            book = built_book(Path(name) / "book", images)
            run(doit(), book.root)
            times = in_turns(
                {"doit": command(doit(), book.root), "python": command(["python3", "-c", "pass"], book.root)}, rounds
            )
            seconds = medians(times)
            rows.append(Row(f"up-to-date doit, {images:,} images", seconds["doit"], None, "s", seconds))
            rows.append(Row(f"its memory, {images:,} images", memory(doit(), book.root), 150, "MB"))
    return rows


def edited_prompt(book: Book, rounds: int) -> dict[str, list[float]]:
    """Edit a prompt, run, and read in the journal when the request left."""
    found: dict[str, list[float]] = {"edited": [], "doit": []}
    for number in range(rounds + 1):
        time.sleep(SETTLED)
        run(doit(), book.root)
        plain = command(doit(), book.root)()
        edit_prompt(book, number)
        began = time.time()
        run(doit(), book.root)
        if number:
            found["edited"].append(last_sent(book.root) - began)
            found["doit"].append(plain)
    time.sleep(SETTLED)
    run(doit(), book.root)
    return found


def last_sent(root: Path) -> float:
    journal = sqlite3.connect(root / ".chargen" / "journal.sqlite")
    try:
        (text,) = journal.execute("SELECT max(sent_at) FROM attempts").fetchone()
    finally:
        journal.close()
    return datetime.fromisoformat(text).timestamp()


def _priced(images: int, rounds: int) -> list[Row]:
    """Plan a book of which nothing is built, so that every image has a price."""
    with scratch() as name:
        folder = Path(name)
        route = "openai/gpt-image-2"
        book = planned_book(folder / "missing", images, route=route, portraits=False)
        built = built_book(folder / "built", images)
        run(doit(), built.root)
        key = {"OPENAI_API_KEY": "none"}
        plain = command(doit(), built.root)
        first = in_turns({"plan": command(chargen("plan"), book.root, **key), "doit": plain}, min(rounds, 2))
        for _ in range(2):  # the first run makes folders, and what changed just now is not remembered
            time.sleep(SETTLED)
            run(chargen("batch", "all", "--max-tasks", "0"), book.root, **key)
        works = {
            "plan": command(chargen("plan"), book.root, **key),
            "plan --json": command(chargen("plan", "--json"), book.root, **key),
            "doit": plain,
        }
        times = in_turns(works, rounds)
    seconds = medians(times)
    what = "all missing and priced"
    return [
        Row(f"chargen plan, {what} / up-to-date doit", ratio(times, "plan", "doit"), 2, seconds=seconds),
        Row(f"chargen plan --json, {what} / up-to-date doit", ratio(times, "plan --json", "doit"), 2, seconds=seconds),
        Row(f"chargen plan, {what}, nothing remembered / up-to-date doit", ratio(first, "plan", "doit"), None,
            seconds=medians(first)),
    ]  # fmt: skip
