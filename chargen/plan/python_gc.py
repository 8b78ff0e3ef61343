"""Python's cycle collector at rest while thousands of values are made that all stay. Light to import."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_OFTEN = 120
"""Rests after which everything is collected: no command has so many, a page and a watch go on for hours.

Of a book of ten thousand images that takes a second, and each question of a page has about eight rests.
"""

_rests = count(1)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector from walking thousands of living nodes again and again.

    Afterwards they count as old, so that its next look at the young ones does not walk them either. What counts as old
    so is not looked at by itself any more: in a process that goes on, all of it is now and then.
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
            if next(_rests) % _OFTEN == 0:
                gc.collect()
