"""A race that tells whether a store keeps its word on conditional writes: some answer "written" to every writer.

Two builds would then both hold the right to buy one image. So a store is raced before the first claim.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chargen.store.shared.objects import CHECK, Objects

RACERS = 16
FIRST_USE_SECONDS = 2.0
CHECK_SECONDS = 10.0
"""The longer the race, the rarer a fault it finds: some stores let two writers win in one round of a dozen only."""


def what_is_wrong(objects: Objects, seconds: float) -> str:
    """Let writers race for new keys, and for one version of each; return what went wrong, or nothing.

    Raises StoreError.
    """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        key = f"{CHECK}/{secrets.token_hex(8)}"
        try:
            winners = _winners(lambda data, key=key: objects.create(key, data) is not None)  # type: ignore[misc]
            if winners != 1:
                return f"{winners} of {RACERS} writers were told that they made one new object"
            there = objects.get(key)
            if there is None:
                return "an object that was just written is not there"
            version = there.version
            winners = _winners(
                lambda data, key=key, version=version: objects.swap(key, data, version) is not None  # type: ignore[misc]
            )
            if winners != 1:
                return f"{winners} of {RACERS} writers were told that they replaced one version of an object"
        finally:
            objects.delete(key)
    return ""


def _winners(write: Callable[[bytes], bool]) -> int:
    start = threading.Barrier(RACERS)

    def race(number: int) -> bool:
        start.wait()
        return write(f"{number} {secrets.token_hex(8)}".encode())

    with ThreadPoolExecutor(RACERS) as pool:
        return sum(pool.map(race, range(RACERS)))
