"""What the file system says of many files at once, as texts that change whenever a file changes.

Laws: links are followed; where a folder on the way is one, or it leads to nothing, it is told where it leads; what
can't be looked at counts as absent; a signature says nothing of a file that changed within `RACY_NS` before it was
taken, because a second change could fall into the same tick of the clock. Must not know what the files mean.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

RACY_NS = 2_000_000_000
"""The coarsest time stamps of file systems in use (FAT) tick every two seconds."""

_ABSENT = "-"


def is_absent(signature: str) -> bool:
    """Say whether there is no file of this signature."""
    return signature.startswith(_ABSENT)


class Signatures:
    """Signatures of files below `root`, each file looked at once; paths are relative to it with `/`."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip(os.sep) + os.sep
        """With a separator at its end."""
        self._known: dict[str, str] = {}
        self._led_to: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return the signature of one file: its size, both times and inode, or that it is absent (`is_absent`)."""
        found = self._known.get(path)
        if found is None:
            folder = path.rpartition("/")[0]
            led = self._led_to.get(folder)
            if led is None:
                led = self._led(folder)
            try:
                status = os.stat(self.root + path)  # noqa: PTH116 - asked ten thousand times in a run
            except (OSError, ValueError):
                full = self.root + path
                found = f"{_ABSENT}{led} {os.path.realpath(full)}" if os.path.islink(full) else f"{_ABSENT}{led}"  # noqa: PTH114
            else:
                found = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}{led}"
            self._known[path] = found
        return found

    def digest_of(self, paths: Iterable[str]) -> str:
        """Return one digest over the signatures of several files, in the order given."""
        return hashlib.sha256("\n".join(map(self.of, paths)).encode()).hexdigest()

    def newest(self, paths: Iterable[str]) -> int:
        """Return when the last of these files changed, in nanoseconds since the epoch.

        For an absent file it is when the nearest folder above it that is there changed: it may have stood in it.
        """
        newest = 0
        for path in paths:
            place = path
            text = self.of(place)
            while is_absent(text) and place:
                place = place.rpartition("/")[0]
                text = self.of(place or ".")
            if not is_absent(text):
                newest = max(newest, *map(int, text.split()[1:3]))
        return newest

    def _led(self, folder: str) -> str:
        """Say where a folder is that links lead to; nothing where it is no link and lies behind none."""
        full = self.root + folder
        is_led = folder != "" and (os.path.islink(full) or self._led(folder.rpartition("/")[0]) != "")  # noqa: PTH114
        found = self._led_to[folder] = f" {os.path.realpath(full)}" if is_led else ""
        return found
