"""Records what a build asks of the disk, in order: names made, moved and removed, and what was brought to the disk.

Used inside a forked process in the place of `Steps`. Beside operations it notes when an original's store returned and
when a request was on record, and keeps a copy of the journal's files at every operation.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.steps import Steps

_JOURNAL = ("journal.sqlite", "journal.sqlite-wal")
_ELSEWHERE = (".chargen/locks", ".chargen/chargen.log", ".chargen/cache", ".chargen/journal.sqlite", "remembered")


@dataclass
class Recorder(Steps):
    """Writes one JSON line for each operation to `path`, and the bytes they speak of beside it."""

    record: str = ""

    def install(self) -> None:
        """Record from now on, and what the program says of money."""
        super().install()
        from chargen.store.journal import Journal  # noqa: PLC0415 - only in the forked process
        from chargen.store.originals import Originals  # noqa: PLC0415 - as above

        self._after(Originals, "put", lambda stored: ("paid", stored[0].entry_id))
        self._after(Journal, "sent", lambda given: ("sent", given[0].task_id))

    def _after(self, owner: type, name: str, told: Callable[[tuple[Any, ...]], tuple[str, str]]) -> None:
        plain = getattr(owner, name)

        def recorded(this: Any, *given: Any, **named: Any) -> Any:
            result = plain(this, *given, **named)
            with self.lock:
                word, about = told(given)
                self._tell({"op": word, "path": about})
            return result

        setattr(owner, name, recorded)

    def at(self, operation: str, about: str) -> None:
        """Take what is not a patched call: a file that is about to be made."""
        if operation == "write" and self._ours(about):
            with self.lock:
                self._tell({"op": operation, "path": about.removeprefix(self.root)})

    def exchanging(self, one: str, other: str) -> None:
        """Two files are about to change places."""
        with self.lock:
            self._tell({"op": "exchange", "path": one.removeprefix(self.root), "other": other.removeprefix(self.root)})

    def _ours(self, about: str) -> bool:
        return (about + os.sep).startswith(self.root) and not any(name in about for name in _ELSEWHERE)

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(path: Any, *rest: Any, **named: Any) -> Any:
            about = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else self._absolute(path, named)
            if not self._ours(about):
                return call(path, *rest, **named)
            place = (about + os.sep).removeprefix(self.root).rstrip(os.sep)
            line = {"op": "rename" if name == "replace" else name, "path": place}
            if name in ("rename", "replace", "link"):
                line["other"] = self._absolute(rest[0], named).removeprefix(self.root)
            with self.lock:
                result = call(path, *rest, **named)
                if name == "fsync":
                    folder = os.path.isdir(f"/proc/self/fd/{path}")
                    line["op"] = "sync folder" if folder else "sync file"
                    if not folder:
                        line["blob"] = self._blob(Path(f"/proc/self/fd/{path}").read_bytes())
                self._tell(line)
            return result

        return watched

    def _tell(self, line: dict[str, Any]) -> None:
        folder = Path(self.root) / ".chargen"
        line["journal"] = [self._blob((folder / n).read_bytes()) for n in _JOURNAL if (folder / n).exists()]
        with open(f"{self.record}/operations", "a") as told:
            told.write(json.dumps(line) + "\n")

    def _blob(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = f"{self.record}/{name}"
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(data)
        return name
