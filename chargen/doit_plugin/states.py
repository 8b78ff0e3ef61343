"""doit's view of what is up to date: for images their records, for an author's own tasks doit's database.

Laws: for an image's task nothing is ever written (doit calls `remove` for every failure and unmet dependency, also of
images that are fresh, so a state it could lose would be bought again); an author's own tasks keep their states in a
JSON file, compared by size, time and content. The file is read when a state is first asked for, which is after the
project's lock was taken, and replaced as a whole; a damaged one counts as empty, so at worst a task runs again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from doit.dependency import DatabaseException, FileChangedChecker, JsonDB

from chargen.store.files import hash_file, write_durably

JUDGED = "judged by its record"
"""The state of every dependency of an image: whether it changed is the judge's to say, through `uptodate`."""


class RecordStates(JsonDB):  # type: ignore[misc]
    """The dependency database: image tasks have constant states, all others those of doit's JSON file."""

    desc = "states of images from their records, of other tasks from a JSON file"

    def __init__(self, name: str, codec: Any, module_name: str | None = None) -> None:
        # JsonDB's own start would read the file at once, before another process that holds the project has written it.
        del module_name
        self.name = name
        self.codec = codec
        self._states: dict[str, dict[str, Any]] | None = None
        self._changed = False

    @property
    def _db(self) -> dict[str, dict[str, Any]]:
        if self._states is None:
            try:
                found = self._load() if Path(self.name).exists() else {}
            except (DatabaseException, OSError):
                found = {}
            known = found.items() if isinstance(found, dict) else ()
            self._states = {name: states for name, states in known if isinstance(states, dict)}
        return self._states

    @_db.setter
    def _db(self, states: dict[str, dict[str, Any]]) -> None:
        self._states = states

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
            write_durably(Path(self.name).absolute(), str(self.codec.encode(self._db)).encode())


class _Images:
    """Which task names are images, set when tasks are made, before doit asks for any state."""

    def __init__(self) -> None:
        self._targets: frozenset[str] = frozenset()

    def set(self, targets: frozenset[str]) -> None:
        """Say which targets the plan has."""
        self._targets = targets

    def known(self, task_id: str) -> bool:
        """Say whether a task is an image's."""
        return task_id in self._targets


images = _Images()
"""doit makes the database before the tasks and passes it nothing, so what is an image is set here. One per process:
a process works on one project."""


class ContentChecker(FileChangedChecker):  # type: ignore[misc]
    """Says whether a file changed: by size and time (in nanoseconds) first, then by its content."""

    CheckerError = OSError

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: Any) -> bool:
        """Compare a file with its saved state; an image's dependencies are judged elsewhere."""
        if state == JUDGED:
            return False
        if not isinstance(state, list) or len(state) != 3:
            return True  # saved by another checker
        size, mtime_ns, digest = state
        if (file_stat.st_size, file_stat.st_mtime_ns) == (size, mtime_ns):
            return False
        return bool(file_stat.st_size != size or hash_file(file_path)[0] != digest)

    def get_state(self, dep: str, current_state: Any) -> Any:
        """Return the state to save of a file, or None where the saved one is still right (an image's always is)."""
        if current_state == JUDGED:
            return None
        status = os.stat(dep)  # noqa: PTH116 - doit deals in path texts
        if isinstance(current_state, list) and current_state[:2] == [status.st_size, status.st_mtime_ns]:
            return None
        return [status.st_size, status.st_mtime_ns, hash_file(dep)[0]]
