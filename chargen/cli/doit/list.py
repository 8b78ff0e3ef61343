"""`doit list`: every planned image with its verdict, and the author's own tasks. Writes nothing, waits for nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.cmd_list import (
    opt_list_dependencies,
    opt_list_private,
    opt_list_quiet,
    opt_list_status,
    opt_listall,
    opt_template,
)
from doit.task import Task

from chargen.cli.doit.command import ProjectCommand
from chargen.cli.output import is_word, to_stderr
from chargen.cli.tables import coloured, columns, dim, plural
from chargen.doit_plugin.names import TaskNames
from chargen.doit_plugin.own_tasks import own_only
from chargen.errors import StartError
from chargen.plan.cache.snapshot import stamped_targets, take_snapshot

if TYPE_CHECKING:
    from chargen.plan.plan import Plan, Shown

_ALL = {**opt_listall, "help": "list the sub-tasks of your own tasks too"}
_QUIET = {
    **opt_list_quiet,
    "help": "print names only; nothing is judged, so this is fast",
}
_STATUS = {**opt_list_status, "help": "print each with its verdict only, without reasons"}
_TEMPLATE = {**opt_template, "help": "print each with a template of {name}, {doc} and {status}"}


class List(ProjectCommand):
    """doit's `list` for projects whose tasks are images."""

    name = "list"
    doc_purpose = "list planned images with their verdicts, and your own tasks"
    cmd_options = (_ALL, _QUIET, _STATUS, opt_list_private, opt_list_dependencies, _TEMPLATE)

    def perform(self, params: Any, args: list[str]) -> int:
        """List what was named, or everything."""
        named, tasks = self.named(args)
        own = self._own(tasks, named, params) if named or not args else []
        if params["quiet"]:
            targets, others = list(self._targets(named)), [task.name for task in own]
            names = [*targets, *others]
            # A sub-task of the author's own is called `site:one`, whatever a shell makes of colons.
            words = [*filter(is_word, targets), *(name for name in others if is_word(name.replace(":", "")))]
            self.say(words)
            if left := len(names) - len(words):
                to_stderr(f"{plural(left, 'name')} left out that a shell would interpret; `doit list` shows all")
            return 0
        from chargen.plan.build_request import selectables  # noqa: PLC0415 - names alone need none of it

        plan = self._plan()
        meant = named.meant(selectables(plan)) if named else tuple(plan.by_id)
        images = [plan.by_id[entry_id] for entry_id in meant]
        statuses = {task.name: self._status(task, tasks) for task in own}
        if params["template"] is not None:
            self._by_template(params["template"], images, own, statuses)
            return 0
        rows = [*map(_image_row, images), *(_task_row(task, statuses[task.name]) for task in own)]
        if params["status"]:
            rows = [(verdict, name, "") for verdict, name, _ in rows]
        lines = [row.rstrip() for row in columns(rows)]
        if params["list_deps"]:
            needs = [*map(_image_needs, images), *(sorted(task.file_dep) for task in own)]
            pairs = zip(lines, needs, strict=True)
            lines = [line for row, files in pairs for line in (row, *(f" -  {file}" for file in files))]
        self.say(lines)
        for problem in plan.unplanned:
            to_stderr(str(problem))
        return 0

    def _plan(self) -> Plan:
        """Return the plan of everything; where nothing changed since the last one, without opening the project."""
        from chargen.plan.cache.files import kept_plan  # noqa: PLC0415 - as above

        snapshot = take_snapshot(Path.cwd(), os.environ)
        if snapshot is not None and (plan := kept_plan(snapshot)) is not None:
            return plan
        with self.session(read_only=True) as session:
            return session.planner(snapshot=snapshot).plan()

    def _own(self, tasks: list[Task], named: TaskNames, params: Any) -> Iterable[Task]:
        private, subtasks = params["private"], params["subtasks"]
        shown = [task for task in tasks if not named or task.name in named.own or task.subtask_of in named.own]
        return [
            task
            for task in shown
            if (private or not task.name.startswith("_"))
            and (subtasks or not task.subtask_of or task.name in named.own)
        ]

    def _targets(self, named: TaskNames) -> Iterator[str]:
        """Yield the targets of the images that are meant, read from the files without judging anything."""
        known = None if named else stamped_targets(Path.cwd(), os.environ)
        if known is not None:
            yield from known
            return
        with self.session(read_only=True) as session:
            images = session.planner().selectables()
        meant = frozenset(named.meant(images)) if named else None
        yield from (image.target for image in images if meant is None or image.id in meant)

    def _status(self, task: Task, tasks: list[Task]) -> str:
        if self.dep_manager.status_is_ignore(task):
            return "ignored"
        return str(self.dep_manager.get_status(task, {other.name: other for other in own_only(tasks)}).status)

    def _by_template(self, template: str, images: list[Shown], own: Iterable[Task], statuses: dict[str, str]) -> None:
        rows = [(image.target, image.title or image.id, image.verdict.value) for image in images]
        rows += [(task.name, task.doc or "", statuses[task.name]) for task in own]
        for name, doc, status in rows:
            try:
                text = template.format(name=name, doc=doc, status=status)
            except (LookupError, ValueError, AttributeError) as failure:
                hint = "write `{name}`, `{doc}` and `{status}`, and `{{` for a bracket"
                raise StartError(f"can't fill in `--template`: {failure}", hint=hint) from None
            self.say(text.split("\n"))


def _image_row(image: Shown) -> tuple[str, str, str]:
    from chargen.cli.plan_listing import reasons  # noqa: PLC0415 - names alone need none of it

    return coloured(image.verdict), image.target, dim("; ".join(reasons(image)))


def _task_row(task: Task, status: str) -> tuple[str, str, str]:
    return status, task.name, dim(task.doc or "")


def _image_needs(image: Shown) -> list[str]:
    return [image.prompt_file, *(reference.path for reference in image.references)]
