"""The long run: `python -m proof` attacks every promise, prints a table, and keeps the figures in proof/last-run.json.

Ends with 1 where a violation was found. A part can be run alone; the figures of the others stay in the file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.forks import Forks

from proof.tally import Bench, Tally, run

FIGURES = Path(__file__).with_name("last-run.json")
HARNESSES = {
    "kill": (500, "builds of 40 images ended at any operation and moment, by every signal"),
    "jobs": (500, "books made by jobs at both vendors, killed at any operation, any call and any line"),
    "variants": (100, "builds of three pictures an image ended at any operation"),
    "moves": (400, "pictures that follow renamed entries, ended at any operation"),
    "identity": (300, "random books edited and built, against a model of whose picture is where"),
    "power": (400, "the disk as a power loss leaves it after every operation"),
    "disk": (150, "operations that fail, disks that fill up"),
    "author": (1000, "saves by the author while slots are written"),
    "together": (100, "two commands at once"),
    "documents": (12, "YAML that wants to exhaust time and memory"),
    "outside": (20_000, "replies and pictures changed at random"),
    "hostile": (1, "projects made to do harm"),
    "chaos": (4, "every failure of both vendors"),
    "machines": (22, "six machines that share a store, build at once or hand over jobs, and die"),
}
"""Trials of the long run (saves, for `author`) and what they are."""


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m proof", description=__doc__.partition("\n")[0])
    parser.add_argument("only", nargs="*", metavar="HARNESS", help=", ".join(HARNESSES))
    parser.add_argument("--trials", type=int, help="instead of each harness's own number")
    parser.add_argument("--minutes", type=float, default=60.0, help="no new trial after so many minutes of one harness")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="say what there is")
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(HARNESSES):
        parser.error(f"no harness {', '.join(sorted(unknown))}; there are {', '.join(HARNESSES)}")
    if asked.list:
        for name, (trials, words) in HARNESSES.items():
            print(f"{name:<10} {trials:>6}  {words}")
        return 0
    print(f"{'harness':<10} {'trials':>7} {'faults':>7} {'violations':>10} {'seconds':>8}")
    violations = 0
    for name in asked.only or HARNESSES:
        tally = _one(name, asked.trials or HARNESSES[name][0], asked.minutes, asked.seed)
        violations += tally.violations
        print(
            f"{name:<10} {tally.trials:>7} {tally.faults:>7} {tally.violations:>10} {tally.seconds:>8.0f}", flush=True
        )
        for words in tally.words:
            print(f"  {words}", file=sys.stderr)
        _keep(tally, asked.seed)
    return 1 if violations else 0


def _one(name: str, trials: int, minutes: float, seed: int) -> Tally:
    """Run one harness in a folder in memory, where there is one: what is proved there does not depend on the disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix=f"proof-{name}-", dir=memory if memory.is_dir() else None))
    harness = importlib.import_module(f"proof.{name}").harness
    try:
        with Forks() as forks:
            bench = Bench(folder, forks, random.Random(seed), trials, time.monotonic() + minutes * 60)
            return run(name, harness, bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(tally: Tally, seed: int) -> None:
    known: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known[tally.name] = {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "seed": seed,
        "trials": tally.trials,
        "faults": tally.faults,
        "violations": tally.violations,
        "seconds": round(tally.seconds),
        **tally.figures,
    }
    FIGURES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
