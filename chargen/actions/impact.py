"""What an author's change would reach: every image that a file, a character, a template or a picture feeds.

Reads the plan, changes nothing. Chains are followed: an image that shows a built portrait is reached by what reaches
the portrait.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from jinja2 import Environment, TemplateError, meta
from msgspec import Struct, field
from msgspec.structs import replace

from chargen.errors import StartError, error
from chargen.kinds import all_kinds
from chargen.model.amounts import Total, number, total_of
from chargen.model.values import EntryId, Verdict
from chargen.plan.build_request import selectables
from chargen.plan.cache.rows import Head
from chargen.plan.compose import STRUCTURED
from chargen.plan.plan import Plan, Shown
from chargen.plan.planner import Planner
from chargen.plan.selection import Selection, hint_for, select
from chargen.plan.session import Session, read_templates


class FedImage(Struct, frozen=True):
    """One image that is fed: `through` names the portrait between, where it is not fed directly.

    `cost_usd` is the price of a new image by estimate, None where unknown; `rebuilds` says whether a change would
    make a build send it at all. Of a character, `shows_picture` says that a picture of it is sent along and `uses_text`
    that the prompt holds words of its file: only what an image is made of changes it.
    """

    image: Shown
    through: EntryId | None
    cost_usd: Decimal | None
    rebuilds: bool
    shows_picture: bool = False
    uses_text: bool = False

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `impact --json`."""
        return {
            "id": self.image.id,
            "target": self.image.target,
            "verdict": self.image.verdict.value,
            "through": self.through,
            "rebuilds": self.rebuilds,
            "shows_picture": self.shows_picture,
            "uses_text": self.uses_text,
            "route": str(self.image.route) if self.image.route else None,
            "cost_usd": number(self.cost_usd),
        }


class Impact(Struct, frozen=True):
    """All images that something feeds, in build order; `what` is that something in words."""

    what: str
    reached: tuple[FedImage, ...]
    of_character: bool = False

    @property
    def rebuilt(self) -> tuple[FedImage, ...]:
        """Those that a change would rebuild."""
        return tuple(item for item in self.reached if item.rebuilds)

    @property
    def kept(self) -> tuple[FedImage, ...]:
        """Approved and locked ones: they stay as they are."""
        return tuple(item for item in self.reached if item.image.verdict is Verdict.LOCKED)

    @property
    def by_picture(self) -> tuple[FedImage, ...]:
        """Of a character: those that another picture of it would rebuild."""
        return tuple(item for item in self.rebuilt if item.shows_picture)

    @property
    def by_text(self) -> tuple[FedImage, ...]:
        """Of a character: those that an edited appearance would rebuild."""
        return tuple(item for item in self.rebuilt if item.uses_text)

    @property
    def price(self) -> Total:
        """What rebuilding all of them costs by estimate."""
        return _price_of(self.rebuilt)

    @property
    def picture_price(self) -> Total:
        """What rebuilding for another picture costs by estimate."""
        return _price_of(self.by_picture)

    @property
    def text_price(self) -> Total:
        """What rebuilding for an edited appearance costs by estimate."""
        return _price_of(self.by_text)

    def to_json(self) -> dict[str, Any]:
        """The object of `impact --json`."""
        return {
            "what": self.what,
            "images": [item.to_json() for item in self.reached],
            "locked": len(self.kept),
            "rebuilds": len(self.rebuilt),
            **self.price.to_json(),
        }


def _price_of(items: Iterable[FedImage]) -> Total:
    return total_of(item.cost_usd for item in items)


def impact(session: Session, planner: Planner, what: str, within: str = "") -> Impact:
    """Return what `what` feeds: a path, an id, a glob, a slug, or a template. Raises StartError for what is none.

    `within` is the project-relative folder where the command was given: paths may be written from there too.
    """
    plan = planner.plan()
    direct = _direct(session, planner, plan, what, within)
    through = _chains(plan, direct.images)
    reached: dict[EntryId, FedImage] = {}
    for image in plan.images:
        if image.id not in through:
            continue
        # A portrait that stays as it is changes nothing for those that show it.
        fed = image.id in direct.images or any(need in reached and reached[need].rebuilds for need in image.needs)
        offer = planner.offer(image)
        price = None if offer is None else offer.cost_usd
        reached[image.id] = FedImage(image, through[image.id], price, fed and _would_rebuild(image))
    if direct.characters:
        reached = {name: _made_of(item, direct.characters) for name, item in reached.items()}
    return Impact(direct.what, tuple(reached.values()), bool(direct.characters))


def _made_of(item: FedImage, characters: Mapping[str, str]) -> FedImage:
    """Say which of a character's picture and text an image of another file is made of."""
    files, image = frozenset(characters.values()), item.image
    if image.file in files:
        return item
    return replace(
        item,
        shows_picture=any(reference.character in characters for reference in image.references),
        uses_text=not files.isdisjoint(image.words_of),
    )


def _would_rebuild(image: Shown) -> bool:
    if image.status is not None and image.status.keeps and image.verdict is not Verdict.MISSING:
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


class _Direct(Struct, frozen=True):
    """What something is in words, the images it feeds itself, and the characters it describes, with their files."""

    what: str
    images: frozenset[EntryId]
    characters: Mapping[str, str] = field(default_factory=dict)


def _direct(session: Session, planner: Planner, plan: Plan, what: str, within: str) -> _Direct:
    heads = {file: head for file, head in planner.book.heads.items() if head.kind}
    paths = dict.fromkeys((posixpath.normpath(what), posixpath.normpath(posixpath.join(within, what))))
    for path in paths:
        if (of := _made_with(session, path)) is not None:
            return _Direct(f"the template {path}", frozenset(i.id for i in plan.images if i.is_composed and of(i)))
        if path in heads:
            head = heads[path]
            return _Direct(f"the file {path}", _of_files(plan, (head,)), dict.fromkeys(head.characters, path))
        if users := frozenset(_showing(plan, path)):
            return _Direct(f"the picture {path}", users)
    if named := [head for head in heads.values() if what == head.slug]:
        of_kind = [head for head in named if head.kind == named[0].kind]
        described = {slug: file for file, head in heads.items() if head in of_kind for slug in head.characters}
        return _Direct(f"the {named[0].kind} {what}", _of_files(plan, of_kind), described)
    if depicting := frozenset(_depicting(plan, {what})):
        return _Direct(f"the character {what}", depicting)
    found = _selected(plan, [head.slug for head in heads.values()], what, within)
    return _Direct(f"the image {found[0]}" if len(found) == 1 else f"{len(found)} images", frozenset(found))


def _selected(plan: Plan, slugs: list[str], what: str, within: str) -> tuple[EntryId, ...]:
    images = selectables(plan)
    try:
        return select(images, Selection((what,), within=within))
    except StartError:
        if any(what in (image.slug, image.own_id) for image in images):
            raise  # one of several
        message = f"`{what}` is no image, slug, imagery file, picture or template of this project"
        hint = hint_for(images, what, others=slugs)
        raise StartError(error(message, hint=hint)) from None


def _of_files(plan: Plan, heads: Sequence[Head]) -> frozenset[EntryId]:
    """Return the images of files, and those that show a character whom the files describe."""
    described = {slug for head in heads for slug in head.characters}
    return frozenset((*(name for head in heads for name in head.ids), *_depicting(plan, described)))


def _depicting(plan: Plan, slugs: AbstractSet[str]) -> Iterator[EntryId]:
    return (image.id for image in plan.images if not slugs.isdisjoint(image.shows))


def _showing(plan: Plan, path: str) -> Iterable[EntryId]:
    """Yield the images that send the picture at `path` along; nothing for a picture that is planned itself."""
    if any(image.target == path for image in plan.images):
        return
    for image in plan.images:
        if any(reference.path == path for reference in image.references):
            yield image.id


def _made_with(session: Session, path: str) -> Callable[[Shown], bool] | None:
    """Return what says whether a template takes part in an image's prompt; None for a path that is no template."""
    templates = read_templates(session.project)
    name = path.removeprefix(f"{session.project.settings.prompts}/")
    if name not in templates:
        return None
    kinds = {kind.name for kind in all_kinds() if name in _included(kind.template, templates)}
    structured = name in _included(STRUCTURED, templates)
    return lambda image: image.kind in kinds or (structured and image.is_structured)


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
            continue  # reported where it is composed
        waiting.extend(templates if None in named else (each for each in named if each is not None))
    return frozenset(found)
