"""What an author's change would reach: every image that a file, a character, a template or a picture feeds.

Reads the plan, changes nothing. Chains are followed: an image that shows a built portrait is reached by what reaches
the portrait.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jinja2 import Environment, TemplateError, meta

from chargen.actions.why import rebuild_price
from chargen.errors import StartError, error
from chargen.kinds import all_kinds
from chargen.model.entries import Imagery
from chargen.model.values import EntryId, Verdict, number
from chargen.plan.plan import Plan, Planned
from chargen.plan.planner import Planner
from chargen.plan.request import selectables
from chargen.plan.scan import Scan
from chargen.plan.selection import Selection, select
from chargen.plan.session import Session, read_templates
from chargen.text.nearest import nearest


@dataclass(frozen=True, slots=True)
class Reached:
    """One image that is fed: `through` names the portrait between, where it is not fed directly.

    `cost_usd` is the price of a new image by estimate, None where unknown; `rebuilds` says whether a change would
    make a build send it at all.
    """

    image: Planned
    through: EntryId | None
    cost_usd: Decimal | None
    rebuilds: bool

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `impact --json`."""
        return {
            "id": self.image.id,
            "target": self.image.target,
            "verdict": self.image.verdict.value,
            "through": self.through,
            "rebuilds": self.rebuilds,
            "route": str(self.image.route) if self.image.route else None,
            "cost_usd": number(self.cost_usd),
        }


@dataclass(frozen=True, slots=True)
class Impact:
    """All images that something feeds, in build order; `what` is that something in words."""

    what: str
    reached: tuple[Reached, ...]

    @property
    def rebuilt(self) -> tuple[Reached, ...]:
        """Those that a change would rebuild."""
        return tuple(item for item in self.reached if item.rebuilds)

    @property
    def kept(self) -> tuple[Reached, ...]:
        """Approved and locked ones: they stay as they are."""
        return tuple(item for item in self.reached if item.image.verdict is Verdict.LOCKED)

    @property
    def cost_usd(self) -> Decimal | None:
        """What rebuilding costs by estimate; None where a price is unknown."""
        total = Decimal(0)
        for item in self.rebuilt:
            if item.cost_usd is None:
                return None
            total += item.cost_usd
        return total

    def to_json(self) -> dict[str, Any]:
        """The object of `impact --json`."""
        return {
            "what": self.what,
            "images": [item.to_json() for item in self.reached],
            "locked": len(self.kept),
            "rebuilds": len(self.rebuilt),
            "cost_usd": number(self.cost_usd),
        }


def impact(session: Session, planner: Planner, plan: Plan, what: str, within: str = "") -> Impact:
    """Return what `what` feeds: a path, an id, a glob, a slug, or a template. Raises StartError for what is none.

    `within` is the project-relative folder where the command was given: paths may be written from there too.
    """
    words, direct = _direct(session, planner.scan, plan, what, within)
    through = _chains(plan, direct)
    reached: dict[EntryId, Reached] = {}
    for image in plan.images:
        if image.id not in through:
            continue
        # A portrait that stays as it is changes nothing for those that show it.
        fed = image.id in direct or any(need in reached and reached[need].rebuilds for need in image.needs)
        price = rebuild_price(image, session.adapters)
        reached[image.id] = Reached(image, through[image.id], price, fed and _would_rebuild(image))
    return Impact(words, tuple(reached.values()))


def _would_rebuild(image: Planned) -> bool:
    if image.entry.is_kept and image.verdict is not Verdict.MISSING:
        return False
    return image.verdict not in (Verdict.LOCKED, Verdict.EDITED, Verdict.NO_PROMPT, Verdict.SKIPPED, Verdict.BLOCKED)


def _chains(plan: Plan, direct: frozenset[EntryId]) -> dict[EntryId, EntryId | None]:
    """Follow references from portraits to their users: ids that are reached, with the portrait they are reached by."""
    through: dict[EntryId, EntryId | None] = dict.fromkeys(direct)
    for image in plan.images:  # in build order a portrait comes before its users
        if image.id not in through:
            by = next((need for need in image.needs if need in through), None)
            if by is not None:
                through[image.id] = by
    return through


def _direct(session: Session, scan: Scan, plan: Plan, what: str, within: str) -> tuple[str, frozenset[EntryId]]:
    paths = dict.fromkeys((posixpath.normpath(what), posixpath.normpath(posixpath.join(within, what))))
    for path in paths:
        if (kinds := _kinds_of(session, path)) is not None:
            ids = (image.id for image in plan.images if image.entry.kind in kinds and image.composed)
            return f"the template {path}", frozenset(ids)
        for imagery in scan.imageries:
            if path == imagery.file:
                return f"the file {path}", _of_files(plan, (imagery,))
        if users := frozenset(_showing(plan, path)):
            return f"the picture {path}", users
    if named := [imagery for imagery in scan.imageries if what == imagery.slug]:
        of_kind = [imagery for imagery in named if imagery.kind == named[0].kind]
        return f"the {named[0].kind} {what}", _of_files(plan, of_kind)
    if depicting := frozenset(_depicting(plan, {what})):
        return f"the character {what}", depicting
    found = _selected(plan, scan, what, within)
    return (f"the image {found[0]}" if len(found) == 1 else f"{len(found)} images"), frozenset(found)


def _selected(plan: Plan, scan: Scan, what: str, within: str) -> tuple[EntryId, ...]:
    try:
        return select(selectables(plan), Selection((what,), within=within))
    except StartError as failure:
        slugs = [imagery.slug for imagery in scan.imageries]
        near = nearest(what, slugs)
        hint = f"did you mean `{near[0]}`?" if near else failure.problems[0].hint
        message = f"`{what}` is no image, slug, imagery file, picture or template of this project"
        raise StartError(error(message, hint=hint)) from None


def _of_files(plan: Plan, imageries: Sequence[Imagery]) -> frozenset[EntryId]:
    """Return the images of files, and those that show a character whom the files describe."""
    own = {entry.id for imagery in imageries for entry in imagery.entries}
    described = {character.slug for imagery in imageries for character in imagery.characters}
    return frozenset((*own, *_depicting(plan, described)))


def _depicting(plan: Plan, slugs: Collection[str]) -> Iterator[EntryId]:
    return (image.id for image in plan.images if any(shown.slug in slugs for shown in image.entry.depicts))


def _showing(plan: Plan, path: str) -> Iterable[EntryId]:
    """Yield the images that send the picture at `path` along; nothing for a picture that is planned itself."""
    if any(image.target == path for image in plan.images):
        return
    for image in plan.images:
        if any(reference.path == path for reference in image.references):
            yield image.id


def _kinds_of(session: Session, path: str) -> frozenset[str] | None:
    """Return the kinds whose prompts a template takes part in; None for a path that is no template."""
    folder = session.project.settings.prompts
    templates = read_templates(session.project)
    name = path.removeprefix(f"{folder}/")
    if name not in templates:
        return None
    return frozenset(kind.name for kind in all_kinds() if name in _included(kind.template, templates))


def _included(root: str, templates: Mapping[str, str]) -> frozenset[str]:
    """Return the templates that `root` is made of; a name that is only known when it runs may be any of them."""
    environment = Environment(autoescape=False)  # noqa: S701 - only parsed, never rendered
    found: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in found or name not in templates:
            continue
        found.add(name)
        try:
            named = set(meta.find_referenced_templates(environment.parse(templates[name])))
        except TemplateError:
            continue  # told where it is composed
        waiting.extend(templates if None in named else (each for each in named if each is not None))
    return frozenset(found)
