"""`doit ignore NAME...`: leave images alone on this machine, whatever their inputs become."""

from __future__ import annotations

from typing import Any

from doit.cmd_ignore import Ignore as StockIgnore

from chargen.cli.doit.command import ProjectCommand
from chargen.doit_plugin.forgetting import ignore
from chargen.errors import StartError


class Ignore(ProjectCommand, StockIgnore):  # type: ignore[misc]
    """doit's `ignore` for projects whose tasks are images."""

    name = "ignore"
    doc_purpose = "leave the named images alone on this machine"
    doc_usage = "TASK ..."
    doc_description = "`doit forget NAME` takes them up again. To say it for everybody, lock the entry in its file."
    cmd_options = ()

    def perform(self, params: Any, args: list[str]) -> int:
        """Put the named images aside; for own tasks do what doit does."""
        del params
        if not args:
            raise StartError("`ignore` needs names", hint="`doit list` shows them")
        named, tasks = self.named(args)
        with self.session(read_only=False) as session:
            meant = named.meant(session.planner().selectables())
            ignore(session, meant)
        for entry_id in meant:
            self.say(f"{entry_id}: ignored on this machine; `doit forget` ends that")
        if named.own:
            with self.own_states(tasks):
                StockIgnore._execute(self, list(named.own))  # noqa: SLF001 - for own tasks it stays doit's own
        return 0
