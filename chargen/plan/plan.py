"""What a build is going to do: every entry found, in build order, with its verdict, reasons and price.

Pure values; `chargen.plan.planner` makes them, the commands show them, the build carries them out.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import Position, Problem, Severity, Topic, note
from chargen.model.amounts import Total, number, total_of
from chargen.model.reason import Reason, ReasonCode, tier_told
from chargen.model.record_line import CREDENTIALS_LOST
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Size, Status, Verdict

if TYPE_CHECKING:  # a plan is shown without what composes and judges
    from chargen.model.entries import Entry
    from chargen.model.inputs import Inputs
    from chargen.model.record_line import RecordLine
    from chargen.plan.cache.rows import KeptReference, Row
    from chargen.plan.compose import Composed
    from chargen.plan.retake import PlannedRetake
    from chargen.plan.verdict import Judgement


class PlannedReference(Struct, frozen=True):
    """One reference of an image: `digest` is None while the picture it will be is not built."""

    path: str
    character: str
    """Slug of who is on it; empty where it shows a place."""
    digest: FileHash | None
    entry_id: EntryId | None = None
    appearance: str = ""
    name: str = ""
    """Who is on it, as people call them."""
    media_type: str = ""
    size: int | None = None
    """Bytes of the file; None, and no type, while it is not there."""

    @property
    def is_built(self) -> bool:
        """True where the picture it will be is there."""
        return self.digest is not None


class Offer(Struct, frozen=True, array_like=True):
    """What a provider says of a request for an image, whether one is due or not.

    `cost_usd` is its price by estimate, None where unknown; `problems` are what is wrong or odd in it.
    """

    cost_usd: Decimal | None
    problems: tuple[Problem, ...] = ()


class Batched(Struct, frozen=True):
    """A request that goes into a job: what it would cost live, by estimate, and what the job is of."""

    live_usd: Decimal | None
    group: str


Shown: TypeAlias = "Planned | Row"
"""A planned image: one that was just planned, or the row of one that was kept; what is shown and asked is the same."""


class Due:
    """What a build has to do with a planned image, the same of both."""

    __slots__ = ()
    verdict: Verdict
    adopt: bool
    repair: ReasonCode | None
    more: int
    references: tuple[PlannedReference, ...] | tuple[KeptReference, ...]

    @property
    def prepares(self) -> bool:
        """True where a build does anything that those that reference it wait for: variants are not."""
        return self.verdict.spends or self.verdict is Verdict.RESTORABLE or self.adopt or self.repair is not None

    @property
    def acts(self) -> bool:
        """True where a build does anything at all: a call, a restore, an adoption or a repair of slots."""
        return self.prepares or self.more > 0

    @property
    def is_due(self) -> bool:
        """True where a build has to do with it, if only to say why it can't be made."""
        return self.acts or self.verdict is Verdict.BLOCKED

    @property
    def sends(self) -> int:
        """How many requests a build sends for it."""
        return self.verdict.spends + self.more

    @property
    def needs(self) -> tuple[EntryId, ...]:
        """Ids of the planned portraits it references."""
        return tuple(reference.entry_id for reference in self.references if reference.entry_id)

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `plan --json` (docs/json.md)."""
        return image_json(cast("Shown", self))


class Unjudged(Struct, frozen=True, kw_only=True):
    """One image with all that its verdict is asked by: its references, its composed prompt, its route."""

    entry: Entry
    target: str
    """Where its picture stands; as its `prompt_file` project-relative."""
    prompt_file: str
    references: tuple[PlannedReference, ...]
    composed: Composed | None
    route: Route | None
    """Where a request goes; None where there is no such provider or model."""
    quality: str | None = None
    """The quality that is declared."""
    model_file: tuple[str, FileHash] | None = None
    """Of a route whose model is a file of the project: what such a file is called, and its hash."""
    problems: tuple[Problem, ...] = ()
    blockers: tuple[Reason, ...] = ()
    """What stands in the way of a new picture, besides problems of the entry itself."""
    waits: tuple[str, ...] = ()
    """Targets of references whose requests are in jobs."""
    forms: tuple[Unjudged, ...] = ()
    """The image by each form of inputs that gives other ones, the newest first; none where all give the same."""
    former_rules: bool = False
    """This is the image by a former form of inputs."""
    retake: PlannedRetake | None = None
    """What it is to be made from, where that is another of its versions."""

    @property
    def id(self) -> EntryId:
        """The entry's id."""
        return self.entry.id

    @property
    def kind(self) -> str:
        """Its kind's name."""
        return self.entry.kind

    @property
    def file(self) -> str:
        """The imagery file it is planned in."""
        return self.entry.file

    @property
    def position(self) -> Position:
        """Where in that file."""
        return self.entry.position

    @property
    def title(self) -> str:
        """Its title, maybe empty."""
        return self.entry.title

    @property
    def size(self) -> Size | None:
        """The asked size; None where it is unknown."""
        return self.entry.size

    @property
    def status(self) -> Status | None:
        """The author's word on it."""
        return self.entry.status

    @property
    def shows(self) -> tuple[str, ...]:
        """Slugs of the characters it depicts."""
        return tuple(dict.fromkeys(str(depicted.slug) for depicted in self.entry.depicts))

    @property
    def named(self) -> str:
        """What its entry's `file_path` names, in normal form; maybe nothing."""
        text = self.entry.outputs.file_path
        return posixpath.normpath(text.replace("\\", "/")) if text else ""

    @property
    def is_composed(self) -> bool:
        """True where it has a composed prompt."""
        return self.composed is not None

    @property
    def can_be_requested(self) -> bool:
        """True where a request can be put together, whatever the verdict is."""
        known = self.retake is None or self.retake.picture.digest is not None
        return known and self.composed is not None and self.entry.size is not None and self.route is not None

    @property
    def is_structured(self) -> bool:
        """True where its prompt is composed of fields."""
        return bool(self.entry.parts)

    @property
    def words_of(self) -> tuple[str, ...]:
        """Files of the characters it shows whose words are in its prompt."""
        if self.composed is None or not self.entry.depicts:
            return ()
        places = [segment.source for segment in self.composed.segments if segment.name != "template"]
        places += [str(text.position) for text in self.composed.negatives if text.position]
        files = dict.fromkeys(place.rsplit(":", 2)[0] for place in places)
        return tuple(file for file in files if file != self.file)

    @property
    def credentials_lost(self) -> bool:
        """True where its record says that Content Credentials ended with the delivered bytes."""
        line = self.entry.record_line
        return line is not None and CREDENTIALS_LOST in line.others


class Planned(Due, Unjudged, frozen=True, kw_only=True):
    """One image of the plan to the last word.

    `cost_usd` is that of all requests for it, 0 where nothing is sent and None where it is unknown.
    """

    inputs: Inputs | None
    """None while they are unknown: no prompt, a bad size, or a reference that is still to be built."""
    fingerprint: Fingerprint | None
    judgement: Judgement
    sent_quality: str | None = None
    """The quality a request names; of an image for which none is due, the one that is declared."""
    cost_usd: Decimal | None = Decimal(0)
    most_usd: Decimal | None = Decimal(0)
    """What one request for it may cost at most, as far as it can be known; 0 and None as above."""
    repair: ReasonCode | None = None
    """What the YAML or the journal does not tell of a picture that is fine."""
    drift: tuple[Reason, ...] = ()
    """Declared provider, model or quality that differs from what made the present image."""
    notes: tuple[str, ...] = ()
    """What the provider's adapter changes in the request."""
    made: int = 0
    """Versions of today's inputs there are, where more than one is asked for."""
    more: int = 0
    """Variants to be made besides what the verdict asks for."""
    replaces: RecordLine | None = None
    """The record that is the entry's own, whose image a new one would replace."""
    offer: Offer | None = None
    """What its provider says of the request, where one is due."""
    batched: Batched | None = None
    """What there is to say of its request as a part of a job; None where none is due, or it is sent live."""
    seen: str = ""
    """A picture in the project that may be of it, where it is to be made; else nothing."""

    @property
    def is_former(self) -> bool:
        """True where its picture is judged, and is current, by a former form of inputs."""
        return self.former_rules and self.verdict in (Verdict.FRESH, Verdict.LOCKED)

    @property
    def newest(self) -> Planned:
        """The image as a new picture of it would be made: by today's form of inputs."""
        if not self.former_rules or not self.forms:
            return self
        today = self.forms[0]
        return replace(self, entry=today.entry, composed=today.composed, former_rules=False)

    @property
    def verdict(self) -> Verdict:  # type: ignore[override]
        """What the judge decided."""
        return self.judgement.verdict

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why."""
        return self.judgement.reasons

    @property
    def adopt(self) -> bool:  # type: ignore[override]
        """True where the present picture is to be recorded under today's inputs."""
        return self.judgement.adopt

    def with_more(self, more: int) -> Planned:
        """Return the image with so many variants to be made."""
        return replace(self, more=more, cost_usd=cost_with(self, more))


def cost_with(image: Shown, more: int) -> Decimal | None:
    """Return what an image costs where so many variants of it are made."""
    each = each_usd(image)
    return each and each * (image.verdict.spends + more)


def each_usd(image: Shown) -> Decimal | None:
    """Return what one request for an image costs by estimate; None where that is unknown."""
    return image.cost_usd if image.cost_usd is None or image.sends < 2 else image.cost_usd / image.sends


class Plan(Struct, frozen=True, dict=True):
    """All images in build order, and every problem of the input."""

    images: tuple[Shown, ...]
    problems: tuple[Problem, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[EntryId, Shown]:
        """The images by id."""
        return {image.id: image for image in self.images}

    @cached_property
    def unplanned(self) -> tuple[Problem, ...]:
        """What every run tells, and no image fails by: errors (a file that can't be read), and emptied files."""
        blocked = (image for image in self.images if image.verdict is Verdict.BLOCKED)
        of_images = {problem for image in blocked for problem in image.problems}
        told = (each for each in self.problems if each.severity is Severity.ERROR or each.topic is Topic.EMPTY_FILE)
        return tuple(problem for problem in told if problem not in of_images)


def seen_pictures(images: Iterable[Shown]) -> Iterator[Problem]:
    """Yield one note on all images that are to be made and that a picture seems to be there of."""
    seen = [image for image in images if image.seen]
    if seen:
        counted = "1 image to be made seems" if len(seen) == 1 else f"{len(seen):,} images to be made seem"
        message = f"{counted} to have a picture in the project already"
        yield note(message, seen[0].position, "`chargen adopt` shows and takes what it finds, for free")


def totals(images: Iterable[Shown]) -> dict[str, int]:
    """Count images by verdict, in the verdicts' order."""
    counted = Counter(image.verdict for image in images)
    return {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}


def total_cost(images: Iterable[Shown]) -> Total:
    """Add up the prices."""
    return total_of(image.cost_usd for image in images)


def image_json(image: Shown) -> dict[str, Any]:
    """One element of `images[]` in `plan --json` (docs/json.md)."""
    route, size, place, reasons = image.route, image.size, image.position, image.reasons
    value = {
        "id": image.id,
        "kind": image.kind,
        "file": place.file,
        "line": place.line,
        "target": image.target,
        "prompt_file": image.prompt_file,
        "references": [reference.path for reference in image.references],
        "verdict": image.verdict.value,
        "reasons": [str(reason) for reason in reasons],
        "provider": route.provider if route else None,
        "model": route.model if route else None,
        "quality": image.sent_quality,
        "size": str(size) if size else None,
        "cost_usd": number(image.cost_usd),
    }
    if reasons and (tier := tier_told(reasons)):
        value["tier"] = tier
    if image.more:
        value["variants"] = image.more
    return value


def besides_images(images: Sequence[Shown], problems: Iterable[Problem]) -> dict[str, Any]:
    """What stands behind the images in the object of `plan --json`."""
    return {
        "problems": [problem.to_json() for problem in (*problems, *seen_pictures(images))],
        "totals": totals(images),
        **total_cost(images).to_json(),
    }
