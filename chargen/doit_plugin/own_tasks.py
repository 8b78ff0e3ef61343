"""An author's own tasks among those that doit makes of `dodo.py`. Works on doit's tasks, runs none; light to import."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Sequence

from doit.task import Task

IMAGES = "images"
"""The name of all images together, where no own task has it: doit's own, of what `task_images` makes."""


def own_tasks(tasks: Iterable[Task]) -> list[Task]:
    """Leave out the empty group that doit makes for a function that yields no tasks, as that of the images here."""
    return [task for task in tasks if task.actions or task.task_dep or task.loader or not task.has_subtask]


def own_only(tasks: Iterable[Task]) -> list[Task]:
    """Take images out of what own tasks depend on, for the commands that look up every dependency among own tasks."""
    found = list(tasks)
    known = {task.name for task in found}
    for task in found:
        task.task_dep = [name for name in task.task_dep if name in known]
        task.setup_tasks = [name for name in task.setup_tasks if name in known]
    return found


def order_by_paths(tasks: Sequence[Task], images: Container[str]) -> None:
    """Let own tasks wait for `images` however they write a path (`./generated/a.png`); doit compares texts."""
    for task in tasks:
        for path in map(posixpath.normpath, task.file_dep):
            if path in images and path not in task.task_dep:
                task.task_dep.append(path)
