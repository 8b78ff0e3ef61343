"""`doit [run]`: build what is missing or out of date, or what is named."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from doit.cmd_run import opt_always, opt_outfile, opt_verbosity
from doit.task import Stream, Task

from chargen.cli.doit.command import ProjectCommand
from chargen.cli.output import say, to_stderr, waiting_or_not
from chargen.cli.problems import standing_lines
from chargen.errors import StartError
from chargen.model.values import MOST_VARIANTS, NUMBERS_OF_VARIANTS
from chargen.plan.cache.snapshot import Snapshot, take_snapshot
from chargen.plan.python_gc import collector_paused
from chargen.store.places import name_inside

if TYPE_CHECKING:
    from decimal import Decimal

    from chargen.build.run import Build
    from chargen.doit_plugin.names import TaskNames
    from chargen.plan.build_request import BuildRequest
    from chargen.plan.verdict import Force


def _option(long: str, kind: type, default: Any, words: str, **more: Any) -> dict[str, Any]:
    """Describe an option as doit does; it has no short form."""
    name = long.replace("-", "_")
    return {"name": name, "short": "", "long": long, "type": kind, "default": default, "help": words, **more}


_MODES = (("live", "send one by one"), ("batch", "send as jobs, at half the price and within a day"))
_OPTIONS = (
    {**opt_always, "help": "build the named images even if they are fresh; never what they reference"},
    _option(
        "rebuild", list, [], "build this image anew whatever it is, also if locked or painted over; may be repeated"
    ),
    _option("budget", str, "", "spend at most so many USD in this run"),
    _option("mode", str, "", "how requests go, whatever the settings say", choices=_MODES),
    _option(
        "variants",
        str,
        "",
        "make further pictures of the same words, to pick one from: so many in all of each named image",
    ),
    _option("tier", str, "", "ask for a tier of [tool.chargen.tiers], or for final"),
    _option("no-resume", bool, False, "try again what was refused with the same inputs"),
    _option("no-wait", bool, False, "fail if another process is building this project, instead of waiting"),
    opt_verbosity,
    opt_outfile,
)
_COUNTING = ("rebuild", "always", "no_resume", "budget", "mode", "variants", "tier", "default_tasks")
"""Options with which it is not enough that nothing changed."""


class Run(ProjectCommand):
    """doit's `run` for projects whose tasks are images."""

    name = "run"
    doc_purpose = "build what is missing or out of date, or what is named"
    doc_usage = "[TASK/TARGET...]"
    doc_description = (
        "A name is an image (its path, its id, or a pattern such as 'chapters/ch03/*') or a task of your own. What a "
        "named image references, and what a named task depends on, is built first."
    )
    execute_tasks = True
    cmd_options = _OPTIONS

    def perform(self, params: Any, args: list[str]) -> int:
        """Let doit make the author's own tasks, open the build as it was asked for, run both."""
        began = monotonic()
        asked = args or list(params.get("default_tasks") or ())
        own, with_images = self.own(asked)
        if not with_images:
            hint = "import `task_images` from `chargen.doit_plugin` in it"
            raise StartError("this `dodo.py` has no images", hint=hint)
        snapshot = None if own or any(map(params.get, _COUNTING)) else take_snapshot(Path.cwd(), os.environ)
        if snapshot is not None and self._stands(snapshot, params, args, began):
            return 0
        rebuild, always = tuple(name_inside(name, Path.cwd()) for name in params["rebuild"]), params["always"]
        if always and not args:
            hint = "`doit list` lists the images"
            raise StartError("`-a` needs names: it builds the named images even if they are fresh", hint=hint)
        named = self.understood(asked, own) if asked or rebuild else None
        with collector_paused():  # a hundred modules are imported, which stay
            build = self._opened(params, named, rebuild, snapshot)
        try:
            return self._run(build, own, named, params)
        finally:
            build.close()

    def _opened(
        self, params: Any, named: TaskNames | None, rebuild: tuple[str, ...], snapshot: Snapshot | None
    ) -> Build:
        from chargen.build.opening import open_build  # noqa: PLC0415 - an up-to-date run needs none of it
        from chargen.plan.verdict import Force  # noqa: PLC0415 - as above

        request = _request(params, named, Force.AGAIN if params["always"] else Force.NONE, rebuild)
        return open_build(Path.cwd(), request, on_wait=self.waiting, command="doit", snapshot=snapshot)

    def _stands(self, snapshot: Snapshot, params: Any, args: list[str], began: float) -> bool:
        """Tell how the images stand where nothing has to be done."""
        found = snapshot.summary(tuple(posixpath.join(self.within, name) for name in args))
        if found is None:
            return False
        with _output(params["outfile"]) as out:
            say(standing_lines(found, monotonic() - began), out)
        return True

    def _run(self, build: Build, own: list[Task], named: TaskNames | None, params: Any) -> int:
        from chargen.cli.run_report import RunReport  # noqa: PLC0415 - as above
        from chargen.doit_plugin.run_tasks import image_tasks, run_tasks  # noqa: PLC0415 - as above

        if named is not None and params["always"]:
            _run_always(own, named)
        with _output(params["outfile"]) as out:
            return run_tasks(
                build,
                [*image_tasks(build), *own],
                None if named is None else named.own,
                RunReport(out, build),
                dep_manager=self.dep_manager,
                stream=Stream(params["verbosity"]),
            )

    def waiting(self, pid: int | None) -> None:
        """Say who is waited for, and how not to."""
        to_stderr(waiting_or_not(pid))


def _request(params: Any, named: TaskNames | None, force: Force, rebuild: tuple[str, ...]) -> BuildRequest:
    from chargen.model.request import Mode  # noqa: PLC0415 - as above
    from chargen.plan.build_request import BuildRequest  # noqa: PLC0415 - as above
    from chargen.plan.selection import Selection  # noqa: PLC0415 - as above

    return BuildRequest(
        pick=None if named is None else lambda images: named.pick(images, force, rebuild),
        names=Selection() if named is None else Selection(named.terms, within=named.within),
        tier=params["tier"],
        budget=_usd(params["budget"]) if params["budget"] else None,
        mode=Mode(params["mode"]) if params["mode"] else None,
        variants=_variants(params["variants"]) if params["variants"] else None,
        resume=not params["no_resume"],
        wait=not params["no_wait"],
    )


def _usd(text: str) -> Decimal:
    from chargen.cli.options import usd  # noqa: PLC0415 - click is imported where somebody names a budget

    return usd(text)


def _variants(text: str) -> int:
    if text not in NUMBERS_OF_VARIANTS:
        raise StartError(f"`--variants` takes a number from 1 to {MOST_VARIANTS}, not `{text}`")
    return NUMBERS_OF_VARIANTS[text]


def _run_always(tasks: list[Task], named: TaskNames) -> None:
    """Let `-a` run the named tasks of the author's own again, with their sub-tasks, but not what they depend on."""
    for task in tasks:
        if task.name in named.own or task.subtask_of in named.own:
            task.uptodate = [*task.uptodate, (False, [], {})]


@contextmanager
def _output(outfile: TextIO | str) -> Iterator[TextIO]:
    """Give the stream of `--output-file`."""
    if not isinstance(outfile, str):
        yield outfile
        return
    with Path(outfile).open("w", encoding="utf-8", errors="replace") as out:
        yield out
