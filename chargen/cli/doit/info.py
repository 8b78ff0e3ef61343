"""`doit info TARGET`: why an image is up to date or not, what changed, what it depends on, what a new one costs.

As in stock doit the exit code says it too: 0 up to date, 1 not. Writes nothing, waits for nobody.
"""

from __future__ import annotations

from typing import Any

from doit.cmd_info import Info as StockInfo
from doit.task import Task

from chargen.actions.why import why
from chargen.cli.doit.command import ProjectCommand
from chargen.cli.tables import columns, dim
from chargen.cli.why import why_lines
from chargen.doit_plugin.own_tasks import own_only
from chargen.errors import ExitCode, StartError
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner


class Info(ProjectCommand, StockInfo):  # type: ignore[misc]
    """doit's `info` for projects whose tasks are images."""

    name = "info"
    doc_purpose = "show why an image is up to date or not, and what it depends on"
    doc_usage = "TASK ..."
    cmd_options = ()

    def perform(self, params: Any, args: list[str]) -> int:
        """Tell about everything that was named."""
        del params
        if not args:
            raise StartError("`info` needs names", hint="`doit list` shows them")
        named, tasks = self.named(args)
        codes: list[int] = [ExitCode.DONE]
        with self.session(read_only=True) as session:
            planner = session.planner()
            for number, image in enumerate(planner.images(named.meant(planner.selectables()))):
                self.say([*([""] if number else []), *why_lines(why(session, planner, image))])
                self._depends(planner, image)
                codes.append(ExitCode.FAILED if image.is_due else ExitCode.DONE)
        codes += [self._own(name, tasks) for name in named.own]
        return max(codes)

    def _depends(self, planner: Planner, image: Planned) -> None:
        """List the composed prompt and the references, each with how it stands."""
        if image.composed is None:
            return
        prompt = "written" if planner.project.path(image.prompt_file).is_file() else "written before it is built"
        rows = [("  " + image.prompt_file, dim(prompt))]
        for reference in image.references:
            planned = planner.portrait(reference.entry_id) if reference.entry_id else None
            rows.append(("  " + reference.path, dim(planned.verdict.value if planned else "a file")))
        self.say(["", "depends on", *columns(rows)])

    def _own(self, name: str, tasks: list[Task]) -> int:
        self.task_list = own_only(tasks)
        return int(StockInfo._execute(self, [name]))  # noqa: SLF001 - for an own task it stays doit's own
