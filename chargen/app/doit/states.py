"""doit's view of what is up to date: for images their records, for an author's own tasks doit's database.

Laws: for an image's task nothing is ever written (doit calls `remove` for every failure and unmet dependency, also of
images that are fresh, so a state it could lose would be bought again); an author's own tasks keep their states in a
JSON file, compared by size, time and content.
"""

from __future__ import annotations

import os
from typing import Any

from doit.dependency import FileChangedChecker, JsonDB

from chargen.edge.hashes import hash_file

JUDGED = "judged by its record"
"""The state of every dependency of an image: whether it changed is the judge's to say, through `uptodate`."""


class RecordStates(JsonDB):  # type: ignore[misc]
    """The dependency database: image tasks have constant states, all others those of doit's JSON file."""

    desc = "states of images from their records, of other tasks from a JSON file"

    def __init__(self, name: str, codec: Any, module_name: str | None = None) -> None:
        del module_name
        super().__init__(name, codec)
        self._changed = False

    def get(self, task_id: str, dependency: str) -> Any:
        """Return a saved state; for an image, that each file it depends on is judged elsewhere."""
        if images.known(task_id):
            return None if dependency.endswith(":") else JUDGED
        return super().get(task_id, dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Save a state; for an image nothing."""
        if not images.known(task_id):
            self._changed = True
            super().set(task_id, dependency, value)

    def remove(self, task_id: str) -> None:
        """Forget a task's states; for an image nothing."""
        if not images.known(task_id):
            self._changed = True
            super().remove(task_id)

    def remove_all(self) -> None:
        """Forget the states of all tasks that are no images."""
        self._changed = True
        super().remove_all()

    def dump(self) -> None:
        """Write the JSON file if a state of an author's own task changed."""
        if self._changed:
            super().dump()


class _Images:
    """Which task names are images; told when tasks are made, before doit asks for any state."""

    def __init__(self) -> None:
        self._targets: frozenset[str] = frozenset()

    def tell(self, targets: frozenset[str]) -> None:
        """Say which targets the plan has."""
        self._targets = targets

    def known(self, name: str) -> bool:
        """Say whether a task makes an image."""
        return name in self._targets


images = _Images()


class ContentChecker(FileChangedChecker):  # type: ignore[misc]
    """Says whether a file changed: by size and time (in nanoseconds) first, then by its content."""

    CheckerError = OSError

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: Any) -> bool:
        """Compare a file with its saved state; an image's dependencies are judged elsewhere."""
        if state == JUDGED:
            return False
        size, mtime_ns, digest = state
        if (file_stat.st_size, file_stat.st_mtime_ns) == (size, mtime_ns):
            return False
        return bool(file_stat.st_size != size or hash_file(file_path)[0] != digest)

    def get_state(self, dep: str, current_state: Any) -> Any:
        """Return the state to save of a file, or None where the saved one is still right."""
        status = os.stat(dep)  # noqa: PTH116 - doit deals in path texts
        if current_state and list(current_state[:2]) == [status.st_size, status.st_mtime_ns]:
            return None
        return [status.st_size, status.st_mtime_ns, hash_file(dep)[0]]
