"""Running a build through doit: tasks into doit's dispatcher, outcomes into the program's exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.control import TaskControl
from doit.dependency import Dependency
from doit.task import Stream, Task

from chargen.build.run import Build
from chargen.config.layout import DOIT_STATES
from chargen.config.project import Project
from chargen.doit_plugin.own_tasks import order_by_paths
from chargen.doit_plugin.runner import ImageRunner
from chargen.doit_plugin.states import ContentChecker, RecordStates, images
from chargen.doit_plugin.tasks import made, needed_tasks, task_of, with_group
from chargen.errors import ExitCode


def image_tasks(build: Build) -> list[Task]:
    """Make the doit tasks of a build's images."""
    images.set(build.targets)
    return [made(task_of(build, image)) for image in build.chosen]


def states_of(project: Project) -> Dependency:
    """Open the database of doit in which an author's own tasks have their states."""
    return Dependency(RecordStates, str(project.path(DOIT_STATES)), checker_cls=ContentChecker)


def run_tasks(
    build: Build,
    tasks: Iterable[Task],
    own: Sequence[str] | None,
    reporter: Any,
    *,
    dep_manager: Any = None,
    stream: Any = None,
) -> int:
    """Run the images of a build and tasks of an author's own, and return the exit code.

    `own` are names of own tasks, each followed by its options as doit takes them; None for all own tasks in `tasks`.
    """
    ids = {image.target: image.id for image in build.plan.images}
    every = with_group(build, tasks)
    every += needed_tasks(build, every)
    others = [task for task in every if task.name not in ids]
    order_by_paths(others, {task.name for task in every if task.name in ids})
    if own is None:
        own = [task.name for task in others if not task.subtask_of]
    control = TaskControl(every)
    control.process([*(image.target for image in build.chosen), *own])
    runner = ImageRunner(
        dep_manager or states_of(build.project), reporter, build=build, ids=ids, stream=stream or Stream(0)
    )
    runner.run_all(control.task_dispatcher())
    if runner.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if build.has_errors else runner.others
