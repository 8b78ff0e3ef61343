"""Reading what is remembered of a plan: what the index says of files, and the rows of their images.

Light to import: a plan of which nothing changed is read with this alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chargen.plan.memo.index import ROWS, Index, Remembered, Told, digest, read_cache
from chargen.plan.memo.rows import About, about_from_json, planned
from chargen.plan.plan import Planned


class Memory:
    """What is remembered: what an index says, and the rows beside it, read when they are first asked for."""

    def __init__(self, root: Path, index: Index | None = None) -> None:
        self._root = root
        self._index = index
        self._about: dict[str, About] = {}
        self._lines: dict[str, bytes] | None = None
        self.files: Mapping[str, Remembered] = index.files if index else {}
        self.cast: Mapping[str, str] = index.cast if index else {}
        self.portraits: Mapping[str, str] = index.portraits if index else {}
        self.told: Sequence[Told] = index.told if index else ()

    def about(self, file: str) -> About:
        """Return what other files ask of one. Raises one of `MALFORMED`."""
        if file not in self._about:
            self._about[file] = about_from_json(self.files[file].about)
        return self._about[file]

    def ids(self, file: str) -> list[str]:
        """Return the ids of a file's images, in file order."""
        return self._index.ids(file) if self._index else []

    def line(self, file: str) -> bytes:
        """Return the rows of a file's images as they are written. Raises one of `MALFORMED`."""
        if self._lines is None:
            self._lines = self._read()
        return self._lines[file]

    def rows(self, file: str) -> list[Any]:
        """Return the rows of a file's images. Raises one of `MALFORMED`."""
        found = json.loads(self.line(file))
        if type(found) is not list or [row[0] for row in found] != self.ids(file):
            raise ValueError("rows of other images")
        return found

    def images(self, file: str) -> list[Planned]:
        """Return a file's images, without prompts. Raises one of `MALFORMED`."""
        generated = self._index.generated if self._index else ""
        return planned(file, self.about(file).kind, self.rows(file), generated)

    def _read(self) -> dict[str, bytes]:
        data = read_cache(self._root / ROWS)
        if data is None or self._index is None or digest(data) != self._index.rows:
            raise ValueError("rows of another index")
        return dict(zip(self.files, data.split(b"\n") if self.files else (), strict=True))
