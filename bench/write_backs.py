"""Slots of 1,000 images written as fast as they come, into chapters of 100 and one of 1,000 entries, against ruamel.

Every write-back is durable before the thread that asked for it goes on, as a task of a build does.
"""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ruamel.yaml import YAML

from bench.books import AT, Book, planned_book
from bench.report import Row
from bench.timing import scratch
from chargen import kinds
from chargen.build.write_back import WriteBack
from chargen.model.entries import Entry
from chargen.model.slots import SlotEdit, SlotValues
from chargen.plan.session import open_session

THREADS = 10
"""As many as a provider has by default."""


def measure(images: int) -> list[Row]:
    small = [_write_all(images, images // 10) for _ in range(3)]
    large = [_write_all(images, images) for _ in range(3)]
    one = _ruamel_once(images)
    best = sorted(large)[1]
    seconds = {"chapters of a tenth": sorted(small)[1], "one chapter": best, "one load and dump by ruamel": one}
    ratios = sorted(big / little for big, little in zip(large, small, strict=True))
    return [
        Row(f"{images:,} write-backs into one chapter / into ten", ratios[1], 2, seconds=seconds),
        Row(f"a ruamel load and dump for each of {images:,} images / all write-backs", one * images / best, 200,
            seconds=seconds, least=True),
    ]  # fmt: skip


def _write_all(images: int, per_chapter: int) -> float:
    with scratch() as name:
        book = planned_book(Path(name), images, per_chapter=per_chapter, portraits=False)
        with open_session(book.root, {}) as session:
            planner = session.planner()
            entries = [planner.image(image.id).entry for image in planner.selectables()]
            writing = WriteBack(session.project)
            start = time.perf_counter()
            with ThreadPoolExecutor(THREADS) as pool:
                for done in [pool.submit(writing.write, entry.file, entry.id, _edit) for entry in entries]:
                    done.result()
            return time.perf_counter() - start


def _edit(entry: Entry) -> SlotEdit:
    name = entry.id.rpartition("/")[2]
    made = SlotValues(
        AT, f"{name}.png", f"generated/{entry.id}.png", "sketch", "sketch", {"record": "1 in=0", "cost_usd": 0}
    )
    return kinds.named(entry.kind).slots(entry, made)


def _ruamel_once(images: int) -> float:
    """Load and dump a chapter of all images once, keeping comments, as one image's write-back would do."""
    with scratch() as name:
        book: Book = planned_book(Path(name), images, per_chapter=images, portraits=False)
        text = (book.root / book.chapters[0]).read_text(encoding="utf-8")
    yaml = YAML()
    start = time.perf_counter()
    yaml.dump(yaml.load(text), io.StringIO())
    return time.perf_counter() - start
