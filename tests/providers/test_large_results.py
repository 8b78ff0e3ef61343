"""Files of results of hundreds of megabytes: one line of them is in memory at a time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from provider_cases import BANANA, GOOGLE_KEY, OPENAI_KEY, asked, provider
from servers.google_server import GoogleServer
from servers.openai_server import OpenAIServer

VENDORS = {
    "openai": (OpenAIServer, OPENAI_KEY, "gpt-image-2.5-flare"),
    "google": (GoogleServer, GOOGLE_KEY, BANANA),
}
PICTURE = 6 << 20
"""Bytes of a picture; a line has a third more."""
FEW, MANY = 2, 24
ROOM = PICTURE * 4
"""How much more memory the larger file may take: a line and its picture, for the luck of the allocator."""

_COLLECT = """
import resource, sys
from provider_cases import asked, provider
name, model, address, job = sys.argv[1:]
made = provider(name, base_url=address)
request = made.adapt(asked("a fox"), model)
size = sum(len(reply.data) for _, reply in made.batches.results(job, lambda key: request))
print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize("name", VENDORS)
def test_memory_does_not_grow_with_the_file_of_results(name: str) -> None:
    """Of 17 MB and of 201 MB."""
    kind, key, model = VENDORS[name]
    with kind(key=key, pad=PICTURE) as server:
        made = provider(name, base_url=server.base_url)
        request = made.adapt(asked("a fox"), model)
        most: dict[int, int] = {}
        for count in (FEW, MANY):
            lines = b"".join(made.batches.line(f"k-{number}", request, {}) + b"\n" for number in range(count))
            job = made.batches.create(f"job-{count}", made.batches.group(request), io.BytesIO(lines))
            size, most[count] = _collected(name, model, server.base_url, job)
            assert size >= count * PICTURE * 0.99
        made.close()
    assert most[MANY] - most[FEW] < ROOM, {count: f"{size:,}" for count, size in most.items()}


def _collected(name: str, model: str, address: str, job: str) -> tuple[int, int]:
    """Collect a job in a process of its own; return the bytes of its pictures and the most memory it had."""
    here = Path(__file__).resolve().parent
    paths = (here, here.parent, here.parents[1])
    told = subprocess.run(
        [sys.executable, "-c", _COLLECT, name, model, address, job],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.fspath, paths))},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    size, memory = told.stdout.split()
    return int(size), int(memory)
