"""`doit reset-dep NAME...`: take the present pictures as current for today's inputs, without a call.

For images this is `chargen accept`; for an author's own tasks it stays what doit does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doit.cmd_resetdep import ResetDep as StockResetDep

from chargen.actions.accept import Accepted, accept
from chargen.cli.doit.command import ProjectCommand
from chargen.doit_plugin.names import own_only
from chargen.errors import StartError
from chargen.plan.request import selectables
from chargen.store.files import printable

REFUSED = 1


class ResetDep(ProjectCommand, StockResetDep):  # type: ignore[misc]
    """doit's `reset-dep` for projects whose tasks are images."""

    name = "reset-dep"
    doc_purpose = "take the named pictures, as they are, as current for today's inputs"
    doc_usage = "TASK ..."
    doc_description = "Nothing is sent. Adopts pictures that were there before, and such as were painted over."
    cmd_options = ()

    def perform(self, params: Any, args: list[str]) -> int:
        """Write the named images' records; for own tasks do what doit does."""
        del params
        if not args:
            hint = "`doit reset-dep 'chapters/ch03/*'` takes a chapter"
            raise StartError("`reset-dep` needs names: it takes pictures as current although inputs changed", hint=hint)
        named, tasks = self.named(args)
        with self.session(read_only=False) as session:
            plan = session.plan()
            found = accept(session, plan, named.meant(selectables(plan)))
        for item in found:
            self.line("\n".join(_lines(item)))
        if named.own:
            with self.own_states():
                self.task_list = own_only(tasks)
                StockResetDep._execute(self, list(named.own))  # noqa: SLF001 - for own tasks it stays doit's own
        return REFUSED if any(item.refused for item in found) else 0


def _lines(item: Accepted) -> Iterator[str]:
    name = printable(item.image.id)
    if item.refused:
        first, *more = item.refused.split("\n")
        yield f"not accepted: {name}: {printable(first)}"
        yield from (f"  {printable(line.strip())}" for line in more)
    elif item.changed:
        yield f"{name}: accepted, it was {item.image.verdict.value}"
    else:
        yield f"{name}: current already"
