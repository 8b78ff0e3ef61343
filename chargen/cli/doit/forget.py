"""`doit forget NAME...`: the next build makes a new image of each that is named; what they reference is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doit.cmd_forget import Forget as StockForget

from chargen.cli.doit.command import ProjectCommand
from chargen.cli.spending import price_text
from chargen.cli.tables import plural
from chargen.doit_plugin.forgetting import Forgotten, forget, forgettable
from chargen.errors import ExitCode, StartError
from chargen.model.amounts import total_of
from chargen.text.money import by_estimate, estimate_text


class Forget(ProjectCommand, StockForget):  # type: ignore[misc]
    """doit's `forget` for projects whose tasks are images."""

    name = "forget"
    doc_purpose = "ask for a new image of each that is named"
    doc_usage = "TASK ..."
    doc_description = (
        "The picture stays until the new one is there, and in the history after that. An ignored image is only taken "
        "up again."
    )
    cmd_options = ()

    def perform(self, params: Any, args: list[str]) -> int:
        """Mark the named images' records; for own tasks do what doit does."""
        del params
        if not args:
            with self.session(read_only=True) as session:
                count, cost = forgettable(session)
            message = f"`forget` needs names: all of them would be {plural(count, 'new image')}"
            raise StartError(
                f"{message}, {by_estimate(price_text(cost))}", hint="`doit forget 'chapters/ch03/*'` takes a chapter"
            )
        named, tasks = self.named(args)
        with self.session(read_only=False) as session:
            planner = session.planner()
            found = forget(session, planner, named.meant(planner.selectables()))
        for item in found:
            self.say(_lines(item))
        if len(marked := [item for item in found if item.marked]) > 1:
            price = price_text(total_of(item.cost_usd for item in marked))
            self.say(f"{plural(len(marked), 'new image')}, {by_estimate(price)}")
        if named.own:
            with self.own_states(tasks):
                self.sel_tasks = list(named.own)
                StockForget._execute(self, forget_sub=False, forget_disable_default=False, forget_all=False)  # noqa: SLF001
        return ExitCode.FAILED if any(item.refused for item in found) else ExitCode.DONE


def _lines(item: Forgotten) -> Iterator[str]:
    name = item.image.id
    if item.refused:
        first, *more = item.refused.split("\n")
        yield f"not forgotten: {name}: {first}"
        yield from (f"  {line.strip()}" for line in more)
    else:
        yield f"{name}: {item.done}" + (f", {estimate_text(item.cost_usd)}" if item.marked else "")
