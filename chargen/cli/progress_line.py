"""A line on a terminal that shows how far a build is: below those that scroll past, drawn again with each of them."""

from __future__ import annotations

import threading
import time
from typing import TextIO

from chargen.cli.output import discard, say

_REDRAW = 0.25
"""Seconds between two drawings of the line for what only a server says."""
_BAR = 30
"""Cells of a whole bar."""


class ProgressLine:
    """A line on a terminal below those that scroll past: a bar, how many are done and failed, time gone and left."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown = 0
        self._total = self._done = self._failed = 0
        self._started = time.monotonic()
        self._lock = threading.RLock()
        """Held while the line changes; a signal may come in between, on the thread that holds it."""
        self._at_work = ""
        self._drawn = 0.0

    def start(self, total: int) -> None:
        """Show the line for so many images."""
        self._total = total
        self._draw()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more image."""
        with self._lock:
            self._done += 1
            self._failed += failed
            self._at_work = ""
            self._draw()

    def at_work(self, entry_id: str, done: float) -> None:
        """Show how far an image is, a few times a second; from any thread."""
        with self._lock:
            self._at_work = f", {entry_id.rpartition('/')[2]} {done:.0%}"
            if self._shown and time.monotonic() - self._drawn >= _REDRAW:
                self._draw()

    def paused(self, provider: str, seconds: float) -> None:
        """Show that a provider is sent nothing for a while, until an image is done; from any thread."""
        with self._lock:
            self._at_work = f", {provider} asked for a pause of {max(seconds, 1):.0f} s"
            if self._shown:
                self._draw()

    def say(self, text: str) -> None:
        """Write lines above this one."""
        with self._lock:
            self.clear()
            say(text.split("\n"), self._out)
            self._draw()

    def clear(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._shown:
                self._write(f"\r{' ' * self._shown}\r")
                self._shown = 0

    def _draw(self) -> None:
        with self._lock:
            if not self._total:
                return
            self.clear()
            self._drawn = time.monotonic()
            text = self._text(self._drawn - self._started)
            self._write(text)
            self._shown = len(text)

    def _write(self, text: str) -> None:
        """Write a part of a line; a terminal that is gone takes no more, and the build goes on."""
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            discard(self._out)

    def _text(self, gone: float) -> str:
        filled = _BAR * self._done // self._total
        text = (
            f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done}/{self._total}, {self._failed} failed, {_clock(gone)}"
        )
        if 0 < self._done < self._total:
            text += f", {_clock(gone / self._done * (self._total - self._done))} left"
        return text + self._at_work


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
