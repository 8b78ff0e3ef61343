"""What a run came to: an outcome for each image it had to do with, what was spent, what stopped.

Each image is counted once, whatever happened to its entry meanwhile; text and JSON are made of the same values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from chargen.build.events import AnsweredByAnother, ChargedMore, ProviderStopped, ServerLeftOut
from chargen.build.result import Outcome
from chargen.build.run import Build
from chargen.errors import Problem, warning
from chargen.model.amounts import number
from chargen.model.groups import grouped
from chargen.model.values import EntryId
from chargen.plan.plan import Shown, totals
from chargen.providers import is_proof
from chargen.store.journal_rows import Attempt
from chargen.store.spending import Sum, sum_of
from chargen.text.money import cost_text, estimate_text

FAILED, LEFT_OUT, INTERRUPTED = "failed", "left out", "interrupted"
"""Outcomes of images that were not made; the others are those of `chargen.build.result.Outcome`."""


_PAID = (Outcome.BUILT, Outcome.KEPT)


class ImageOutcome(Struct, frozen=True):
    """What became of one image.

    `cost_usd` is what its requests cost in this run: None where unknown and 0 where nothing was sent; `error` says why
    it failed, was left out or not put in place; `needed_by` is the image it was built for, where it was not asked for
    itself.
    """

    image: Shown
    outcome: str
    cost_usd: Decimal | None = Decimal(0)
    error: str | None = None
    needed_by: EntryId | None = None
    stopped_by: str = ""
    """The provider that was stopped, where that is why the image failed."""

    def to_json(self) -> dict[str, Any]:
        """One element of `outcomes[]` in `batch --json`."""
        image = self.image
        return {
            "id": image.id,
            "target": image.target,
            "outcome": self.outcome,
            "verdict": image.verdict.value,
            "provider": image.route.provider if image.route else None,
            "model": image.route.model if image.route else None,
            "cost_usd": number(self.cost_usd),
            "error": self.error,
            "needed_by": self.needed_by,
        }


class RunResult(Struct, frozen=True):
    """One run. `outcomes` are in build order; `untouched` counts selected images that needed nothing, by verdict.

    `spent` adds up its requests, from the journal; `stopped` are providers that no more was sent to; `problems` are
    errors of no image, what vendors charged beyond what was known, which models answered in the place of others, and
    servers that were left out.
    """

    outcomes: tuple[ImageOutcome, ...]
    untouched: Mapping[str, int]
    spent: Sum
    stopped: Mapping[str, ProviderStopped]
    problems: tuple[Problem, ...]
    collected: Sum = Sum()
    """What requests of runs before came to that this one collected."""
    warnings: tuple[Problem, ...] = ()
    """What was said of the images before anything was sent."""
    exit_code: int = 0

    @property
    def totals(self) -> Mapping[str, int]:
        """How many images have each outcome, in the order in which outcomes came first."""
        return Counter(item.outcome for item in self.outcomes)

    @property
    def failed(self) -> tuple[ImageOutcome, ...]:
        """The images that failed."""
        return tuple(item for item in self.outcomes if item.outcome == FAILED)

    def to_json(self) -> dict[str, Any]:
        """The object of `batch --json`; `cost_usd` is null where the price of something built is unknown."""
        return {
            "outcomes": [item.to_json() for item in self.outcomes],
            "totals": dict(self.totals),
            "untouched": dict(self.untouched),
            "cost_usd": None if self.spent.unknown else number(self.spent.spent_usd),
            "possibly_billed": self.spent.possibly,
            "possibly_billed_usd": number(self.spent.possibly_usd),
            "spent": self.spent.to_json(),
            "collected": self.collected.to_json(),
            "stopped": {name: {"message": stop.message, "hint": stop.hint} for name, stop in self.stopped.items()},
            "problems": [problem.to_json() for problem in (*self.warnings, *self.problems)],
            "exit_code": self.exit_code,
        }


def run_result(build: Build, exit_code: int = 0) -> RunResult:
    """Say what a run came to, once it is over."""
    attempts = build.attempts
    return RunResult(
        outcomes=tuple(_outcomes(build, attempts)),
        untouched=totals(build.choice.untouched),
        spent=sum_of(build.session.run_id, attempts, is_proof),
        stopped=dict(build.stopped),
        problems=(
            *build.unplanned,
            *map(_charged_more, build.charged_more),
            *_answered(build.others),
            *map(_left_out, build.servers_left_out.values()),
            *(() if build.builder.sharing is None else build.builder.sharing.problems),
        ),
        collected=sum_of("", build.collected_attempts, is_proof),
        warnings=tuple(finding.problem for finding in build.warnings),
        exit_code=exit_code,
    )


def _answered(events: Iterable[AnsweredByAnother]) -> Iterator[Problem]:
    """Say once for each pair of models how many images another one made than was asked."""
    pairs = Counter((event.route, event.answered_by) for event in events)
    for (route, other), count in pairs.items():
        images = f"{count:,} image{'' if count == 1 else 's'}"
        message = f"{route} was asked for {images}, and `{other}` answered: look and price may differ"
        yield warning(message, None, "the record of each says so; set a model or a route that is served as asked")


def _charged_more(event: ChargedMore) -> Problem:
    actual, most = cost_text(event.actual), estimate_text(event.most)
    message = (
        f"{event.route} charged {actual} for `{event.entry_id}`, more than the {most} it was known to cost at most"
    )
    return warning(message, None, "a budget can't hold against that: check the vendor's bill and its prices")


def _left_out(event: ServerLeftOut) -> Problem:
    message = f"`{event.address}` of `{event.provider}` was left out: {event.message}"
    return warning(message, None, "the other servers went on; each run tries it again")


def _outcomes(build: Build, attempts: Sequence[Attempt]) -> Iterator[ImageOutcome]:
    """Yield what became of each image that the run had to do with, each once."""
    left_out = {item.image.id: item.reason for item in build.left_out}
    sent = grouped(attempts, lambda attempt: attempt.task_id)
    concerned = {*build.failed, *left_out, *build.interrupted, *build.done}
    for image in build.plan.images:
        if image.id not in concerned:
            continue
        needed_by = build.choice.needed_by.get(image.id)
        done = build.done.get(image.id)
        if done is not None and done.outcome in _PAID:
            image = done.image  # noqa: PLW2901 - as it was judged when it was sent
        cost = _cost(sent.get(image.id, ()))
        if (failure := build.failed.get(image.id)) is not None:
            yield ImageOutcome(image, FAILED, cost, failure.message, needed_by, failure.stopped_by)
        elif image.id in left_out:
            yield ImageOutcome(image, LEFT_OUT, cost, left_out[image.id], needed_by)
        elif image.id in build.interrupted:
            yield ImageOutcome(image, INTERRUPTED, cost, needed_by=needed_by)
        elif done is not None:
            yield ImageOutcome(image, done.outcome.value, cost, done.note or None, needed_by)


def _cost(attempts: Sequence[Attempt]) -> Decimal | None:
    """Add up what the requests for one image cost; None where that is not known, or may be more."""
    spent = sum_of("", attempts, is_proof)
    return None if spent.unknown or (spent.possibly and not spent.images) else spent.spent_usd
