"""What a build tells while it runs: one line an image, between the run's opening and its summary.

Only the main thread writes, but for the bar on a terminal: it shows what is done, failed and left, and how far a server
of one's own says that it is. Elsewhere there are plain lines.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from chargen.build.result import BuildResult, Outcome
from chargen.build.run import Build
from chargen.cli.output import discard, say, to_stderr
from chargen.cli.progress_line import ProgressLine
from chargen.cli.run_summary import closing, opening, without_own_place
from chargen.cli.tables import listed, plural
from chargen.text.money import by_estimate, estimate_text, paid_text


class RunReport:
    """doit's reporter for a build; also tells the tasks of an author's own that run with it."""

    desc = "images, their outcomes and costs"

    def __init__(self, outstream: TextIO, build: Build) -> None:
        self._out = outstream
        self._build = build
        self._progress = ProgressLine(outstream) if outstream.isatty() else None
        self._started = time.monotonic()
        self._number = 0
        self._errors: list[str] = []
        self._waited_for: tuple[str, ...] = ()
        self._told: set[str] = set()
        """What images failed by so far: the providers that are stopped, and the words of failures."""
        self._ids = {image.target: image.id for image in build.plan.images}

    # what doit calls

    def initialize(self, _tasks: Any, _selected: Any) -> None:
        """Say what is going to happen, and what it costs."""
        for line in opening(self._build):
            self._line(line)
        if self._progress is not None:
            self._progress.start(len(self._build.chosen))
            self._build.on_progress = self._progress.at_work
            self._build.on_pause = self._progress.paused

    def get_status(self, _task: Any) -> None:
        """Called when doit looks whether a task is up to date: nothing to tell."""

    def execute_task(self, task: Any) -> None:
        """A task starts: said of an author's own task; of an image, when it ends."""
        if task.name not in self._ids and task.actions and not task.name.startswith("_"):
            self._line(f"running {task.title()}")

    def add_success(self, task: Any) -> None:
        """An image is done, its slots are on the disk."""
        entry_id = self._ids.get(task.name)
        done = self._build.done.get(entry_id) if entry_id is not None else None
        if done is not None:
            self._number += 1
            self._line(f"{self._counter()} {done.image.id}  {_outcome(done)}")
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
            failure = self._build.failed[entry_id]
            first, _, _ = failure.message.partition("\n")
            why = failure.stopped_by or without_own_place(failure.image, first)
            if why not in self._told:  # said once, and not for each
                self._line(f"{self._counter()} {entry_id}  failed: {first}")
            self._told.add(why)
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
        if self._progress is not None:
            self._progress.clear()
            self._progress = None
        for message in self._errors:
            self._line(message)
        for line in closing(self._build, time.monotonic() - self._started):
            self._line(line)

    # what the runner calls beyond that

    def interrupted(self, in_flight: int) -> None:
        """Say what happens after the first interrupt."""
        if in_flight:
            what = f"{plural(in_flight, 'image')} in the making"
            self._line(f"interrupted: finishing {what}; once more to abandon {'them' if in_flight > 1 else 'it'}")
        else:
            self._line("interrupted")

    def waiting(self, held: Mapping[str, str]) -> None:
        """Say for whom the run waits that has nothing else to do, once for the same images."""
        if (names := tuple(held)) and names != self._waited_for:
            self._waited_for = names
            who = ", ".join(dict.fromkeys(holder.partition(" (")[0] for holder in held.values()))
            self._line(f"waiting for {listed(list(names))}: {who}; Ctrl-C leaves it to them")

    def aborted(self) -> None:
        """Say so and leave the terminal in order: the process ends at once, inside a signal handler."""
        with suppress(OSError, ValueError):
            if self._progress is not None:
                os.write(self._out.fileno(), b"\n")
            os.write(self._out.fileno(), b"aborted: requests in flight may be billed; the next run names them\n")

    # own

    def _counter(self) -> str:
        total = len(self._build.chosen)
        return f"[{self._number:>{len(str(total))}}/{total}]"

    def _advance(self, *, failed: bool = False) -> None:
        if self._progress is not None:
            self._progress.advance(failed=failed)

    def _line(self, text: str) -> None:
        try:
            if self._progress is not None:
                self._progress.say(text)
            else:
                say(text.split("\n"), self._out)
        except OSError as failure:  # whoever read has seen enough, or the disk is full; the build goes on
            discard(self._out)
            if not isinstance(failure, BrokenPipeError):
                reason = (failure.strerror or "error").lower()
                to_stderr(f"warning: can't write the output: {reason}; the build goes on")


def _outcome(done: BuildResult) -> str:  # noqa: PLR0911 - one for each outcome
    paid = paid_text(done.cost_usd, estimated=done.estimated)
    if done.outcome is Outcome.BUILT:
        more = f" with {plural(done.variants, 'more version')}" if done.variants else ""
        return f"built by {done.image.route}{more}, {paid}"
    if done.outcome is Outcome.VARIANT:
        return f"{plural(done.variants, 'more version')} made by {done.image.route}, {paid}"
    if done.outcome is Outcome.SUBMITTED:
        return f"goes into a job, {by_estimate(estimate_text(done.cost_usd))}"
    if done.outcome is Outcome.KEPT:
        return f"kept as a version, not put in place: {done.note}, {paid}"
    if done.outcome is Outcome.NOTHING:
        return done.note or f"nothing to do: {done.image.verdict.value}"
    if done.outcome is Outcome.MOVED:
        return f"moved: {done.note}, free"
    if done.outcome is Outcome.RESTORED and done.note:
        return f"restored {done.note}, free"
    return str(done.outcome.value)
