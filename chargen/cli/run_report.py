"""What a build tells while it runs and when it ends: one line an image, a summary that leaves nothing unsaid.

Only the main thread writes, but for the bar on a terminal: it shows what is done, failed and left, and how far a server
of one's own says that it is. Elsewhere there are plain lines.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, TextIO

from chargen.actions.run_result import FAILED, INTERRUPTED, LEFT_OUT, ImageOutcome, RunResult, run_result
from chargen.build.image import BuildResult, Outcome
from chargen.build.run import Build
from chargen.cli.output import discard, say, to_stderr
from chargen.cli.plan_listing import batched_lines
from chargen.cli.problems import problem_lines, untouched_lines
from chargen.cli.spending import spending_lines, spent_text
from chargen.cli.tables import counts, listed, plural
from chargen.model.values import Verdict
from chargen.plan.findings import Finding, by_cause
from chargen.plan.image_request import elsewhere
from chargen.plan.plan import Shown, total_cost
from chargen.text.money import cost_text, estimate_text, paid_text

_NOT_MADE = (FAILED, LEFT_OUT, INTERRUPTED)
_WARNED = 5
"""Causes of warnings that are shown before a run."""
_REDRAW = 0.25
"""Seconds between two drawings of the line for what only a server says."""
_BAR = 30
"""Cells of a whole bar."""


class ProgressLine:
    """A line on a terminal below those that scroll past: a bar, how many are done and failed, time gone and left."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown = 0
        self._total = self._done = self._failed = 0
        self._started = time.monotonic()
        self._lock = threading.RLock()
        """Held while the line changes; a signal may come in between, on the thread that holds it."""
        self._at_work = ""
        self._drawn = 0.0

    def start(self, total: int) -> None:
        """Show the line for so many images."""
        self._total = total
        self._draw()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more image."""
        with self._lock:
            self._done += 1
            self._failed += failed
            self._at_work = ""
            self._draw()

    def at_work(self, entry_id: str, done: float) -> None:
        """Show how far an image is, a few times a second; from any thread."""
        with self._lock:
            self._at_work = f", {entry_id.rpartition('/')[2]} {done:.0%}"
            if self._shown and time.monotonic() - self._drawn >= _REDRAW:
                self._draw()

    def say(self, text: str) -> None:
        """Write lines above this one."""
        with self._lock:
            self.clear()
            say(text.split("\n"), self._out)
            self._draw()

    def clear(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._shown:
                self._write(f"\r{' ' * self._shown}\r")
                self._shown = 0

    def _draw(self) -> None:
        with self._lock:
            if not self._total:
                return
            self.clear()
            self._drawn = time.monotonic()
            text = self._text(self._drawn - self._started)
            self._write(text)
            self._shown = len(text)

    def _write(self, text: str) -> None:
        """Write a part of a line; a terminal that is gone takes no more, and the build goes on."""
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            discard(self._out)

    def _text(self, gone: float) -> str:
        filled = _BAR * self._done // self._total
        text = (
            f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done}/{self._total}, {self._failed} failed, {_clock(gone)}"
        )
        if 0 < self._done < self._total:
            text += f", {_clock(gone / self._done * (self._total - self._done))} left"
        return text + self._at_work


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


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
        self._stopped: set[str] = set()
        """Providers that are known to be stopped."""
        self._ids = {image.target: image.id for image in build.plan.images}

    # what doit calls

    def initialize(self, _tasks: Any, _selected: Any) -> None:
        """Say what is going to happen, and what it costs."""
        for line in opening(self._build):
            self._line(line)
        if self._progress is not None:
            self._progress.start(len(self._build.chosen))
            self._build.on_progress = self._progress.at_work

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
            if not failure.stopped_by or failure.stopped_by not in self._stopped:  # why is said once, and not for each
                self._line(f"{self._counter()} {entry_id}  failed: {first}")
            self._stopped.add(failure.stopped_by)
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
            os.write(self._out.fileno(), b"aborted: what was in flight may be billed; the next run names it\n")

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


def opening(build: Build) -> Iterable[str]:
    """Yield the lines a run begins with: what befell the journal, leftovers, counts, and what it costs by provider."""
    yield from _befell(build)
    for attempt in build.leftovers:
        yield (
            f"possibly billed: {attempt.task_id} was being made by {attempt.route} at "
            f"{attempt.sent_at} when the process ended"
        )
    yield from _collected(build)
    spending = [image for image in build.chosen if image.sends]
    if not spending:
        yield from warning_lines(build.warnings)  # of providers, where a budget leaves all of their images out
        return
    numbers = Counter(image.verdict.value for image in spending)
    yield f"{len(spending)} to build ({counts(numbers)}), {estimate_text(total_cost(spending))} by estimate"
    by_route: dict[str, list[Shown]] = {}
    for image in spending:
        by_route.setdefault(str(image.route), []).append(image)
    if len(by_route) > 1 or any(image.cost_usd != 0 for image in spending):
        for route, images in sorted(by_route.items()):
            yield f"  {route}: {len(images)}, {estimate_text(total_cost(images))}"
    yield from batched_lines(spending)
    for problem in elsewhere(spending, build.session.adapters):
        yield problem.message
    for entry_id, user in build.choice.needed_by.items():
        yield f"  {entry_id} is needed by {user}"
    yield from warning_lines(build.warnings)


def _collected(build: Build) -> Iterable[str]:
    """Yield what the jobs of before brought, and which lines of them failed."""
    found = build.collected
    yield from found.told
    if found.replies:
        yield f"collected from jobs: {plural(found.replies, 'picture')}"
    alike: dict[tuple[str, bool], list[str]] = {}
    for failure in found.failures:
        alike.setdefault((failure.message, failure.possibly_billed), []).append(failure.entry_id)
    for (message, billed), names in alike.items():
        yield f"brought nothing{', possibly billed' if billed else ''}: {listed(names)}"
        yield f"  {message}"


def _submitted(build: Build) -> Iterable[str]:
    """Yield the jobs that were made, and those of which nobody knows."""
    there = [done for done in build.submitted if done.is_there]
    for done in there:
        job = done.job
        price = f"{estimate_text(job.estimate_usd)} by estimate"
        yield f"job {job.name}: {plural(len(job.lines), 'image')} by {job.provider}/{job.model}, {price}"
        if done.failure is not None:
            yield f"  whether it was made is not known: {done.failure.message}; the next run looks for it"
    if there:
        yield "`chargen jobs wait` collects them, as the next build does"


def warning_lines(found: tuple[Finding, ...]) -> Iterable[str]:
    """Yield the warnings about what is sent: a few, how many there are, and the command that tells all."""
    causes = by_cause(found)
    yield from problem_lines(finding for cause in causes[:_WARNED] for finding in cause.findings)
    if more := sum(len(cause.findings) for cause in causes[_WARNED:]):
        yield f"and {plural(more, 'more warning')}"
    if found:
        yield f"{plural(len(found), 'warning')} about what is sent; `chargen check` tells all there is"


def _befell(build: Build) -> Iterable[str]:
    """Yield what befell the project's files since this was asked last."""
    problems = build.session.state_problems
    while problems:
        yield from str(problems.pop(0)).split("\n")


def closing(build: Build, seconds: float) -> Iterable[str]:
    """Yield the summary: what was done, what failed and why, what was left out, what to know."""
    yield from _befell(build)
    result = run_result(build)
    numbers = {**_in_order(result), "fresh": result.untouched.get(Verdict.FRESH.value, 0)}
    spent = f", {spent_text(result.spent)}" if result.spent.images or result.spent.total_usd else ""
    yield f"{counts(numbers) or 'nothing to do'}{spent}, {seconds:.1f} s"
    yield from spending_lines(result.spent)
    yield from _submitted(build)
    yield from _failures(result)
    for problem in result.problems:
        yield from str(problem).split("\n")
    for item in result.outcomes:
        if item.outcome == Outcome.KEPT.value:  # paid for and not put in place
            yield f"kept as a version: {item.image.id}: {item.error}"
            yield f"  hint: `chargen history {item.image.id}` lists it"
    for item in result.outcomes:
        if item.outcome == LEFT_OUT:
            yield f"left out: {item.image.id}: {item.error}"
    others = (
        (image.id, image.verdict.value, image.reasons)
        for image in build.choice.untouched
        if image.verdict is not Verdict.FRESH or image.reasons
    )
    yield from untouched_lines(others)
    if ignored := [entry_id for entry_id in build.selected if entry_id in build.ignored]:
        yield f"ignored on this machine: {listed(ignored)}"


def _in_order(result: RunResult) -> dict[str, int]:
    """Return the counts of outcomes, what was made first."""
    totals = result.totals
    made = [outcome.value for outcome in Outcome if outcome is not Outcome.NOTHING]
    found = {name: totals[name] for name in (*made, *_NOT_MADE) if name in totals}
    return {**found, "nothing to do": totals.get(Outcome.NOTHING.value, 0)}


def _failures(result: RunResult) -> Iterable[str]:
    """Yield why images failed, each reason once for all images that it concerns; so also why a provider was stopped."""
    for provider, stop in result.stopped.items():
        yield f"stopped: {provider}: {stop.message}"
        if stop.hint:
            yield f"  hint: {stop.hint}"
        if images := [item.image.id for item in result.failed if item.stopped_by == provider]:
            yield f"  failed by this: {listed(images)}"
    by_message: dict[str, list[ImageOutcome]] = {}
    for item in result.failed:
        if not item.stopped_by:
            by_message.setdefault(item.error or "", []).append(item)
    for message, items in by_message.items():
        yield f"failed: {listed([item.image.id for item in items])}"
        yield from (f"  {line}" for line in message.split("\n"))
        if charged := sum((item.cost_usd or Decimal(0) for item in items), Decimal(0)):
            yield f"  charged: {cost_text(charged)}"


def _outcome(done: BuildResult) -> str:  # noqa: PLR0911 - one for each outcome
    paid = paid_text(done.cost_usd, estimated=done.estimated)
    if done.outcome is Outcome.BUILT:
        return f"built by {done.image.route}, {paid}"
    if done.outcome is Outcome.SUBMITTED:
        return f"goes into a job, {estimate_text(done.cost_usd)} by estimate"
    if done.outcome is Outcome.KEPT:
        return f"kept as a version, not put in place: {done.note}, {paid}"
    if done.outcome is Outcome.NOTHING:
        return done.note or f"nothing to do: {done.image.verdict.value}"
    if done.outcome is Outcome.MOVED:
        return f"moved: {done.note}, free"
    if done.outcome is Outcome.RESTORED and done.note:
        return f"restored {done.note}, free"
    return str(done.outcome.value)
