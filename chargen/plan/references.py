"""The pictures that go along with an image: who and what is on them, whether they are there, and which are made first.

Changes nothing. What `chargen.plan.resolve` finds in the author's files is looked at here: on the disk, or in the plan
where a reference is itself planned.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.config.settings import EmptyReferences, LocationReferences, MissingReferences, Settings
from chargen.errors import Problem, error, warning
from chargen.model.entries import Entry
from chargen.model.reason import Reason, ReasonCode, sentences
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.book import Book
from chargen.plan.compose import TemplateReference
from chargen.plan.disk import Disk
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned, PlannedReference, Shown
from chargen.plan.resolve import (
    Described,
    Resolution,
    WantedPicture,
    describe_instead,
    place_reference,
    resolve,
    unknown_zone,
)
from chargen.providers import is_proof
from chargen.text.prose import as_name

_NAME = 60
"""Characters of a title that may stand for a name."""

_NEVER_MADE = frozenset({Verdict.NO_PROMPT, Verdict.SKIPPED})
"""What an image of a place may be without keeping others from being made."""


class PlannedReferences(Struct):
    """What goes along with an image; `words` stand in for pictures that are not there.

    `awaited` are the targets that are built first, `waits` those whose requests are in jobs.
    """

    wanted: Resolution
    pictures: list[PlannedReference] = field(default_factory=list)
    words: list[Described] = field(default_factory=list)
    awaited: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    blockers: list[Reason] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def in_templates(self) -> tuple[TemplateReference, ...]:
        """The pictures as templates see them, the words with their source."""
        looks = {(item.path, item.character): item.looks for item in self.wanted.references}
        return tuple(
            TemplateReference(item.name, item.path, looks.get((item.path, item.character)) or Traced.of("", "", None))
            for item in self.pictures
        )


class References(Struct, frozen=True):
    """Finds and looks at the references of a plan's images.

    `portrait` gives another planned image by id, None where none is planned, or not before its user; `whole` the same
    to the last word.
    """

    judge: Judge
    disk: Disk
    book: Book
    portrait: Callable[[EntryId], Shown | None]
    whole: Callable[[EntryId], Planned]

    def resolve(self, entry: Entry) -> Resolution:
        """Find the references of an entry."""
        portrait = self._settings.empty_references is EmptyReferences.PORTRAIT
        found = resolve(entry, self.book.characters, self.book.broken_slugs, self._describing, portrait)
        if entry.place is None:
            return found
        zone = self.book.zone(entry.place)
        if zone.unknown:
            problem = unknown_zone(entry.place, zone)
            found = replace(found, problems=(*found.problems, problem))
        if zone.picture is None or self._settings.location_references is LocationReferences.OFF:
            return found
        place = place_reference(entry.place, zone.picture, self.judge.project.target(zone.picture))
        return replace(found, references=(*found.references, place))

    def look(self, wanted: Resolution, cycle: tuple[EntryId, ...] = ()) -> PlannedReferences:
        """Look at the references that were found; `cycle` is a circle that the image stands in."""
        found = PlannedReferences(wanted, words=[*wanted.described], problems=[*wanted.problems])
        for reference in wanted.references:
            portrait = None if reference.entry_id is None else self.portrait(reference.entry_id)
            if portrait is not None:
                self._look_at_planned(reference, portrait, cycle, found)
            elif reference.entry_id is None or not cycle:
                self._look_at_file(reference, found)
        return found

    @property
    def _settings(self) -> Settings:
        return self.judge.project.settings

    @property
    def _describing(self) -> bool:
        return self._settings.missing_references is MissingReferences.DESCRIBE

    def _look_at_file(self, reference: WantedPicture, found: PlannedReferences) -> None:
        path = reference.path
        digest, look = self.disk.reference(path)
        trouble = look.trouble
        if trouble and (self._describing or reference.stands_in):
            words = describe_instead(reference, self.book.characters)
            instead = "described in words instead" if words.text else "no `appearance` stands in for it"
            found.words.append(words)
            found.problems.append(warning(f"reference {trouble}; {instead}", reference.position).about(path))
            return
        if trouble:
            hint = _hint(reference, is_pointer=trouble.is_pointer, is_damaged=trouble.is_damaged)
            found.problems.append(error(f"reference {trouble}", reference.position, hint).about(path))
        details = reference.appearance, reference.name, look.media_type, look.size or None
        found.pictures.append(PlannedReference(path, reference.character, digest, None, *details))

    def _look_at_planned(
        self, reference: WantedPicture, portrait: Shown, cycle: tuple[EntryId, ...], found: PlannedReferences
    ) -> None:
        if reference.is_place and portrait.verdict in _NEVER_MADE:
            message = f"no picture of `{portrait.id}` goes along: {sentences(portrait.reasons)}"
            found.problems.append(warning(message, reference.position))
            return
        blocked = portrait.verdict is Verdict.BLOCKED
        planned = self._planned(reference, portrait, found.problems)
        found.pictures.append(planned)
        if blocked and portrait.id not in cycle:
            found.blockers.append(Reason(ReasonCode.REFERENCE_BLOCKED, (planned.path,)))
        elif planned.digest is None and not blocked and portrait.verdict is not Verdict.FRESH:
            found.awaited.append(planned.path)
        if portrait.verdict is Verdict.WAITING:
            found.waits.append(planned.path)

    def _planned(self, reference: WantedPicture, portrait: Shown, problems: list[Problem]) -> PlannedReference:
        """Judge a reference that is itself planned: what its picture is, or will be."""
        path, digest = portrait.target, None
        media_type, size = "", None
        if portrait.verdict is Verdict.RESTORABLE:
            digest = self.judge.restored_file(self.whole(portrait.id))
        elif not (portrait.verdict.spends or portrait.verdict is Verdict.WAITING):
            digest, look = self.disk.reference(path, published=portrait.verdict is Verdict.FRESH)
            media_type, size, trouble = look.media_type, look.size or None, look.trouble
            if trouble and portrait.verdict is not Verdict.BLOCKED:
                reasons = sentences(portrait.reasons)
                message = f"reference `{path}` is not available: it is {portrait.verdict.value} ({reasons})"
                if portrait.verdict is Verdict.FRESH:
                    message = f"reference {trouble}"
                problems.append(error(message, reference.position, f"see `chargen why {path}`"))
        if portrait.verdict is Verdict.LOCKED and _is_kept_sketch(portrait):
            problems.append(_kept_sketch(portrait))
        name = _place_name(portrait) if reference.is_place else reference.name
        details = reference.appearance, name, media_type, size
        return PlannedReference(path, reference.character, digest, portrait.id, *details)


def _kept_sketch(picture: Shown) -> Problem:
    """Warn of a sketch that is sent along because its status keeps it, with what ends that."""
    is_approved = picture.status is Status.APPROVED
    message = f"`{picture.id}` is {'an approved' if is_approved else 'a locked'} sketch, and goes along as a reference"
    command = "promote" if is_approved else "unlock"
    return warning(message, picture.position, f"`chargen {command} {picture.id}` has the real one made first")


def _is_kept_sketch(picture: Shown) -> bool:
    """Say whether a picture was drawn as a stand-in, and another provider is to make it by now."""
    changed = (reason.values for reason in picture.drift if reason.code is ReasonCode.PROVIDER_CHANGED)
    return any(is_proof(was) and not is_proof(now) for was, now in changed)


def _place_name(picture: Shown) -> str:
    """Call a place by its picture's title; where that is a whole sentence, by the entry's own name."""
    title = picture.title
    return as_name(picture.id.rpartition("/")[2]) if len(title) > _NAME or title.endswith(".") else title


def _hint(reference: WantedPicture, *, is_pointer: bool, is_damaged: bool) -> str:
    if is_damaged:
        return "put the whole picture there: nothing is sent with half of it"
    if is_pointer:
        return "run `git lfs pull`"
    fix = f"fix its `path` at {reference.named_at}, " if reference.named_at else ""
    return f'put a picture there, {fix}or set `missing_references = "describe"`'
