"""Planned images as doit tasks: named by their target, each with one action that ends when its slots are written.

Laws: an image's task declares its composed prompt and the references that exist or are built; its action touches no
standard stream, because swapping `sys.stdout` is seen by all threads; `doit clean` never removes an image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeAlias

from doit.action import BaseAction
from doit.exceptions import InvalidDodoFile, TaskFailed
from doit.task import Task, dict_to_task

from chargen.doit_plugin.own_tasks import IMAGES, own_tasks
from chargen.doit_plugin.states import images
from chargen.errors import ChargenError, printable
from chargen.model.reason import sentences
from chargen.model.values import EntryId

if TYPE_CHECKING:  # an up-to-date run makes no tasks, and must not wait for what making them needs
    from chargen.build.run import Build
    from chargen.doit_plugin.stock import StockBuild
    from chargen.plan.choice import LeftOut
    from chargen.plan.plan import Shown


TaskSource: TypeAlias = "Build | StockBuild"
"""What tasks are made from: an own command's build, or the one of doit's stock commands."""


@dataclass(slots=True)
class _Held:
    """Whether an own command makes the tasks of images itself, and whether `dodo.py` has asked for them."""

    holding: bool = False
    asked: bool = False


_held = _Held()


@contextmanager
def held_back() -> Iterator[Callable[[], bool]]:
    """Make no tasks of images while an own command reads `dodo.py`: it makes them itself, once it is known which.

    Gives a function that says whether tasks of images were asked for.
    """
    _held.holding, _held.asked = True, False
    try:
        yield lambda: _held.asked
    finally:
        _held.holding = False


def task_images() -> Iterator[dict[str, Any]]:
    """Yield a task for every image, for doit's stock commands; for an own command note that there are images."""
    _held.asked = True
    if _held.holding:
        return
    from chargen.doit_plugin.stock import StockBuild  # noqa: PLC0415 - see above

    try:
        making = StockBuild.open()
    except ChargenError as failure:
        raise InvalidDodoFile(str(failure)) from None  # a stock command shows a traceback of anything else
    images.set(frozenset(image.target for image in making.plan.images))
    for image in making.chosen:
        yield task_of(making, image)
    for image in making.untouched:
        yield quiet_task(making, image)


def task_of(making: TaskSource, image: Shown) -> dict[str, Any]:
    """Make the task of one image, as doit's dictionaries are."""
    return {
        "basename": image.target,
        "doc": image.title or image.id,
        "actions": [_Step(making.build, image.id)],
        "file_dep": [image.prompt_file, *_files(making, image)],
        "targets": [image.target],
        "uptodate": [_Judged(making, image)],
        "io": {"capture": False},
        "title": _title,
    }


def quiet_task(making: TaskSource, image: Shown) -> dict[str, Any]:
    """Make a task for an image that needs nothing, so that others may name it."""
    there = making.project.path(image.target).exists()
    values = {"basename": image.target, "doc": image.title or image.id, "actions": [], "uptodate": [True]}
    return {**values, "targets": [image.target] if there else [], "io": {"capture": False}}


def made(values: dict[str, Any]) -> Task:
    """Make a task of `task_of` into doit's object."""
    return dict_to_task({"name": values["basename"], **{key: values[key] for key in values if key != "basename"}})


def left_out_task(item: LeftOut) -> Task:
    """Make a task that fails in an orderly way, so that nothing is built on an image that was left out."""
    values = {"name": item.image.target, "actions": [_Step(lambda _id: item.reason, item.image.id)]}
    return dict_to_task({**values, "targets": [item.image.target], "uptodate": [False], "io": {"capture": False}})


def with_group(build: Build, tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks with one of all images of the run together, if an own task names it and none has its name.

    It fails with any of them, and where one was left out, so that what needs them all is not made of some.
    """
    every = [task for task in tasks if task.name != IMAGES or own_tasks([task])]  # doit makes an empty one of no images
    named = any(IMAGES in (*task.task_dep, *task.setup_tasks, *task.calc_dep) for task in every)
    if named and all(task.name != IMAGES for task in every):
        needs = [image.target for image in build.chosen] + [item.image.target for item in build.left_out]
        every.append(Task(IMAGES, None, task_dep=needs, has_subtask=True))
    return every


def needed_tasks(build: Build, tasks: Sequence[Task]) -> Iterator[Task]:
    """Yield tasks for images that tasks of an author's own name and that have none yet: fresh, or left out."""
    if not tasks:
        return
    present = {task.name for task in tasks}
    left = {item.image.target: item for item in build.left_out}
    known = {image.target: image for image in build.plan.images}
    for task in tasks:
        if task.name in known:
            continue
        meant = (name for name in left if any(fnmatchcase(name, pattern) for pattern in task.wild_dep))
        for name in (*task.task_dep, *task.setup_tasks, *task.calc_dep, *task.file_dep, *meant):
            if name not in present and (name in left or (name in known and name not in task.file_dep)):
                present.add(name)
                yield left_out_task(left[name]) if name in left else made(task_of(build, known[name]))


class _Judged:
    """Says whether an image needs nothing; doit shows it as a reason."""

    def __init__(self, making: TaskSource, image: Shown) -> None:
        self._making = making
        self._image = image

    def __call__(self) -> bool:
        return self._making.is_up_to_date(self._image.id)

    def __repr__(self) -> str:
        reasons = sentences(self._image.reasons)
        return f"{self._image.verdict.value}{': ' if reasons else ''}{printable(reasons)}"


class _Step(BaseAction):  # type: ignore[misc]
    """An image's action. doit's own action for functions would swap the standard streams around it."""

    def __init__(self, step: Callable[[EntryId], str | None], entry_id: EntryId) -> None:
        self._step = step
        self._entry_id = entry_id
        self.task: Task | None = None
        self.out = self.err = self.result = None
        self.values: dict[str, Any] = {}

    def execute(self, out: Any = None, err: Any = None) -> TaskFailed | None:
        """Do it; a failure is doit's orderly one, an exception would be printed with a traceback."""
        del out, err
        message = self._step(self._entry_id)
        return None if message is None else TaskFailed(message)

    def __str__(self) -> str:
        return f"{self._step.__name__} {self._entry_id}"


def _files(making: TaskSource, image: Shown) -> Iterator[str]:
    for reference in image.references:
        if reference.entry_id is not None or making.project.path(reference.path).is_file():
            yield reference.path


def _title(task: Any) -> str:
    return str(task.name)
