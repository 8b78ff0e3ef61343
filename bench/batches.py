"""Jobs at vendors, played by a loopback server in a process of its own: what collecting their results costs.

Run: python bench/batches.py [--quick]. `chargen batch` hands a book over as a job and collects it. Measured is the
process that collects: its processor time, from start to end with pictures published and slots written, and the most
memory it held. A bare loop of the SDK over the same results, which writes files, stands beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1]))

from bench.books import planned_book
from bench.report import Row, as_json, as_table
from bench.timing import REPOSITORY, chargen, environ, run, scratch

ROUTES = {"openai": "openai/gpt-image-2.5-flare", "google": "google/gemini-nano-banana-2.1"}
REPLY = 1_500_000
SMALL = 60_000
_SERVER = """
import json, sys
from servers.{name}_server import {kind}Server
with {kind}Server(pad={pad}) as server:
    print(json.dumps(server.environ), flush=True)
    sys.stdin.read()
"""
_USED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
_BARE = """
import base64, json
from openai import OpenAI
client = OpenAI(max_retries=0)
batch = client.batches.retrieve(next(iter(client.batches.list())).id)
with client.files.with_streaming_response.content(batch.output_file_id) as reply:
    for line in reply.iter_lines():
        found = json.loads(line)
        data = base64.b64decode(found["response"]["body"]["data"][0]["b64_json"])
        open(found["custom_id"] + ".png", "wb").write(data)
"""


def main() -> None:
    quick = "--quick" in sys.argv
    rows = measure(quick=quick)
    print(as_json(rows, {"processors": os.cpu_count(), "load": os.getloadavg()[0], "quick": quick}))
    print(as_table(rows))


def measure(*, quick: bool = False) -> list[Row]:
    """Measure all; `quick` collects a tenth of the images."""
    part = 10 if quick else 1
    rows = [row for name in ROUTES for row in memory(name, 2_000 // part, 100 // part)]
    return [*rows, *(row for name in ROUTES for row in processor(name, 200 // part))]


def memory(name: str, images: int, few: int) -> list[Row]:
    """Measure the most memory of a run that collects all results, over that of one that collects a few of them."""
    most = {}
    for count in (few, images):
        with _project(name, images, SMALL) as (folder, variables):
            run(chargen("batch", "all", "--mode", "batch", "--max-tasks", str(count)), folder, **variables)
            _, most[count] = _collected(folder, variables, count)
    told = {f"MB at {count}": round(size, 1) for count, size in most.items()}
    words = f"{name}: memory of collecting {images:,} results over that of {few}"
    return [Row(words, most[images] / most[few], 1.1, seconds=told)]


def processor(name: str, images: int) -> list[Row]:
    """Measure the processor time of collecting pictures of 1.5 MB, beside that of a bare loop of the SDK."""
    with _project(name, images, REPLY) as (folder, variables):
        run(chargen("batch", "all", "--mode", "batch"), folder, **variables)
        bare = _used([sys.executable, "-c", _BARE], folder, variables)[0] / images if name == "openai" else None
        ours = _collected(folder, variables, images)[0] / images
    words = f"{name}: processor time of collecting an image of 1.5 MB"
    told = {} if bare is None else {"bare SDK": round(bare, 4)}
    return [Row(words, ours * 1000, None, "ms", told)]


def _collected(folder: Path, variables: Mapping[str, str], images: int) -> tuple[float, float]:
    """Collect, and return seconds and megabytes."""
    found = _used(chargen("batch", "all", "--mode", "batch", "--max-tasks", "0"), folder, variables)
    built = len(list(folder.glob("generated/chapters/*/*.png")))
    if built != images:
        raise RuntimeError(f"{built} of {images} were built")
    return found


def _used(arguments: list[str], folder: Path, variables: Mapping[str, str]) -> tuple[float, float]:
    """Run a process and return its processor seconds and the most megabytes it held."""
    seconds, kilobytes = run([sys.executable, "-c", _USED, *arguments], folder, **variables).split()
    return float(seconds), int(kilobytes) / 1024


@contextmanager
def _project(name: str, images: int, pad: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """Make a book whose images go to a vendor that keeps jobs, and say how that is reached."""
    path = os.pathsep.join((os.fspath(REPOSITORY), os.fspath(REPOSITORY / "tests")))
    kind = {"openai": "OpenAI", "google": "Google"}[name]
    with scratch() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVER.format(name=name, kind=kind, pad=pad)],
            env=environ(PYTHONPATH=path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            variables: dict[str, str] = json.loads(process.stdout.readline())
            book = planned_book(Path(folder) / "book", images, route=ROUTES[name], portraits=False)
            yield book.root, variables
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(20)


if __name__ == "__main__":
    main()
