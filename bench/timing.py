"""Times of commands and functions, taken in turns so that what the machine does meanwhile falls on all alike."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]

Timed = Callable[[], float]
"""Does the work once and returns its seconds."""


def in_turns(works: Mapping[str, Timed], rounds: int) -> dict[str, list[float]]:
    """Do every work once a round, after one round that does not count (caches, compiled modules)."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            seconds = work()
            if number:
                found[name].append(seconds)
    return found


def ratio(times: Mapping[str, list[float]], of: str, to: str) -> float:
    """Return the median of the rounds' ratios."""
    return median(one / other for one, other in zip(times[of], times[to], strict=True))


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median seconds of each work."""
    return {name: round(median(values), 4) for name, values in times.items()}


def command(arguments: list[str], folder: Path, **variables: str) -> Timed:
    """Time a process from start to end; one that fails is an error."""

    def work() -> float:
        start = time.perf_counter()
        run(arguments, folder, **variables)
        return time.perf_counter() - start

    return work


def run(arguments: list[str], folder: Path, **variables: str) -> str:
    """Run a process and return what it printed. Raises CalledProcessError."""
    done = subprocess.run(arguments, cwd=folder, env=environ(**variables), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
    return done.stdout


def memory(arguments: list[str], folder: Path) -> float:
    """Return the most memory a process held, in MB: measured in a process of its own that only starts it."""
    text = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return int(run([sys.executable, "-c", text, *arguments], folder)) / unit


def environ(**variables: str) -> dict[str, str]:
    """Return an environment without keys or servers of this machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": os.fspath(REPOSITORY), **variables}


def processor_seconds(work: Callable[[], Any]) -> float:
    """Return the processor time of a function, all threads and finished children together."""
    before = _used()
    work()
    return _used() - before


def doit(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "doit", *arguments]


def chargen(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "chargen", *arguments]


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one measurement, removed at its end."""
    return tempfile.TemporaryDirectory(prefix="chargen-bench-")


def _used() -> float:
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total
