"""Reading every imagery file with nothing remembered, against the C parser's bare load of the same bytes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml.cyaml import CBaseLoader, CSafeLoader

from bench.books import planned_book
from bench.report import Row
from bench.timing import Timed, in_turns, medians, ratio, scratch
from chargen.plan.session import open_session


def measure(images: int, rounds: int) -> list[Row]:
    with scratch() as name:
        book = planned_book(Path(name), min(images, 10_000))
        data = [(book.root / file).read_bytes() for file in book.chapters]
        with open_session(book.root, {}, read_only=True) as session:
            works = {
                "scan": _timed(session.scan),
                "safe load": _timed(lambda: [_load(CSafeLoader, item) for item in data]),
                "nodes only": _timed(lambda: [CBaseLoader(item).get_single_node() for item in data]),
                "plan": _timed(session.plan),
            }
            times = in_turns(works, max(rounds // 2, 2))
    seconds = medians(times)
    return [
        Row("first scan / C parser's safe load", ratio(times, "scan", "safe load"), 1.5, seconds=seconds),
        Row("first scan / C parser's nodes only", ratio(times, "scan", "nodes only"), None, seconds=seconds),
        Row("whole first plan / C parser's safe load", ratio(times, "plan", "safe load"), None, seconds=seconds),
    ]


def _load(loader: type[CSafeLoader], data: bytes) -> object:
    found: object = loader(data).get_single_data()
    return found


def _timed(work: Callable[[], object]) -> Timed:
    def timed() -> float:
        gc.collect()
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return timed
