"""`doit clean`: clean up after an author's own tasks. Images are never removed."""

from __future__ import annotations

from typing import Any

from doit.cmd_clean import Clean as StockClean

from chargen.cli.doit.command import ProjectCommand
from chargen.cli.output import to_stderr
from chargen.cli.tables import plural


class Clean(ProjectCommand, StockClean):  # type: ignore[misc]
    """doit's `clean` for projects whose tasks are images."""

    name = "clean"
    doc_purpose = "clean up after your own tasks; images are never removed"
    doc_description = "An image costs money and can't be made again as it is: `chargen gc` proposes what may go."

    def perform(self, params: Any, args: list[str]) -> int:
        """Do what doit does for the own tasks that are meant, and say that images stay."""
        named, tasks = self.named(args)
        with self.session(read_only=True) as session:
            every = session.planner().selectables()
        images = named.meant(every) if args else every
        if images:
            to_stderr(f"{plural(len(images), 'image')} left alone: `clean` never removes one")
        if args and not named.own:
            return 0
        with self.own_states(tasks):
            self.sel_tasks = params.get("default_tasks")
            StockClean._execute(  # noqa: SLF001 - for own tasks it stays doit's own
                self,
                params["dryrun"],
                params["cleandep"],
                params["cleanall"],
                params["cleanforget"],
                list(named.own),
            )
        return 0
