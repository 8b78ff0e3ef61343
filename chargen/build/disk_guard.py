"""Holds requests back where their replies could not be kept: what no disk takes must not be bought.

Laws: nothing leaves while the place of the originals can't be written to or is nearly full, and nothing more leaves in
a run once a reply could not be stored; replies already on their way are still taken. Must not know what is sent.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from chargen.errors import ChargenError, InputError, Position, error

LEAST_FREE = 64 << 20
"""Bytes that must be free for a request to leave: room for the replies of many workers, each a few megabytes as
delivered and again as published."""


@dataclass(slots=True)
class DiskGuard:
    """Whether replies can be kept, for one run of the project at `root`. Safe to use from threads."""

    root: Path
    folder: Path
    failure: str = ""

    def check(self) -> None:
        """Raise InputError where a reply could not be kept."""
        place = self.folder
        while not place.exists():
            place = place.parent
        shown = place.relative_to(self.root).as_posix() if place.is_relative_to(self.root) else str(place)
        if self.failure:
            hint = "mend that, then run again: the images not sent for cost nothing"
            message = f"not sent: the reply for another image could not be stored: {self.failure}"
            raise InputError(error(message, hint=hint))
        if not os.access(place, os.W_OK | os.X_OK):
            hint = "check who owns this path, its permissions, and that its file system is writable"
            raise InputError(error("not sent: a reply could not be stored here", Position(shown), hint))
        free = shutil.disk_usage(place).free
        if free < LEAST_FREE:
            message = f"not sent: only {free >> 20} MiB are free on this disk, less than the {LEAST_FREE >> 20} needed"
            raise InputError(error(message, Position(shown), "free some space, then run again"))

    def failed(self, failure: ChargenError) -> None:
        """Note that a reply could not be stored."""
        self.failure = self.failure or failure.problems[0].message
