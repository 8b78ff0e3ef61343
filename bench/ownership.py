"""Which picture is whose, asked for every image of a book: all at home, a chapter renumbered, every picture gone."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from bench.books import Book, built_book
from bench.report import Row
from bench.timing import Timed, in_turns, medians, ratio, scratch
from chargen.plan.claims import Archive, DiskSources
from chargen.plan.session import open_session


def measure(images: int, rounds: int) -> list[Row]:
    """Time the question for all images, beside making the planner that asks it (which reads all heads)."""
    with scratch() as name:
        folder = Path(name)
        home = built_book(folder / "home", images)
        renumbered = _copy(home, folder / "renumbered")
        file = renumbered.root / renumbered.chapters[len(renumbered.chapters) // 2]
        file.write_text(_renumbered(file.read_text(encoding="utf-8")), encoding="utf-8")
        gone = _copy(home, folder / "gone")
        shutil.rmtree(gone.root / "generated")
        works: dict[str, Timed] = {"making the planner": _planner(home)}
        for state, book in (("all at home", home), ("a chapter renumbered", renumbered), ("every picture gone", gone)):
            works[state] = _whose(book)
        times = in_turns(works, rounds)
    seconds = medians(times)
    return [
        Row(f"whose picture, {state} / making the planner", ratio(times, state, "making the planner"), None,
            seconds=seconds)
        for state in works
        if state != "making the planner"
    ]  # fmt: skip


def _copy(book: Book, root: Path) -> Book:
    shutil.copytree(book.root, root)
    return Book(root, book.targets, book.chapters, book.references)


def _renumbered(text: str) -> str:
    """Let every entry of a chapter have the id of the next one, the last that of the first."""
    names = re.findall(r"custom_id: (\S+)", text)
    following = iter([*names[1:], *names[:1]])
    return re.sub(r"custom_id: \S+", lambda _: f"custom_id: {next(following)}", text)


def _planner(book: Book) -> Timed:
    def work() -> float:
        with open_session(book.root, {}, read_only=True) as session:
            start = time.perf_counter()
            session.planner()
            return time.perf_counter() - start

    return work


def _whose(book: Book) -> Timed:
    def work() -> float:
        with open_session(book.root, {}, read_only=True) as session:
            planner = session.planner()
            archive = Archive(session.history, session.originals, session.journal)
            sources = DiskSources(session.project, session.hashes, archive, session.moves, planner.disk.signatures)
            start = time.perf_counter()
            whose = planner.book.ownership(sources)
            for name in planner.book.home:
                whose.of(name)
            return time.perf_counter() - start

    return work
