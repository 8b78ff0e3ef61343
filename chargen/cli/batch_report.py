"""What a run of `chargen batch --json` prints: one object with an outcome for each image the run had to do with."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from chargen.build.image import Outcome
from chargen.build.run import Build
from chargen.plan.plan import Planned, problem_json, totals

FAILED, LEFT_OUT, INTERRUPTED = "failed", "left out", "interrupted"
"""Outcomes of images that were not made; the others are those of `chargen.build.image.Outcome`."""


def run_object(build: Build, exit_code: int) -> dict[str, Any]:
    """Return the object of one run.

    Its keys: `outcomes[]`: id, target, outcome, verdict, provider, model, cost_usd (null where unknown, 0 where nothing
    was sent), error (why it failed or was left out, else null), needed_by (the image it was built for, else null), in
    build order; `totals`: {outcome: number}; `untouched`: {verdict: number} of selected images that needed nothing;
    `cost_usd`: what was spent (null where a price is unknown); `possibly_billed`: requests of this run that may have
    been billed and brought nothing, and `possibly_billed_usd`, their estimate (null where unknown); `stopped`:
    {provider: {message, hint}} of providers that no more was sent to; `problems[]`: errors of no image, such as
    a file that can't be read; `exit_code`.
    """
    outcomes = [found for image in build.plan.images if (found := _outcome(build, image)) is not None]
    costs = [done.cost_usd for done in build.built]
    perhaps = build.losses.possibly_usd
    return {
        "outcomes": outcomes,
        "totals": dict(Counter(item["outcome"] for item in outcomes)),
        "untouched": totals(build.choice.quiet),
        "cost_usd": None if None in costs else float(sum((cost for cost in costs if cost), build.losses.spent)),
        "possibly_billed": build.losses.possibly_billed,
        "possibly_billed_usd": None if perhaps is None else float(perhaps),
        "stopped": {name: {"message": stop.message, "hint": stop.hint} for name, stop in build.stopped.items()},
        "problems": [problem_json(problem) for problem in build.unplanned],
        "exit_code": exit_code,
    }


def _outcome(build: Build, image: Planned) -> dict[str, Any] | None:
    """Describe one image; None where the run had nothing to do with it."""
    left_out = {item.image.id: item.reason for item in build.left_out}
    done = build.done.get(image.id)
    cost: Decimal | None = Decimal(0)
    error = None
    if image.id in build.failed:
        made, error, cost = FAILED, build.failed[image.id].message, build.losses.of(image.id)
    elif image.id in left_out:
        made, error = LEFT_OUT, left_out[image.id]
    elif image.id in build.interrupted:
        made = INTERRUPTED
    elif done is not None:
        made = done.outcome.value
    else:
        return None
    if done is not None and done.outcome is Outcome.BUILT:
        image, cost = done.image, done.cost_usd
    return {
        "id": image.id,
        "target": image.target,
        "outcome": made,
        "verdict": image.verdict.value,
        "provider": image.route.provider if image.route else None,
        "model": image.route.model if image.route else None,
        "cost_usd": None if cost is None else float(cost),
        "error": error,
        "needed_by": build.choice.needed_by.get(image.id),
    }
