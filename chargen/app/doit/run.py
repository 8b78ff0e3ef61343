"""Running a build through doit: tasks into doit's dispatcher, outcomes into the program's exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.control import TaskControl
from doit.dependency import Dependency
from doit.task import Stream, Task, dict_to_task

from chargen.app.build import Build
from chargen.app.doit.config import DOIT_CONFIG
from chargen.app.doit.runner import INTERRUPTED, ImageRunner
from chargen.app.doit.states import ContentChecker, RecordStates, images
from chargen.app.doit.tasks import task_of

FAILED = 1
"""Exit code of a run in which an image failed or is blocked (docs/design.md, failure classes)."""


def image_tasks(build: Build) -> list[Task]:
    """Make the doit tasks of a build's images."""
    images.tell(frozenset(image.target for image in build.plan.images))
    tasks = []
    for image in build.chosen:
        values = task_of(build, image)
        values["name"] = values.pop("basename")
        tasks.append(dict_to_task(values))
    return tasks


def run_tasks(
    build: Build,
    tasks: Iterable[Task],
    selected: Sequence[str] | None,
    reporter: Any,
    *,
    dep_manager: Any = None,
    stream: Any = None,
) -> int:
    """Run tasks and return the exit code. `selected` are task names, None for all."""
    if dep_manager is None:
        path = build.project.path(DOIT_CONFIG["dep_file"])
        dep_manager = Dependency(RecordStates, str(path), checker_cls=ContentChecker)
    control = TaskControl(list(tasks))
    control.process(selected if selected is None else list(selected))
    ids = {image.target: image.id for image in build.plan.images}
    runner = ImageRunner(dep_manager, reporter, build=build, ids=ids, stream=stream or Stream(0))
    runner.run_all(control.task_dispatcher())
    return exit_code(build, runner.others, interrupted=runner.interrupted)


def exit_code(build: Build, others: int, *, interrupted: bool) -> int:
    """Turn what happened into an exit code; `others` is doit's own for tasks that are no images."""
    if interrupted:
        return INTERRUPTED
    return FAILED if build.failed else others
