"""Processor time of a whole build with instant replies, against a bare loop over the vendor's SDK and the encoding.

The server stands on this machine, in a process of its own, and answers with small pictures at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.books import planned_book
from bench.report import Row
from bench.timing import REPOSITORY, doit, environ, processor_seconds, run, scratch

ROUTE = "openai/gpt-image-2"
_SERVER = """
import json, sys
from servers.openai_server import OpenAIServer
with OpenAIServer(deliver=(128, 96)) as server:
    print(json.dumps(server.environ), flush=True)
    sys.stdin.read()
"""
_BARE = """
import base64, sys
from concurrent.futures import ThreadPoolExecutor
from openai import OpenAI
client = OpenAI(max_retries=0)
def ask(number):
    reply = client.images.generate(model="gpt-image-2", prompt=f"{number} " + "a lamp on the quay " * 30, n=1)
    return base64.b64decode(reply.data[0].b64_json)
with ThreadPoolExecutor(10) as pool:
    pictures = list(pool.map(ask, range(int(sys.argv[1]))))
open("picture.png", "wb").write(pictures[0])
"""
_ENCODE = """
import sys
from chargen.model.values import Size
from chargen.store.pictures import publish
data = open("picture.png", "rb").read()
for _ in range(int(sys.argv[1])):
    publish(data, Size(128, 96), "crop", {"prompt": "a lamp on the quay " * 30})
"""


def measure(images: int) -> list[Row]:
    with scratch() as name, _server() as variables:
        folder = Path(name)
        settings = "\n[tool.chargen.providers.openai]\nworkers = 10\nper_minute = 1000000\n"
        book = planned_book(folder / "book", images, route=ROUTE, portraits=False, settings=settings)
        whole = processor_seconds(lambda: run(doit(), book.root, **variables))
        built = len(list(book.root.glob("generated/chapters/*/*.png")))
        if built != images:
            raise RuntimeError(f"built {built} of {images}")
        count = str(images)
        bare = processor_seconds(lambda: run([sys.executable, "-c", _BARE, count], folder, **variables))
        encoding = processor_seconds(lambda: run([sys.executable, "-c", _ENCODE, count], folder))
    each = {"build": whole, "bare SDK": bare, "encoding": encoding}
    seconds = {name: round(value / images, 5) for name, value in each.items()}
    own = (whole - bare - encoding) / images * 1000
    return [Row(f"processor time an image beyond SDK and encoding, {images:,} images", own, 8, "ms", seconds)]


@contextmanager
def _server() -> Iterator[dict[str, str]]:
    path = os.pathsep.join((os.fspath(REPOSITORY), os.fspath(REPOSITORY / "tests")))
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=environ(PYTHONPATH=path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()
