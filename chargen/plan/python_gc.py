"""Python's cycle collector at rest while thousands of values are made that all stay. Light to import."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector from walking thousands of living nodes again and again.

    Afterwards they count as old, so that its next look at the young ones does not walk them either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.unfreeze()
            gc.enable()
