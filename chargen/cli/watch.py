"""`chargen watch`: what a save changed is told at once; with `--build` it is built, within a budget."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from chargen.cli.options import Options, build_request, image_names, usd
from chargen.cli.output import say
from chargen.cli.spending import price_text
from chargen.cli.tables import listed, plural
from chargen.errors import ChargenError, ExitCode, StartError
from chargen.model.values import EntryId, Verdict
from chargen.text.money import by_estimate, cost_text

if TYPE_CHECKING:
    from chargen.actions.watch import Look, State
    from chargen.plan.build_request import BuildRequest
    from chargen.plan.cache.rows import Cache


@click.command("watch")
@click.argument("selection", nargs=-1, metavar="[SELECTION]...", shell_complete=image_names)
@click.option("--build", "building", is_flag=True, help="Build what is missing or out of date after each look.")
@click.option("--budget", metavar="USD", help="With --build: what all builds of this session may cost together.")
def command(selection: tuple[str, ...], *, building: bool, budget: str | None) -> ExitCode:
    """Tell what every save changes: verdicts, reasons word by word, the price. Ctrl-C ends it.

    With --build, images are built as they become due, at first those that are due now; never without a budget.
    """
    from chargen.actions.watch import changes  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.plan.session import open_session  # noqa: PLC0415 - as above

    if building and budget is None:
        raise StartError("`--build` needs a budget: a watch may go on for hours", hint="write `--budget 2.50`")
    if budget is not None and not building:
        raise StartError("`--budget` goes with `--build` only", hint="add `--build`, or leave it out")
    with open_session(Path.cwd(), os.environ, read_only=True) as session:
        root = session.project.root
    request = build_request(Options(selection=selection), root)
    watching = _Watching(request, None if budget is None else usd(budget))
    try:
        for _ in changes(root):
            watching.look()
    except KeyboardInterrupt:
        pass
    return ExitCode.DONE


class _Watching(Struct):
    """One session: what it looks at, what is left of its budget (None: nothing is built), what it told last."""

    request: BuildRequest
    left: Decimal | None
    state: State | None = None
    planned: Cache | None = None
    """What is not planned again while nothing of it changes."""

    def look(self) -> None:
        """Tell what changed since the last look, and build it."""
        first = self.state is None
        found = self._plan()
        if found is not None:
            _say(_lines(found, first=first))
        if first:
            _say(["watching; Ctrl-C ends it"])
        if found is not None and found.due and self.left is not None:
            self._build(self.left)

    def _plan(self, built: Iterable[EntryId] | None = None) -> Look | None:
        """Plan and compare; None where the project can't be planned now. Of what was `built` nothing is news."""
        from chargen.actions.watch import look  # noqa: PLC0415 - as above
        from chargen.plan.session import open_session  # noqa: PLC0415 - as above

        try:
            with open_session(Path.cwd(), os.environ) as session:
                if self.planned is not None:
                    session.take_over(self.planned)
                found, state = look(session, self.request, self.state)
                self.planned = session.cache()
        except ChargenError as failure:
            _say(str(failure).split("\n"))
            return None
        self.state = state if built is None or self.state is None else self.state.with_images(state, built)
        return found

    def _build(self, left: Decimal) -> None:
        """Build what is due for at most what is left. Raises KeyboardInterrupt where that was interrupted."""
        from chargen.cli.batch import run_here  # noqa: PLC0415 - as above

        try:
            result = run_here(replace(self.request, budget=left), "chargen watch", sys.stdout)
        except ChargenError as failure:
            _say(str(failure).split("\n"))
            return
        if result.exit_code == ExitCode.INTERRUPTED:  # meant for all of this, and a build takes the signal for itself
            raise KeyboardInterrupt
        self._plan(built=[item.image.id for item in result.outcomes])
        if result.spent.unknown:
            self.left = None
            _say(["what a request cost is not known: nothing more is built"])
            return
        self.left = left - result.spent.total_usd
        _say([f"{cost_text(self.left)} left of the budget"])


def _say(lines: Iterable[str]) -> None:
    say(lines)
    sys.stdout.flush()


def _lines(found: Look, *, first: bool) -> Iterator[str]:
    from chargen.cli.plan_listing import plan_listing, short_listing  # noqa: PLC0415 - as above
    from chargen.cli.problems import LONG, problem_lines  # noqa: PLC0415 - as above
    from chargen.cli.why import why_lines  # noqa: PLC0415 - as above
    from chargen.plan.plan import total_cost  # noqa: PLC0415 - as above

    yield from problem_lines(found.problems)
    if found.gone:
        yield f"not planned any more: {listed(found.gone)}"
    for item in found.changed:
        lines = why_lines(item)
        is_quiet = item.image.verdict is Verdict.FRESH and not (
            item.image.reasons or item.image.drift or item.unanswered
        )
        yield from islice(lines, 1) if is_quiet else lines
    if found.more:
        yield f"and {plural(found.more, 'more image')}, as `chargen plan` tells"
    if first and found.to_send:
        yield from (short_listing if len(found.to_send) > LONG else plan_listing)(found.to_send, {})
    if first or found.changed or found.gone:
        price = price_text(total_cost(found.to_send))
        count = plural(len(found.to_send), "image")
        yield f"{count} to send, {by_estimate(price)}" if found.to_send else "nothing to send"
