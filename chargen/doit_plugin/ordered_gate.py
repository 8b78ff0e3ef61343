"""The ordered gate: images of one provider begin in plan order, so that requests leave in the order the plan shows.

Threads that are started together reach the provider's gate in any order. So each begins only when the one before it has
left (its request is on its way) or has ended without leaving. Nothing is slower for it: whoever is next is prepared
while the requests before it are under way.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable


class OrderedGate:
    """A queue of images by number, from 0; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[Hashable, int] = {}
        self._over: set[int] = set()
        self._waiting: dict[int, threading.Event] = {}
        """Those that stand in the queue, each woken by itself: of all who wait only one may go on."""
        self._next = 0

    def join(self, image: Hashable) -> None:
        """Give an image the next number."""
        with self._lock:
            self._numbers[image] = len(self._numbers)

    def wait(self, image: Hashable) -> None:
        """Return when every image before this one has passed."""
        with self._lock:
            number = self._numbers[image]
            if self._next >= number:
                return
            turn = self._waiting.setdefault(number, threading.Event())
        turn.wait()

    def release(self, image: Hashable) -> None:
        """Say that an image has left or ended; saying it again, or of an image without a number, changes nothing."""
        with self._lock:
            number = self._numbers.get(image)
            if number is None or number < self._next:
                return
            self._over.add(number)
            while self._next in self._over:
                self._over.discard(self._next)
                self._next += 1
            for turn in [turn for turn in self._waiting if turn <= self._next]:
                self._waiting.pop(turn).set()
