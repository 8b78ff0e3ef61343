"""What a build tells while it runs and when it ends: one line an image, a summary that leaves nothing unsaid.

Only the main thread writes. On a terminal a bar shows what is done, failed and left; elsewhere there are plain lines.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any, TextIO

from chargen.build.image import Done, Outcome
from chargen.build.run import Build
from chargen.cli.pipes import discard
from chargen.cli.quiet_report import listed, standing_lines
from chargen.cli.tables import cost_text, counts, estimate_text
from chargen.model.values import Verdict
from chargen.plan.plan import Planned, total_cost
from chargen.plan.requests import elsewhere
from chargen.store.files import printable


class RunReport:
    """doit's reporter for a build; also tells the tasks of an author's own that run with it."""

    desc = "images, their outcomes and costs"

    def __init__(self, outstream: TextIO, build: Build, bar: Any = None) -> None:
        self._out = outstream
        self._build = build
        self._bar = bar
        self._started = time.monotonic()
        self._number = 0
        self._errors: list[str] = []
        self._ids = {image.target: image.id for image in build.plan.images}

    # what doit calls

    def initialize(self, _tasks: Any, _selected: Any) -> None:
        """Say what is going to happen, and what it costs."""
        for line in opening(self._build):
            self._line(line)
        if self._bar is not None:
            self._bar.start(len(self._build.chosen))

    def get_status(self, _task: Any) -> None:
        """Called when doit looks whether a task is up to date: nothing to tell."""

    def execute_task(self, task: Any) -> None:
        """A task starts: told for an author's own task; an image is told when it ends."""
        if task.name not in self._ids and task.actions and not task.name.startswith("_"):
            self._line(f"running {task.title()}")

    def add_success(self, task: Any) -> None:
        """An image is done, its slots are on the disk."""
        entry_id = self._ids.get(task.name)
        done = self._build.done.get(entry_id) if entry_id is not None else None
        if done is not None:
            self._number += 1
            self._line(f"{self._counter()} {printable(done.image.id)}  {_outcome(done)}")
            self._advance()

    def add_failure(self, task: Any, fail: Any) -> None:
        """An image or a task of the author's failed."""
        entry_id = self._ids.get(task.name)
        if entry_id is None:
            message = fail.get_msg().strip()
            self._line(
                f"{task.name}: {message}" if fail.get_name() == "UnmetDependency" else f"failed {task.name}: {message}"
            )
        elif entry_id in self._build.failed:
            self._number += 1
            first, _, _ = self._build.failed[entry_id].message.partition("\n")
            self._line(f"{self._counter()} {printable(entry_id)}  failed: {printable(first)}")
            self._advance(failed=True)

    def skip_uptodate(self, _task: Any) -> None:
        """A task that is up to date: nothing to tell."""

    def skip_ignore(self, task: Any) -> None:
        """A task doit ignores."""
        self._line(f"ignored {task.name}")

    def cleanup_error(self, exception: Any) -> None:
        """A teardown of an author's own task failed."""
        self._errors.append(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        """Called where doit itself can't go on."""
        self._errors.append(msg)

    def teardown_task(self, _task: Any) -> None:
        """A teardown begins: nothing to tell."""

    def complete_run(self) -> None:
        """Close with the summary."""
        if self._bar is not None:
            self._bar.stop()
        for message in self._errors:
            self._line(message)
        for line in closing(self._build, time.monotonic() - self._started):
            self._line(line)

    # what the runner calls beyond that

    def interrupted(self, in_flight: int) -> None:
        """Say what happens after the first interrupt."""
        if in_flight:
            images = f"{in_flight} image{'s' if in_flight > 1 else ''} in the making"
            self._line(f"interrupted: finishing {images}; once more to abandon {'them' if in_flight > 1 else 'it'}")
        else:
            self._line("interrupted")

    def aborted(self) -> None:
        """Say so and leave the terminal in order: the process ends at once, inside a signal handler."""
        with suppress(OSError, ValueError):
            if self._bar is not None:
                os.write(self._out.fileno(), b"\x1b[?25h\n")
            os.write(self._out.fileno(), b"aborted: what was in flight may be billed; the next run names it\n")

    # own

    def _counter(self) -> str:
        total = len(self._build.chosen)
        return f"[{self._number:>{len(str(total))}}/{total}]"

    def _advance(self, *, failed: bool = False) -> None:
        if self._bar is not None:
            self._bar.advance(failed=failed)

    def _line(self, text: str) -> None:
        text = "\n".join(map(printable, text.split("\n")))
        if self._bar is not None:
            self._bar.print(text)
        else:
            try:
                self._out.write(text + "\n")
                self._out.flush()
            except OSError as failure:  # whoever read has seen enough, or the disk is full; the build goes on
                discard(self._out)
                if not isinstance(failure, BrokenPipeError):
                    import click  # noqa: PLC0415 - slow to import, and seldom needed

                    reason = (failure.strerror or "error").lower()
                    click.echo(f"warning: can't write the output: {reason}; the build goes on", err=True)


def opening(build: Build) -> Iterable[str]:
    """Yield the lines a run begins with: what befell the journal, leftovers, counts, and what it costs by provider."""
    for problem in build.session.told:
        yield from str(problem).split("\n")
    for attempt in build.leftovers:
        yield (
            f"possibly billed: {attempt.task_id} was being made by {attempt.provider}/{attempt.model} at "
            f"{attempt.sent_at} when the process ended"
        )
    spending = [image for image in build.chosen if image.verdict.spends]
    if not spending:
        return
    numbers = Counter(image.verdict.value for image in spending)
    yield f"{len(spending)} to build ({counts(numbers)}), {estimate_text(total_cost(spending))} by estimate"
    by_route: dict[str, list[Planned]] = {}
    for image in spending:
        by_route.setdefault(str(image.route), []).append(image)
    if len(by_route) > 1 or any(image.cost_usd != 0 for image in spending):
        for route, images in sorted(by_route.items()):
            yield f"  {route}: {len(images)}, {estimate_text(total_cost(images))}"
    for told in elsewhere(spending, build.session.adapters):
        yield told.message
    for entry_id, user in build.choice.needed_by.items():
        yield f"  {entry_id} is needed by {user}"


def closing(build: Build, seconds: float) -> Iterable[str]:
    """Yield the summary: what was done, what failed and why, what was left out, what to know."""
    outcomes = Counter(done.outcome.value for done in build.built)
    if build.failed:
        outcomes["failed"] = len(build.failed)
    if build.left_out:
        outcomes["left out"] = len(build.left_out)
    if build.interrupted:
        outcomes["interrupted"] = len(build.interrupted)
    quiet = Counter(build.image(entry_id).verdict for entry_id in build.selected if entry_id not in build.done)
    if fresh := quiet[Verdict.FRESH] + build.rest.fresh:
        outcomes["fresh"] = fresh
    cost = sum((done.cost_usd or Decimal(0) for done in build.built), build.losses.spent)
    spent = f", {cost_text(cost)}" if cost or any(done.outcome is Outcome.BUILT for done in build.built) else ""
    yield f"{counts(outcomes) or 'nothing to do'}{spent}, {seconds:.1f} s"
    if billed := build.losses.possibly_billed:
        price = estimate_text(build.losses.possibly_usd)
        yield f"possibly billed: {billed} request{'s' if billed > 1 else ''} that brought nothing, {price} by estimate"
    yield from _failures(build)
    for problem in build.unplanned:
        yield from map(printable, str(problem).split("\n"))
    for item in build.left_out:
        yield f"left out: {printable(item.image.id)}: {item.reason}"
    others = (
        (image.id, image.verdict.value, image.judgement.reasons)
        for image in map(build.image, build.selected)
        if image.id not in build.done and (image.verdict is not Verdict.FRESH or image.judgement.reasons)
    )
    yield from standing_lines((*build.rest.others, *others))
    if ignored := [entry_id for entry_id in build.selected if entry_id in build.ignored]:
        yield f"ignored on this machine: {listed(ignored)}"


def _failures(build: Build) -> Iterable[str]:
    """Yield why images failed, each reason once for all images that it concerns; so also why a provider was stopped."""
    for provider, stop in build.stopped.items():
        yield f"stopped: {provider}: {printable(stop.message)}"
        if stop.hint:
            yield f"  hint: {printable(stop.hint)}"
        if images := [failure.image.id for failure in build.failed.values() if failure.stopped_by == provider]:
            yield f"  failed by this: {listed(images)}"
    by_message: dict[str, list[str]] = {}
    for failure in build.failed.values():
        if not failure.stopped_by:
            by_message.setdefault(failure.message, []).append(failure.image.id)
    for message, ids in by_message.items():
        yield f"failed: {listed(ids)}"
        yield from (f"  {printable(line)}" for line in message.split("\n"))


def _outcome(done: Done) -> str:
    if done.outcome is Outcome.BUILT:
        return f"built by {done.image.route}, {cost_text(done.cost_usd)}"
    if done.outcome is Outcome.NOTHING:
        return f"nothing to do: {done.image.verdict.value}"
    return str(done.outcome.value)
