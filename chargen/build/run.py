"""One run: what was asked for, the plan, the choice, and what became of each image.

The scheduler (doit) calls `build` from threads; it ends in a message or nothing, never in an exception, so that one
failure stays one failure.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.build.attempt import HeldElsewhereError, NotClaimedError
from chargen.build.batch_results import Collected
from chargen.build.batches import Submitted
from chargen.build.events import (
    AnsweredByAnother,
    ChargedMore,
    JobAdvanced,
    ProviderPaused,
    ProviderStopped,
    RequestSent,
    SendingEvent,
    ServerLeftOut,
    TryFailed,
)
from chargen.build.image import ImageBuilder, build_image, build_variant
from chargen.build.result import BuildResult, Outcome, RewordedError
from chargen.build.retry import BreakerOpenError, StoppedError
from chargen.config.layout import LOG
from chargen.config.project import Project
from chargen.errors import ChargenError, Problem, Severity
from chargen.model.request import FailureClass, ProviderError
from chargen.model.values import EntryId
from chargen.plan.budget import OverBudgetError
from chargen.plan.choice import Choice, LeftOut
from chargen.plan.findings import Finding
from chargen.plan.plan import Plan, Planned, Shown
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.batch_job import JobLine
from chargen.store.journal_rows import Attempt

_LOG = logging.getLogger("chargen")


class Failure(Struct):
    """An image that failed or is blocked, and why; `stopped_by` is the provider where that is why it can't be had."""

    image: Shown
    message: str
    stopped_by: str = ""


class Build(Struct, eq=False, dict=True):
    """One run over one plan. `chosen` are the images it has to do with, in plan order."""

    session: Session
    planner: Planner
    plan: Plan
    choice: Choice
    selected: tuple[EntryId, ...]
    builder: ImageBuilder
    stop: threading.Event
    leftovers: tuple[Attempt, ...] = ()
    done: dict[EntryId, BuildResult] = field(default_factory=dict)
    failed: dict[EntryId, Failure] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    interrupted: dict[EntryId, Shown] = field(default_factory=dict)
    held: dict[EntryId, str] = field(default_factory=dict)
    """Images that another build is buying, by who."""
    warnings: tuple[Finding, ...] = ()
    """What is odd about the images that are to be sent, and about those they are sent to."""
    sent: bool = False
    """Whether a request has left."""
    charged_more: list[ChargedMore] = field(default_factory=list)
    """What vendors charged beyond what was known to be the most."""
    others: list[AnsweredByAnother] = field(default_factory=list)
    """Where another model answered than was asked."""
    servers_left_out: dict[str, ServerLeftOut] = field(default_factory=dict)
    """Of several servers those that did not serve for a while, by address."""
    collected: Collected = field(default_factory=Collected)
    """What a look at the jobs of before brought."""
    submitted: list[Submitted] = field(default_factory=list)
    """The jobs of this run."""
    stopped: dict[str, ProviderStopped] = field(default_factory=dict)
    """The answers that stopped providers in this run."""
    on_sent: Callable[[EntryId], None] = field(default=lambda _entry_id: None)
    """Told, on the thread of an image, that its request is leaving."""
    on_progress: Callable[[str, float], None] = field(default=lambda _entry_id, _done: None)
    """Told, on the thread of an image, which part of it its server says to be done."""
    on_pause: Callable[[str, float], None] = field(default=lambda _provider, _seconds: None)
    """Told, on the thread of an image, for how many seconds a provider is sent nothing."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: ExitStack = field(default_factory=ExitStack)

    @property
    def project(self) -> Project:
        """The project that is built."""
        return self.session.project

    @property
    def targets(self) -> frozenset[str]:
        """The targets of all images of the plan."""
        return frozenset(image.target for image in self.plan.images)

    @property
    def ignored(self) -> frozenset[EntryId]:
        """The images that are left alone on this machine, those asked for by `--rebuild` left out."""
        return self.builder.judge.options.ignored

    @property
    def chosen(self) -> tuple[Shown, ...]:
        """The images this run does something with, in plan order."""
        return self.choice.images

    @cached_property
    def _more(self) -> Mapping[EntryId, int]:
        """How many further versions are made of each image."""
        return {image.id: image.more for image in self.chosen if image.more}

    @property
    def unplanned(self) -> tuple[Problem, ...]:
        """Errors of the input that no image of the run fails by; warnings where the run was asked for named images."""
        found = self.plan.unplanned
        if len(self.selected) == len(self.plan.images):
            return found
        return tuple(problem.as_warning() for problem in found)

    @property
    def has_errors(self) -> bool:
        """True where an image failed, or an error of the input concerns what the run was asked for."""
        return bool(self.failed) or any(problem.severity is Severity.ERROR for problem in self.unplanned)

    def image(self, entry_id: EntryId) -> Shown:
        """Return one image of the plan."""
        return self.plan.by_id[entry_id]

    def whole(self, entry_id: EntryId) -> Planned:
        """Return one image of the plan to the last word; what a run has to do with was planned so."""
        image = self.image(entry_id)
        if isinstance(image, Planned):
            return image
        with self._lock:
            return self.planner.image(entry_id)

    def is_up_to_date(self, entry_id: EntryId) -> bool:
        """Say whether an image needs nothing: false also for a blocked one, so that its task fails with the reason."""
        return entry_id in self.done or not self.image(entry_id).is_due

    def build(self, entry_id: EntryId) -> str | None:
        """Build one image, its slots included; return why it failed, or None. It may be `held` after that."""
        self.held.pop(entry_id, None)
        image = self.image(entry_id)
        try:
            if self.collected.failures and image.verdict.spends and entry_id in self.collected.faults:
                raise ProviderError(FailureClass.INVALID, self.collected.faults[entry_id])
            result = build_image(self.builder, self.whole(entry_id))
            with self._lock:
                self.done[entry_id] = result
            if result.failure is not None:
                raise result.failure
        except HeldElsewhereError as holder:
            with self._lock:
                self.held[entry_id] = str(holder)
            return None
        except Exception as failure:  # noqa: BLE001 - as `_why` says
            return self._why(image, failure)
        if self._more.get(entry_id):
            self._make_variants(entry_id)
        return None

    def note(self, event: SendingEvent) -> None:
        """Note what goes on while images are sent for."""
        if isinstance(event, RequestSent):
            self.sent = True
            self.on_sent(EntryId(event.entry_id))
        elif isinstance(event, JobAdvanced):
            self.on_progress(event.entry_id, event.done)
        elif isinstance(event, TryFailed):
            then = "no other" if event.wait is None else f"the next in {event.wait:.1f} s"
            _LOG.info(
                "%s: try %d of %s failed, %s: %s", event.entry_id, event.number, event.provider, then, event.failure
            )
        elif isinstance(event, ProviderPaused):
            _LOG.info("%s is sent nothing for %.1f s: %s", event.provider, event.seconds, event.message)
            self.on_pause(event.provider, event.seconds)
        elif isinstance(event, AnsweredByAnother):
            self.others.append(replace(event, answered_by=self.project.clean(event.answered_by)))
        elif isinstance(event, ChargedMore):
            self.charged_more.append(event)
        elif isinstance(event, ServerLeftOut):
            self.servers_left_out[event.address] = replace(event, message=self.project.scrub(event.message))
        elif isinstance(event, ProviderStopped):
            self.stopped[event.provider] = replace(event, message=self.project.scrub(event.message))

    def fail(self, entry_id: EntryId, message: str) -> None:
        """Note a failure that happened outside `build`."""
        self._fail(self.image(entry_id), message)

    def fail_for_needs(self, entry_id: EntryId, needs: Sequence[str]) -> None:
        """Note that an image was not tried because what it references is not there; never built without it."""
        image = self.image(entry_id)
        names = ", ".join(f"`{need}`" for need in needs)
        if all(need in self.failed for need in needs):
            self._fail(image, f"not tried: it references {names}, which failed")
        elif any(need in self.interrupted for need in needs):
            self.interrupted[entry_id] = image
        else:
            self.left_out.append(LeftOut(image, f"it references {names}, which was not built"))

    def interrupt(self, entry_id: EntryId) -> str:
        """Note that an image was not begun because the run was asked to end."""
        with self._lock:
            self.held.pop(entry_id, None)
            self.interrupted[entry_id] = self.image(entry_id)
        return "interrupted before it was begun"

    def submit_jobs(self) -> None:
        """Make the jobs that images of the run joined; those of one that could not be made have failed, or wait.

        Before that, jobs are taken off the record whose last replies had their turn.
        """
        selected = frozenset(self.selected)
        for job in self.collected.kept:
            named = {line.entry_id for line in job.lines if line.named}
            if not self.stop.is_set() and all(name in selected or name not in self.plan.by_id for name in named):
                self.session.batch_jobs.end(job)
        for done in self.builder.batches.submit():
            self.submitted.append(done)
            if done.is_there:
                self.sent = True
                continue
            if done.failure is not None:
                self._stops(done.job.provider, done.failure)
            for line in done.job.lines:
                self._not_in_a_job(done, line)

    def _not_in_a_job(self, done: Submitted, line: JobLine) -> None:
        """Note of an image whose job was not made why."""
        if self.builder.sharing is not None:
            self.builder.sharing.never_left(line.attempt, line.fingerprint)
        image = self.done.pop(line.entry_id).image
        if done.left_out:
            self.left_out.append(LeftOut(image, done.left_out))
        elif done.failure is None:
            self.interrupted[image.id] = image
        elif done.failure.rate_limited:
            self.left_out.append(LeftOut(image, f"no room for it at the vendor yet: {done.failure.message}"))
        else:
            self._fail_by(image, done.failure)

    def _stops(self, provider: str, failure: ProviderError) -> None:
        """Note an answer to a step towards a job that stops its provider, as one to a request does."""
        if failure.failure is not FailureClass.PROVIDER_STOP:
            return
        failure.stops_provider = True
        with self._lock:
            first = provider not in self.stopped
        if first:
            self.note(ProviderStopped(provider, failure.message, failure.hint))

    def note_interrupted(self) -> None:
        """Note every image of the run that the interrupt kept from being made."""
        left = [image for image in self.chosen if image.id not in self.done and not self.knows(image.id)]
        self.interrupted.update((image.id, image) for image in left)

    def knows(self, entry_id: EntryId) -> bool:
        """Say whether it is noted already why an image was not made."""
        known = entry_id in self.failed or entry_id in self.interrupted
        return known or any(item.image.id == entry_id for item in self.left_out)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The requests of this run, as the journal has them."""
        return self.session.journal.of_run(self.session.run_id) if self.sent else ()

    @property
    def collected_attempts(self) -> tuple[Attempt, ...]:
        """The requests of runs before of which this one learned what they came to."""
        found, journal = self.collected, self.session.journal
        every = (attempt for run in sorted(found.runs) for attempt in journal.of_run(run))
        return tuple(attempt for attempt in every if attempt.attempt_id in found.settled)

    def close(self) -> None:
        """End the run: let go of the project and close what is open."""
        self._closing.close()

    def _make_variants(self, entry_id: EntryId) -> None:
        """Make the further versions of an image that has its own; those that reference it hang on none of them."""
        done = self.done[entry_id]
        for _ in range(self._more[entry_id]):
            try:
                made = build_variant(self.builder, self.whole(entry_id))
            except HeldElsewhereError as holder:
                with self._lock:
                    self.left_out.append(LeftOut(self.image(entry_id), f"variants: {holder}"))
                return
            except Exception as failure:  # noqa: BLE001 - as `_why` says
                self._why(self.image(entry_id), failure)
                return
            if made.outcome is not Outcome.VARIANT:
                return
            cost = None if done.cost_usd is None or made.cost_usd is None else done.cost_usd + made.cost_usd
            outcome, image = done.outcome, done.image
            if outcome is Outcome.NOTHING:
                outcome, image = Outcome.VARIANT, made.image
            estimated = done.estimated or made.estimated
            done = replace(
                done, outcome=outcome, image=image, cost_usd=cost, estimated=estimated, variants=done.variants + 1
            )
            with self._lock:
                self.done[entry_id] = done

    def _why(self, image: Shown, failure: Exception) -> str:
        """Note why an image was not made, and return it; a bug of ours fails one image, its traceback is in the log."""
        if isinstance(failure, StoppedError):
            with self._lock:
                self.interrupted[image.id] = image
            return "interrupted before it was sent"
        if isinstance(failure, OverBudgetError | NotClaimedError | RewordedError):
            with self._lock:
                self.left_out.append(LeftOut(image, failure.message))
            return failure.message
        if isinstance(failure, ProviderError):
            if failure.__cause__ is not None and not isinstance(failure.__cause__, ProviderError):
                _LOG.error("%s: %s", image.id, failure.message, exc_info=failure.__cause__)
            return self._fail_by(image, failure)
        if isinstance(failure, ChargenError):
            return self._fail(image, str(failure))
        _LOG.error("%s: unexpected %s", image.id, type(failure).__name__, exc_info=failure)
        return self._fail(image, f"unexpected {type(failure).__name__}: see `{LOG}`, and please report it")

    def _fail_by(self, image: Shown, failure: ProviderError) -> str:
        name = image.route.provider if image.route is not None else ""
        if not isinstance(failure, BreakerOpenError):
            self._stops(name, failure)
        message = failure.message + (f"\n  hint: {failure.hint}" if failure.hint else "")
        if isinstance(failure, BreakerOpenError):
            stop = self.stopped.get(name)
            why = stop.message if stop is not None else f"`{name}` is stopped"
            return self._fail(image, f"not sent: {why}", stopped_by=name)
        return self._fail(image, message, stopped_by=name if failure.stops_provider else "")

    def _fail(self, image: Shown, message: str, *, stopped_by: str = "") -> str:
        message = self.project.scrub(message)
        with self._lock:
            self.failed[image.id] = Failure(image, message, stopped_by)
        if not self.session.read_only:
            self.session.journal.task_failed(image.id, message)
        _LOG.error("%s: %s", image.id, message)
        return message

    @property
    def built(self) -> tuple[BuildResult, ...]:
        """What this run did, images of which nothing had to be done left out."""
        return tuple(done for done in self.done.values() if done.outcome is not Outcome.NOTHING)
