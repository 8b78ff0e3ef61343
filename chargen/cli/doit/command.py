"""What the own commands of doit have in common: the author's `dodo.py` read, errors reported, exit codes kept.

Laws: a command that only looks takes no lock and writes nothing; an author's own tasks keep doit's meaning of each
command; every command ends with an `ExitCode`.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.action import CmdAction
from doit.cmd_base import DoitCmdBase
from doit.cmdparse import CmdParseError
from doit.dependency import Dependency
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask
from doit.globals import Globals
from doit.task import Task

from chargen.cli.output import discard, of_bug, of_system, say, to_stderr, waiting_text
from chargen.config.layout import DOIT_STATES
from chargen.doit_plugin.config import started_in
from chargen.doit_plugin.own_tasks import own_only, own_tasks
from chargen.doit_plugin.states import ContentChecker, RecordStates
from chargen.doit_plugin.tasks import held_back
from chargen.errors import ChargenError, ExitCode, Position, Problem, StartError, error
from chargen.store.places import folder_inside, name_inside
from chargen.text.names import did_you_mean

if TYPE_CHECKING:
    from chargen.doit_plugin.names import TaskNames
    from chargen.plan.session import Session

_DOIT_TELLS = (CmdParseError, InvalidCommand, InvalidDodoFile, InvalidTask)
"""Failures doit itself turns into one line and exit code 3."""


class ProjectCommand(DoitCmdBase):  # type: ignore[misc]
    """A doit command over planned images and an author's own tasks. Subclasses have `perform`."""

    base_options = ()  # where states are kept is the program's matter, not an option
    doc_usage = "[TASK ...]"

    def parse_execute(self, in_args: list[str]) -> int:
        """Read the options and do the command; an option there is not is reported with what to do instead."""
        try:
            result: int = super().parse_execute(in_args)
        except CmdParseError as failure:
            words, listed, _ = str(failure).partition(" (parsing options: ")
            if not listed:
                raise
            to_stderr(str(_wrong_option(self, words.removeprefix("Error parsing Command: "))))
            return StartError.exit_code
        return result

    def perform(self, params: Any, args: list[str]) -> int:
        """Do the command once doit stands in the project's folder, and return its exit code."""
        raise NotImplementedError

    def execute(self, params: Any, args: list[str]) -> int:
        """Read `dodo.py`, do the command, and turn every failure into a message and an exit code."""
        try:
            self._load_dodo(params)
            return self.perform(params, args)
        except ChargenError as failure:
            to_stderr(str(failure))
            return failure.exit_code
        except KeyboardInterrupt:
            to_stderr("interrupted")
            return ExitCode.INTERRUPTED
        except BrokenPipeError:
            discard(sys.stdout)  # whoever read the output has seen enough
            return ExitCode.DONE
        except _DOIT_TELLS:
            raise
        except OSError as failure:
            found = of_system(failure)
            to_stderr(str(found))
            return found.exit_code
        except Exception as bug:
            logging.getLogger("chargen").exception("unexpected %s", type(bug).__name__)
            to_stderr(of_bug(bug))
            return ExitCode.PROGRAM

    def say(self, lines: str | Iterable[str]) -> None:
        """Write lines of what the command was asked for; messages beside it go to stderr."""
        say(lines, self.outstream)

    # what is in the project

    def own(self, args: Sequence[str] = ()) -> tuple[list[Task], bool]:
        """Let doit make the author's own tasks, none of images; say also whether `dodo.py` has images.

        To be called once a command: the author's functions may take long, or print something.
        """
        with held_back() as images_are_asked_for:
            return own_tasks(self.make_tasks(args)), images_are_asked_for()

    def named(self, args: Sequence[str]) -> tuple[TaskNames, list[Task]]:
        """Tell what the names on the command line mean; the author's own tasks along with it."""
        tasks, _ = self.own(args)
        return self.understood(args, tasks), tasks

    def understood(self, args: Sequence[str], own: Sequence[Task]) -> TaskNames:
        """Tell what the names on the command line mean, where these are the author's own tasks."""
        from chargen.doit_plugin.names import understand  # noqa: PLC0415 - an up-to-date run needs none of it

        valued = [name for option in self.cmdparser.options if option.type is not bool for name in _spelled(option)]
        command = "doit" if self.name == "run" else f"doit {self.name}"
        names = [name_inside(name, Path.cwd()) for name in args]
        return understand(names, own, self.within, command=command, valued=valued)

    @contextmanager
    def own_states(self, tasks: Sequence[Task]) -> Iterator[None]:
        """Let doit do its own with the author's `tasks`, and hold their states: a build keeps them till its end."""
        from chargen.store.locks import project_lock  # noqa: PLC0415 - only commands that change something need it

        self.task_list = own_only(tasks)
        with project_lock(Path.cwd(), on_wait=self.waiting):
            yield
            self.dep_manager.close()

    def waiting(self, pid: int | None) -> None:
        """Say who is waited for."""
        to_stderr(waiting_text(pid))

    def make_tasks(self, args: Sequence[str] = ()) -> list[Task]:
        """Let doit make the tasks of `dodo.py`. Raises StartError where the author's code fails."""
        with _authors_code():
            tasks: list[Task] = self.loader.load_tasks(cmd=self, pos_args=list(args))
        return tasks

    def session(self, *, read_only: bool) -> Session:
        """Open the project doit stands in."""
        from chargen.plan.session import open_session  # noqa: PLC0415 - an up-to-date run needs none of it

        return open_session(Path.cwd(), os.environ, read_only=read_only)

    @property
    def within(self) -> str:
        """The project-relative folder the command was given in."""
        return folder_inside(started_in(), Path.cwd())

    def _load_dodo(self, params: Any) -> None:
        with _authors_code():
            self.loader.setup(params)
            config = self.loader.load_doit_config()
        params.update_defaults(config)
        self.check_minversion(params.get("minversion"))
        CmdAction.STRING_FORMAT = params.get("action_string_formatting", "old")
        self.dep_manager = Dependency(RecordStates, DOIT_STATES, checker_cls=ContentChecker)
        Globals.dep_manager = self.dep_manager


def _spelled(option: Any) -> Iterator[str]:
    """Yield how an option is written."""
    if option.short:
        yield f"-{option.short}"
    if option.long:
        yield f"--{option.long}"


def _wrong_option(command: ProjectCommand, words: str) -> Problem:
    """Say of `option --x not recognized` what there is instead; options of stock doit are known by name."""
    option = next((word for word in words.split() if word.startswith("-")), "")
    known = [f"--{found.long}" for found in command.cmdparser.options if found.long]
    hint = f"see `doit help {command.name}`"
    if "not recognized" in words:
        stock = _STOCK_OPTIONS.get(option) if command.name == "run" else None
        hint = stock or did_you_mean(option, known) or hint
    return error(words.replace(option, f"`{option}`") if option else words, hint=hint)


_WORKERS = "images are made side by side already; `workers` in `[tool.chargen.providers.NAME]` says how many"
_ALWAYS_ON = "leave it out: one failure never stops what does not depend on it"
_STOCK_OPTIONS = {
    "-n": _WORKERS,
    "--process": _WORKERS,
    "-P": _WORKERS,
    "--parallel-type": _WORKERS,
    "-c": _ALWAYS_ON,
    "--continue": _ALWAYS_ON,
    "-s": "name the images: what they reference is only built where it is missing or out of date",
    "--single": "name the images: what they reference is only built where it is missing or out of date",
    "-r": "`chargen batch --json` prints the outcome for programs",
    "--reporter": "`chargen batch --json` prints the outcome for programs",
}
"""Options of stock doit's `run` that are not there, and what to do instead."""


@contextmanager
def _authors_code() -> Iterator[None]:
    """Run what an author wrote in `dodo.py`. Raises StartError where it fails; what doit tells itself passes."""
    try:
        yield
    except (*_DOIT_TELLS, ChargenError):
        raise
    except Exception as failure:
        if _is_ours(failure):
            raise
        raise _in_dodo(failure) from failure


def _is_ours(failure: Exception) -> bool:
    """Say whether a failure came up in the program itself and not in an author's code."""
    frames = traceback.extract_tb(failure.__traceback__)
    here = Path(__file__).parents[2]
    return bool(frames) and not isinstance(failure, SyntaxError) and Path(frames[-1].filename).is_relative_to(here)


def _in_dodo(failure: Exception) -> ChargenError:
    """Say where an author's own code failed: the last place in a file of the project."""
    root = Path.cwd()
    where = Position("dodo.py")
    places = [(Path(frame.filename), frame.lineno or 0) for frame in traceback.extract_tb(failure.__traceback__)]
    if isinstance(failure, SyntaxError) and failure.filename:
        places.append((Path(failure.filename), failure.lineno or 0))
    for path, number in places:
        if path.is_relative_to(root) and ".venv" not in path.parts and "site-packages" not in path.parts:
            where = Position(path.relative_to(root).as_posix(), number, 1)
    name = type(failure).__name__
    hint = f"`python -X dev {where.file}` shows the traceback"
    return StartError(error(f"{name}: {failure}", where, hint))
