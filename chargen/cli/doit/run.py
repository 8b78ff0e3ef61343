"""`doit [run]`: build what is missing or out of date, or what is named."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from doit import get_initial_workdir
from doit.cmd_run import Run as StockRun
from doit.cmd_run import opt_always, opt_outfile, opt_verbosity
from doit.exceptions import InvalidCommand
from doit.task import Stream

from chargen.app.build import Build, open_build
from chargen.app.doit.run import run_tasks
from chargen.app.doit.tasks import opened, use
from chargen.app.ordering import Order
from chargen.cli.progress import bar_for
from chargen.cli.run_report import RunReport
from chargen.core.selection import Selection
from chargen.errors import ChargenError, StartError

_REBUILD = {
    "name": "rebuild",
    "short": "",
    "long": "rebuild",
    "type": list,
    "default": [],
    "help": "build this image anew whatever it is, also if locked or painted over; may be repeated",
}
_BUDGET = {
    "name": "budget",
    "short": "",
    "long": "budget",
    "type": str,
    "default": "",
    "help": "spend at most so many USD in this run",
}
_NO_RESUME = {
    "name": "no_resume",
    "short": "",
    "long": "no-resume",
    "type": bool,
    "default": False,
    "help": "try again what was refused with the same inputs",
}
_NO_WAIT = {
    "name": "no_wait",
    "short": "",
    "long": "no-wait",
    "type": bool,
    "default": False,
    "help": "fail if another process is building this project, instead of waiting",
}


class Run(StockRun):  # type: ignore[misc]
    """doit's `run` for projects whose tasks are images."""

    name = "run"
    cmd_options = (opt_always, opt_verbosity, opt_outfile, _REBUILD, _BUDGET, _NO_RESUME, _NO_WAIT)

    def execute(self, params: Any, args: list[str]) -> int:
        """Open the run as it was asked for, let doit make the tasks, run them."""
        try:
            order = _order(params, args)
            use(lambda: open_build(Path.cwd(), _here(order), on_wait=_waiting))
            return int(super().execute(params, args) or 0)
        except ChargenError as failure:
            sys.stderr.write(f"{failure}\n")
            return failure.exit_code
        finally:
            if (build := opened()) is not None:
                build.close()

    def _execute(
        self,
        outfile: Any,
        verbosity: Any = None,
        always: bool = False,
        rebuild: Any = (),
        budget: str = "",
        no_resume: bool = False,
        no_wait: bool = False,
    ) -> int:
        del always, rebuild, budget, no_resume, no_wait  # they are part of the order the build was opened with
        build = opened()
        if build is None:  # a `dodo.py` without the tasks of images
            raise StartError("this `dodo.py` has no images", hint="import `task_images` from `chargen.app.doit` in it")
        selected = _selected(build, self.task_list, self.sel_tasks)
        out = Path(outfile).open("w", encoding="utf-8") if isinstance(outfile, str) else outfile
        try:
            report = RunReport(out, build, bar_for(out))
            return run_tasks(
                build, self.task_list, selected, report, dep_manager=self.dep_manager, stream=Stream(verbosity)
            )
        finally:
            if out is not outfile:
                out.close()


def _order(params: Any, args: list[str]) -> Order:
    if params["always"] and not args:
        raise StartError("`-a` needs names: it builds the named images although they are fresh", hint="`chargen plan`")
    return Order(
        selection=Selection(terms=tuple(args)),
        rebuild=tuple(params["rebuild"]),
        again=tuple(args) if params["always"] else (),
        budget=_amount(params["budget"]),
        resume=not params["no_resume"],
        wait=not params["no_wait"],
    )


def _here(order: Order) -> Order:
    """Complete an order once doit stands in the project's folder: where names may be written from."""
    started, root = Path(get_initial_workdir() or Path.cwd()), Path.cwd()
    within = started.relative_to(root).as_posix() if started.is_relative_to(root) else ""
    return replace(order, selection=replace(order.selection, within="" if within == "." else within))


def _selected(build: Build, tasks: list[Any], named: list[str] | None) -> list[str]:
    """Return the tasks to run: the images of the run, and what was named of the author's own tasks (all by default)."""
    own = [task.name for task in tasks if task.name not in build.targets and not task.subtask_of]
    if not named:
        return [image.target for image in build.chosen] + [name for name in own if name != "images"]
    return [image.target for image in build.chosen] + [name for name in own if name in named]


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        raise InvalidCommand(f"--budget takes an amount in USD, not {text!r}") from None
    return amount


def _waiting(pid: int | None) -> None:
    who = f"process {pid}" if pid else "another process"
    sys.stderr.write(f"{who} is building this project; waiting for it (`--no-wait` fails instead)\n")
    sys.stderr.flush()
