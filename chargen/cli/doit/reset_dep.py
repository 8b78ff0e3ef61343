"""`doit reset-dep NAME...`: mark pictures as up to date without making new ones.

For images this is `chargen accept`; for an author's own tasks it stays what doit does.
"""

from __future__ import annotations

from typing import Any

from doit.cmd_resetdep import ResetDep as StockResetDep

from chargen.actions.accept import accept
from chargen.cli.accept import accepted_lines
from chargen.cli.doit.command import ProjectCommand
from chargen.errors import ExitCode, StartError


class ResetDep(ProjectCommand, StockResetDep):  # type: ignore[misc]
    """doit's `reset-dep` for projects whose tasks are images."""

    name = "reset-dep"
    doc_purpose = "mark pictures as up to date without making new ones"
    doc_usage = "TASK ..."
    doc_description = "Nothing is sent. Adopts pictures that were there before, and such as were painted over."
    cmd_options = ()

    def perform(self, params: Any, args: list[str]) -> int:
        """Write the named images' records; for own tasks do what doit does."""
        del params
        if not args:
            hint = "`doit reset-dep 'chapters/ch03/*'` takes a chapter"
            raise StartError("`reset-dep` needs names: it takes pictures as current even if inputs changed", hint=hint)
        named, tasks = self.named(args)
        with self.session(read_only=False) as session:
            planner = session.planner()
            found = accept(session, planner, planner.images(named.meant(planner.selectables())))
        for item in found:
            self.say(accepted_lines(item))
        if named.own:
            with self.own_states(tasks):
                StockResetDep._execute(self, list(named.own))  # noqa: SLF001 - for own tasks it stays doit's own
        return ExitCode.FAILED if any(item.refused for item in found) else ExitCode.DONE
