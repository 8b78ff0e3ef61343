"""Holds requests back where their replies could not be kept: what no disk takes must not be bought.

Laws: nothing leaves while the place of the originals can't be written to, or has no room for what the images being made
may take; nothing more leaves in a run once a reply could not be stored; replies already on their way are still taken.
Must not know what is sent.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field

from chargen.errors import ChargenError, InputError, Position, error

BYTES_A_PIXEL = 2 * 4
"""What an image takes at most: four bytes a pixel, as noise with transparency does, as delivered and as published. What
comes larger than it was asked for comes as JPEG, with a byte a pixel and less."""
REST = 2 << 20
"""Bytes for an image's record, its slots and what is written of its run."""


class DiskGuard(Struct):
    """Whether replies can be kept, for one run of the project at `root`. Safe to use from threads."""

    root: Path
    folder: Path
    failure: str = ""
    _held: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def room(self, pixels: int) -> Iterator[None]:
        """Count on an image of so many pixels being written in the block."""
        need = BYTES_A_PIXEL * pixels + REST
        with self._lock:
            self._held += need
        try:
            yield
        finally:
            with self._lock:
                self._held -= need

    def check(self) -> None:
        """Raise InputError where a reply could not be kept."""
        place = self.folder
        while not place.exists():
            place = place.parent
        shown = place.relative_to(self.root).as_posix() if place.is_relative_to(self.root) else str(place)
        if self.failure:
            hint = "fix that, then run again: the images not sent for cost nothing"
            message = f"not sent: the reply for another image could not be stored: {self.failure}"
            raise InputError(error(message, hint=hint))
        if not os.access(place, os.W_OK | os.X_OK):
            hint = "check who owns this path, its permissions, and that its file system is writable"
            raise InputError(error("not sent: a reply could not be stored here", Position(shown), hint))
        free = shutil.disk_usage(place).free
        if free < self._held:
            need = f"{-(-self._held >> 20)} MiB that the images being made may take"
            message = f"not sent: {free >> 20} MiB are free on this disk, less than the {need}"
            raise InputError(error(message, Position(shown), "free some space, then run again"))

    def failed(self, failure: ChargenError) -> None:
        """Note that a reply could not be stored."""
        self.failure = self.failure or failure.problems[0].message
