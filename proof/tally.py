"""What a harness counts: trials, the faults that really struck, violations with what they were, and figures."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.forks import Forks

KEPT = 20
"""Violations whose words are kept; all are counted."""


@dataclass
class Tally:
    """The count of one harness."""

    name: str
    trials: int = 0
    faults: int = 0
    violations: int = 0
    words: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @contextmanager
    def trial(self, what: str) -> Iterator[None]:
        """Count a trial; what fails inside is a violation, and the next trial goes on."""
        self.trials += 1
        try:
            yield
        except Exception as failure:  # noqa: BLE001 - whatever goes wrong in a trial is told as its violation
            self.violations += 1
            if len(self.words) < KEPT:
                last = traceback.extract_tb(failure.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                self.words.append(f"{what}: {type(failure).__name__} at {where}: {str(failure)[:1500]}")

    def held(self) -> None:
        """Raise AssertionError where a violation was counted, or nothing was tried."""
        assert self.trials, f"{self.name}: nothing was tried"
        assert not self.violations, f"{self.name}: {self.violations} violations\n" + "\n".join(self.words)


@dataclass(frozen=True)
class Bench:
    """What a harness works with: a folder of its own, forked processes, seeded luck, and how much to do."""

    folder: Path
    forks: Forks
    luck: random.Random
    trials: int
    until: float = float("inf")
    """The monotonic moment after which no further trial begins."""

    def more(self, tally: Tally) -> bool:
        """Say whether another trial is to begin."""
        return tally.trials < self.trials and time.monotonic() < self.until


Harness = Callable[[Bench, Tally], None]


def run(name: str, harness: Harness, bench: Bench) -> Tally:
    """Run one harness and return its count."""
    tally = Tally(name)
    started = time.monotonic()
    harness(bench, tally)
    tally.seconds = time.monotonic() - started
    return tally
