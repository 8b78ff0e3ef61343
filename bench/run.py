"""Measure everything and print JSON and a table: `python bench/run.py`, see README.md here.

Run: python bench/run.py [--images N] [--rounds N] [--only NAME ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1]))

from bench import entry_kinds, first_scan, ownership, questions, startup, up_to_date, whole_build, write_backs
from bench.report import Row, as_json, as_table


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the program against other build tools.")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", action="append", help="a measurement's name; may be repeated")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of standard output")
    asked = parser.parse_args()
    images, rounds = asked.images, asked.rounds
    measurements: dict[str, Callable[[], list[Row]]] = {
        "up_to_date": lambda: up_to_date.measure(images, rounds),
        "questions": lambda: questions.measure(images, rounds),
        "growth": lambda: up_to_date.growth((images // 10, images, images * 3), rounds),
        "ownership": lambda: ownership.measure(images, rounds),
        "startup": lambda: startup.measure(images, rounds),
        "first_scan": lambda: first_scan.measure(images, rounds),
        "entry_kinds": lambda: entry_kinds.measure(images, rounds),
        "write_backs": lambda: write_backs.measure(max(images // 10, 100)),
        "whole_build": lambda: whole_build.measure(max(images // 5, 20)),
    }
    rows: list[Row] = []
    for name, measure in measurements.items():
        if asked.only is None or name in asked.only:
            sys.stderr.write(f"{name} ...\n")
            rows += measure()
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "images": images,
    }
    text = as_json(rows, machine)
    if asked.json:
        asked.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    print(as_table(rows))


if __name__ == "__main__":
    main()
