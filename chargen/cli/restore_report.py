"""What became of a version that was brought back, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chargen.actions.restore import Restored
from chargen.cli.reading import moment
from chargen.cli.tables import plural
from chargen.model.values import Verdict
from chargen.plan.plan import Plan, Planned
from chargen.store.files import printable


def lines(image: Planned, done: Restored, stale: int) -> Iterator[str]:
    """Yield what was done and what follows from it."""
    version = done.version
    made = f"made {moment(version.at)} by {printable(version.by)}" if version.by else f"of {moment(version.at)}"
    yield f"restored version {version.number} of {printable(image.id)}, {made}"
    if done.other_inputs:
        yield "it was made from other inputs: it counts as current for today's, and a build leaves it until they change"
    if image.entry.status is not None:
        yield f"the entry's status stays {image.entry.status.value}"
    if stale:
        yield f"{plural(stale, 'image')} with this reference will be rebuilt"


def as_object(image: Planned, done: Restored) -> dict[str, Any]:
    """Return the object of `restore --json`."""
    return {
        "id": image.id,
        "target": image.target,
        "version": done.version.number,
        "file_sha256": done.picture.file,
        "other_inputs": done.other_inputs,
    }


def users(plan: Plan, image: Planned) -> int:
    """Count the images that become stale because they show this one."""
    fresh = (other for other in plan.images if other.verdict is Verdict.FRESH)
    return sum(image.id in other.needs for other in fresh)
