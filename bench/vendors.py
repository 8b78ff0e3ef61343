"""Paying providers, played by the tests' loopback servers: pacing, two at once, processor time, memory.

Run: python bench/vendors.py [--quick]. Whole builds by `doit` in a process of its own; the servers live in this one.
A model that only the server knows is asked for, so that pictures may be small and sizes are sent as written. Ideals
are counted from the first request a server sees to the last picture it delivers, so a program's start is not in them.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1]))
sys.path.insert(1, os.fspath(Path(__file__).resolve().parents[1] / "tests"))

from servers.google_server import GoogleServer
from servers.loopback import LoopbackServer, RateLimit
from servers.openai_server import OpenAIServer

from bench.report import Row, as_json, as_table

REPOSITORY = Path(__file__).resolve().parents[1]
OPENAI, GOOGLE = "openai/studio", "google/gemini-3.1-flash-lite-image"
LATENCY = 2.0
REPLY = 1_500_000
IN_FLIGHT = 64
_PYPROJECT = """\
[tool.doit.plugins.backend]
chargen = "chargen.doit_plugin.states:RecordStates"
[tool.doit.plugins.command]
run = "chargen.cli.doit.run:Run"
[tool.chargen.providers.openai]
{openai}
[tool.chargen.providers.google]
{google}
"""
_BARE = """
import base64, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from openai import OpenAI
client = OpenAI(max_retries=0)
def image(number):
    reply = client.images.generate(model="studio", prompt=f"Picture {{number}}.", size="1024x1024")
    Path(f"{{number}}.png").write_bytes(base64.b64decode(reply.data[0].b64_json))
with ThreadPoolExecutor({workers}) as pool:
    list(pool.map(image, range({images})))
"""


def main() -> None:
    quick = "--quick" in sys.argv
    rows = measure(quick=quick)
    print(as_json(rows, {"processors": os.cpu_count(), "load": os.getloadavg()[0], "quick": quick}))
    print(as_table(rows))


def measure(*, quick: bool = False) -> list[Row]:
    """Measure all; `quick` makes a fifth of the images, which is too few for memory and a full minute's window."""
    part = 5 if quick else 1
    return [*one_limit(280 // part), *two_limits(200 // part, 150 // part), *load(256 // part), *memory(2000 // part)]


def one_limit(images: int) -> list[Row]:
    """Measure images per minute under a limit that the server enforces and the settings name."""
    limit = 240
    with OpenAIServer(latency=LATENCY, limit=RateLimit(limit)) as server, _folder() as folder:
        book = _Book(folder, openai=f"workers = 20\nper_minute = {limit}")
        book.chapter("ch01", OPENAI, images)
        seconds = book.build(server)
        rate = (images - 1) / (server.requests[-1].at - server.requests[0].at) * 60
        refused = sum(seen.status == 429 for seen in server.requests)
    return [
        Row(f"images a minute over the limit of {limit}", rate / limit, 0.97, seconds={"doit": seconds}, least=True),
        Row(f"requests refused under a limit of {limit} a minute", refused, 0, "refusals"),
    ]


def two_limits(fast: int, slow: int) -> list[Row]:
    """Measure two providers at once, 240 and 120 a minute, against the ideal of the one that takes longer."""
    faster, slower = (
        OpenAIServer(latency=LATENCY, limit=RateLimit(240)),
        GoogleServer(latency=LATENCY, limit=RateLimit(120)),
    )
    with faster, slower, _folder() as folder:
        book = _Book(folder, openai="workers = 20\nper_minute = 240", google="workers = 20\nper_minute = 120")
        book.chapter("ch01", OPENAI, fast)
        book.chapter("ch02", GOOGLE, slow)
        seconds = book.build(faster, slower)
        everything = [*faster.requests, *slower.requests]
        took = max(seen.done for seen in everything) - min(seen.at for seen in everything)
        refused = sum(seen.status == 429 for seen in everything)
    ideal = max((fast - 1) / 4.0, (slow - 1) / 2.0) + LATENCY
    return [
        Row("two providers: time over the slower one's ideal", took / ideal, 1.03, seconds={"doit": seconds}),
        Row("two providers: requests refused", refused, 0, "refusals"),
    ]


def load(images: int) -> list[Row]:
    """Measure processor time per image of 1.5 MB at 64 in flight, beside a bare loop over the SDK that writes files."""
    with OpenAIServer(latency=1.0, pad=REPLY) as server, _folder() as folder:
        book = _Book(folder, openai=f"workers = {IN_FLIGHT}")
        book.chapter("ch01", OPENAI, images, size="1024x1024")
        before = _children()
        seconds = book.build(server)
        ours = (_children() - before) / images
        most = server.most_in_flight
        before = _children()
        code = textwrap.dedent(_BARE).format(workers=IN_FLIGHT, images=images)
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=_environ(server), check=True)
        bare = (_children() - before) / images
    times = {"bare SDK": round(bare, 4), "doit": round(seconds, 1)}
    return [
        Row(f"processor time per image of 1.5 MB, {most} in flight", ours * 1000, None, "ms", times),
        Row("the same over a bare SDK loop", ours / bare, None),
    ]


def memory(images: int) -> list[Row]:
    """Measure the build's memory after a quarter of the images and after all."""
    sizes: dict[int, float] = {}
    marks = (images // 4, images - 20)
    with OpenAIServer(pad=100_000) as server, _folder() as folder:
        book = _Book(folder, openai="workers = 16")
        book.chapter("ch01", OPENAI, images)
        process = book.start(server)
        while process.poll() is None:
            count = len(server.delivered)
            for mark in marks:
                if count >= mark and mark not in sizes:
                    sizes[mark] = _megabytes(process.pid)
            time.sleep(0.02)
        assert process.returncode == 0
    first, last = (sizes[mark] for mark in marks)
    told = {f"MB after {mark}": round(size, 1) for mark, size in sizes.items()}
    return [Row(f"memory after {images} images over that after {images // 4}", last / first, 1.1, seconds=told)]


class _Book:
    """A throw-away project whose images are all to be sent for."""

    def __init__(self, root: Path, *, openai: str = "", google: str = "") -> None:
        self.root = root
        (root / "pyproject.toml").write_text(_PYPROJECT.format(openai=openai, google=google))
        (root / "dodo.py").write_text((REPOSITORY / "dodo.py").read_text())
        (root / "prompts").mkdir()
        for name in ("chapter", "location", "character"):
            text = (REPOSITORY / "prompts" / f"{name}.txt.j2").read_text()
            (root / "prompts" / f"{name}.txt.j2").write_text(text)

    def chapter(self, slug: str, route: str, images: int, size: str = "64x64") -> None:
        """Write chapters of a hundred images each."""
        provider, model = route.split("/", 1)
        for start in range(0, images, 100):
            name = f"{slug}-{start // 100}"
            defaults = f"generation_defaults: {{provider: {provider}, model: {model}}}"
            lines = [f"metadata: {{entity_type: chapter-imagery, slug: {name}, {defaults}}}", "images:"]
            for number in range(start, min(start + 100, images)):
                lines += [
                    f"  - custom_id: i{number:04}",
                    f"    prompt_used: Picture {number} of {name}.",
                    f"    size: {size}",
                ]
            file = self.root / "imagery" / "chapters" / name / "imagery.yaml"
            file.parent.mkdir(parents=True)
            file.write_text("\n".join(lines) + "\n")

    def start(self, *servers: LoopbackServer) -> subprocess.Popen[bytes]:
        """Start `doit`."""
        with (self.root / "out.txt").open("wb") as out:
            return subprocess.Popen([sys.executable, "-m", "doit"], cwd=self.root, env=_environ(*servers), stdout=out)

    def build(self, *servers: LoopbackServer) -> float:
        """Run `doit` to its end and return its seconds."""
        started = time.perf_counter()
        code = self.start(*servers).wait()
        if code:
            sys.exit((self.root / "out.txt").read_text()[-2000:])
        return time.perf_counter() - started


def _folder() -> tempfile.TemporaryDirectory[str]:
    return _Folder(prefix="chargen-bench-")


class _Folder(tempfile.TemporaryDirectory[str]):
    def __enter__(self) -> Any:
        return Path(super().__enter__())


def _environ(*servers: LoopbackServer) -> dict[str, str]:
    own = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "PYTHONPATH": os.fspath(REPOSITORY)}
    return {**own, **{name: value for server in servers for name, value in server.environ.items()}}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
