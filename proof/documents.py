"""YAML that wants to exhaust time and memory, given to `chargen check` in a process of its own that is measured.

Judged: the process ends within its seconds and megabytes, by a clear problem with a place, and never by a bug; what is
only large is read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from random import Random

from support.project import Project

from proof.tally import Bench, Tally

SECONDS = 60.0
"""Processor time of one check; the largest honest document takes a fifth of it."""
MEGABYTES = 1500
"""Resident memory of one check, at most; 10 MB of YAML as a tree take the most of it."""


@dataclass(frozen=True)
class Document:
    """An imagery file's text, and whether it is only large: then `check` finds no error in it."""

    text: str
    honest: bool = False


def documents() -> dict[str, Document]:
    """Make them all."""
    head = "metadata: {entity_type: chapter-imagery, slug: ch01}\n"
    head = head.replace("}", ", generation_defaults: {provider: sketch, model: sketch}}")
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    merges = "m0: &m0 {k: v}\n" + "".join(
        f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}], k{n}: 1}}\n" for n in range(1, 40)
    )
    entry = '  - custom_id: "i{0}"\n    prompt_used: "A lamp, number {0}."\n    size: "128x96"\n'
    two_thousand = "images:\n" + "".join(entry.format(number) for number in range(2_000))
    long_text = "notes: |\n" + "  a line of the author's own that says nothing of images\n" * 180_000
    return {
        "an alias bomb": Document(head + bomb + "images: []\n"),
        "an anchor within itself": Document(head + "images: &a [*a]\n"),
        "merges of merges": Document(head + merges + "images: []\n"),
        "depth 1,000 in brackets": Document(head + "images: " + "[" * 1_000 + "]" * 1_000 + "\n"),
        "depth 100,000 in brackets": Document(head + "images: " + "[" * 100_000 + "\n"),
        "depth 1,000 in lines": Document(head + "".join(f"{' ' * n}k{n}:\n" for n in range(1_000))),
        "2,000 entries": Document(head + two_thousand, honest=True),
        "10 MB of text": Document(head + long_text + "images:\n" + entry.format(1), honest=True),
        "10 MB of small nodes": Document(head + "notes: [" + "a, " * 3_300_000 + "]\nimages: []\n", honest=True),
        "a line of 10 MB": Document(head + "images: [{custom_id: x, prompt_used: '" + "x" * 10_000_000 + "'}]\n"),
        "40 MB": Document(head + "# " + "x" * 40_000_000 + "\nimages: []\n"),
        "a key of 1 MB": Document(head + "? " + "k" * 1_000_000 + "\n: v\nimages: []\n", honest=True),
    }


def check(bench: Bench, tally: Tally, name: str, document: Document) -> None:
    """Let one document be checked, and measure."""
    with tally.trial(name):
        book = Project(bench.folder / f"document-{tally.trials}")
        book.write("imagery/chapters/ch01/imagery.yaml", document.text)
        tally.faults += 1
        started = time.monotonic()
        with (book.root / "out").open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "chargen", "check"], cwd=book.root, env=book.env, stdout=out, stderr=out
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        said = (book.root / "out").read_text()
        seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
        tally.figures[name] = f"{seconds:.1f} s, {megabytes} MB ({time.monotonic() - started:.0f} s on the clock)"
        assert process.returncode in (0, 1), said[:2000]
        assert "Traceback" not in said, said[:2000]
        assert "unexpected" not in said, said[:2000]
        assert len(said) < 20_000, f"{len(said)} characters were printed"
        assert seconds < SECONDS, f"{seconds} s"
        assert megabytes < MEGABYTES, f"{megabytes} MB"
        if document.honest:
            assert "error:" not in said, said[:2000]
        else:
            assert "error:" in said, said[:2000]


def harness(bench: Bench, tally: Tally) -> None:
    """Every document once, in an order by chance."""
    found = list(documents().items())
    Random(bench.luck.random()).shuffle(found)
    for name, document in found:
        check(bench, tally, name, document)
