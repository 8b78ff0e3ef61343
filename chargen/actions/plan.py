"""A plan as it is shown: the images that were asked for, what concerns them, and what a run would take on of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chargen.errors import note
from chargen.plan.build_request import Chosen
from chargen.plan.choice import Choice
from chargen.plan.findings import Finding, findings
from chargen.plan.plan import Plan, Shown, besides_images

if TYPE_CHECKING:  # a kept plan is shown without what makes one
    from chargen.plan.session import Session


class ShownPlan(Struct, frozen=True):
    """`images` are shown, in build order; a `dry_run` also tells what the `choice` leaves out, and why."""

    images: tuple[Shown, ...]
    findings: tuple[Finding, ...]
    choice: Choice
    dry_run: bool = False

    def to_json(self) -> dict[str, Any]:
        """The object of `plan --json`; for a dry run with the users of what is needed and what would be left out."""
        return {"images": [image.to_json() for image in self.images], **self.besides_images()}

    def besides_images(self) -> dict[str, Any]:
        """All of that object but its images."""
        found = besides_images(self.images, (finding.problem for finding in self.findings))
        if self.dry_run:
            found["needed_by"] = dict(self.choice.needed_by)
            found["left_out"] = [{"id": item.image.id, "reason": item.reason} for item in self.choice.left_out]
        return found


def shown_plan(chosen: Chosen, session: Session | None, *, whole: bool) -> ShownPlan:
    """Show what was asked for and what that needs, whatever is left out; `whole` where all there is was asked for.

    Without a session nothing is said of providers: nothing is sent to one.
    """
    choice = chosen.choice
    meant = {*chosen.selected, *(image.id for image in choice.images), *(item.image.id for item in choice.left_out)}
    images = tuple(image for image in chosen.plan.images if image.id in meant)
    return ShownPlan(images, _with_providers(chosen, session, concerning(chosen.plan, images, whole=whole)), choice)


def dry_run(chosen: Chosen, session: Session) -> ShownPlan:
    """Show what a run would take on."""
    images = chosen.choice.images
    found = _with_providers(chosen, session, concerning(chosen.plan, images, whole=False))
    return ShownPlan(images, found, chosen.choice, dry_run=True)


def _with_providers(chosen: Chosen, session: Session | None, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Add what is odd about the requests of a run and about those they go to, where that is not said already."""
    if session is None:
        return found
    from chargen.plan.before_sending import of_killed_runs, warnings_of  # noqa: PLC0415 - a kept plan needs neither

    seen = {finding.problem for finding in found}
    more = (*warnings_of(session, chosen), *of_killed_runs(session), *_store_not_asked(session, chosen))
    return (*(finding for finding in more if finding.problem not in seen), *found)


def _store_not_asked(session: Session, chosen: Chosen) -> Iterator[Finding]:
    """Say that a plan is made offline: a build asks the shared store first, and what it has costs nothing."""
    from chargen.providers import is_proof  # noqa: PLC0415 - a kept plan is shown without it

    store = session.project.settings.store
    buys = [
        image
        for image in chosen.choice.images
        if image.verdict.spends and image.route and not is_proof(image.route.provider)
    ]
    if store is not None and buys:
        yield Finding(note("the store was not asked: a build asks it first, and what it has is free", store.position))


def concerning(plan: Plan, images: Iterable[Shown], *, whole: bool) -> tuple[Finding, ...]:
    """Return the problems that concern `images`: their own, and all of their files; of the `whole` plan all there are.

    What concerns no imagery file (a template, a setting) always counts; so does a file that can't be read.
    """
    found = findings(plan)
    if whole:
        return found
    others = {image.file for image in plan.images} - {image.file for image in images}
    return tuple(item for item in found if (place := item.problem.position) is None or place.file not in others)
