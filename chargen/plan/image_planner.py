"""From one entry to its planned image: its references, prompt, verdict, route and price.

Changes nothing. What it decides it asks of the pure parts: resolving, composing, judging. What it reads beyond the
entry it asks of `PlanContext`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from chargen.config.settings import EmptyReferences, LocationReferences, MissingReferences
from chargen.errors import InputError, Position, Problem, Severity, error, warning
from chargen.model.entries import Character, Entry, Place
from chargen.model.reason import Reason, ReasonCode, sentences
from chargen.model.traced import Traced
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Verdict
from chargen.plan.compose import Composed, Composer, Line, TemplateReference
from chargen.plan.disk import ReferenceFile
from chargen.plan.facts import errors
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned, PlannedReference, Shown, Unjudged
from chargen.plan.resolve import (
    Described,
    Resolution,
    WantedPicture,
    Zone,
    describe_instead,
    place_reference,
    resolve,
    unknown_zone,
)
from chargen.plan.retake import plan_retake
from chargen.text.prose import as_name


class PlanContext(Protocol):
    """What the planning of an image asks of the rest of the book and of the disk."""

    @property
    def characters(self) -> Mapping[str, Character]:
        """All characters by slug."""

    @property
    def broken_slugs(self) -> Mapping[str, Position]:
        """Slugs that a file may stand for which can't be read."""

    def portrait(self, name: EntryId) -> Shown | None:
        """Return a planned image by id; None where none is planned, or not before its user."""

    def zone(self, place: Place) -> Zone:
        """Return what is known of where an image is set."""

    def own_picture(self, entry: Entry) -> str:
        """Return a picture that may be of an entry without one, or nothing."""

    def whole(self, name: EntryId) -> Planned:
        """Return a planned image to the last word."""

    def reference(self, path: str, *, published: bool = False) -> ReferenceFile:
        """Look at a reference file; one that was `published` here was decoded then."""

    def model_file(self, path: str) -> FileHash | None:
        """Look at a file of the project that is a model; return its hash where it is there."""

    def version(self, name: EntryId, file: FileHash) -> str:
        """Return where a picture of these bytes is kept that is not at its target; nothing where it is not here."""

    def place(self, name: EntryId) -> Position:
        """Return where an entry stands."""

    def first_entry(self, file: str) -> Position:
        """Return where a file's entries begin: the place of what the file as a whole does not say."""


_NAME = 60
"""Characters of a title that may stand for a name."""

_NEVER_MADE = frozenset({Verdict.NO_PROMPT, Verdict.SKIPPED})
"""What an image of a place may be without keeping others from being made."""


class ImagePlanner(Struct, frozen=True):
    """Plans one image at a time. Templates are inside `composer`."""

    composer: Composer
    judge: Judge
    around: PlanContext

    def resolve(self, entry: Entry) -> Resolution:
        """Find the references of an entry."""
        settings = self.judge.project.settings
        portrait = settings.empty_references is EmptyReferences.PORTRAIT
        found = resolve(entry, self.around.characters, self.around.broken_slugs, self._describing, portrait)
        if entry.place is None:
            return found
        zone = self.around.zone(entry.place)
        if zone.unknown:
            problem = unknown_zone(entry.place, zone)
            found = replace(found, problems=(*found.problems, problem))
        if zone.picture is None or settings.location_references is LocationReferences.OFF:
            return found
        place = place_reference(entry.place, zone.picture, self.judge.project.target(zone.picture))
        return replace(found, references=(*found.references, place))

    def plan(
        self, entry: Entry, resolution: Resolution, *, clashes: bool = False, cycle: tuple[EntryId, ...] = ()
    ) -> Planned:
        """Plan one image. `clashes` says that another entry claims its picture, `cycle` is a circle it stands in."""
        problems = list(resolution.problems)
        blockers: list[Reason] = []
        waits: list[str] = []
        references, described, awaited = self._references(resolution, problems, blockers, cycle, waits)
        faults: list[Problem] = []
        words = (*resolution.described, *described)
        shown = _in_templates(references, resolution)
        composed = self._compose(entry, words, shown, faults)
        faults += self._copied(entry)
        problems += faults
        route = self._route(entry)
        if isinstance(route, Problem):
            problems.append(route)
        project = self.judge.project
        retake = None
        if entry.retake is not None:
            retake = plan_retake(entry, project.target(entry.id), self.around, problems.append)
        missing = () if retake is None else retake.missing
        if clashes:
            blockers.append(Reason(ReasonCode.SAME_TARGET))
        if cycle:
            blockers.append(Reason(ReasonCode.CIRCLE))
        unjudged = Unjudged(
            entry=entry,
            target=project.target(entry.id),
            prompt_file=project.prompt_file(entry.id),
            references=references,
            composed=composed,
            route=None if isinstance(route, Problem) else route,
            quality=self.judge.quality(entry, route),
            model_file=None if isinstance(route, Problem) else self._model_file(route),
            blockers=(*errors((*problems, *missing)), *blockers),
            retake=retake,
            waits=tuple(waits),
        )
        forms = () if entry.retake is not None else self._forms(unjudged, words, shown)
        image = self.judge.judged(replace(unjudged, forms=forms), awaited)
        problems += missing if image.verdict is Verdict.BLOCKED else ()
        problems += image.problems
        if image.verdict is Verdict.MISSING:
            image = replace(image, seen=self.around.own_picture(entry))
        return replace(image, problems=(*entry.problems, *_as_of_verdict(problems, faults, image.verdict)))

    def fingerprints(self, entry: Entry) -> tuple[Fingerprint, ...]:
        """Return the fingerprints of what an entry asks for, by every form; none while a reference is to be made."""
        resolution = self.resolve(entry)
        references, described, awaited = self._references(resolution, [], [], (), [])
        if awaited:
            return ()
        words, shown = (*resolution.described, *described), _in_templates(references, resolution)
        target = self.judge.project.target(entry.id)
        image = Unjudged(
            entry=entry,
            target=target,
            prompt_file="",
            references=references,
            composed=self._compose(entry, words, shown, []),
            route=None,
            retake=None if entry.retake is None else plan_retake(entry, target, self.around, lambda _problem: None),
        )
        forms = () if entry.retake is not None else self._forms(image, words, shown)
        return self.judge.fingerprints(replace(image, forms=forms))

    # parts of an image

    @property
    def _describing(self) -> bool:
        return self.judge.project.settings.missing_references is MissingReferences.DESCRIBE

    def _references(
        self,
        resolution: Resolution,
        problems: list[Problem],
        blockers: list[Reason],
        cycle: tuple[EntryId, ...],
        waits: list[str],
    ) -> tuple[tuple[PlannedReference, ...], tuple[Described, ...], tuple[str, ...]]:
        """Return the references, the texts for those that are not there, and the targets that are built first."""
        references: list[PlannedReference] = []
        described: list[Described] = []
        awaited: list[str] = []
        for reference in resolution.references:
            portrait = None if reference.entry_id is None else self.around.portrait(reference.entry_id)
            if reference.is_place and portrait is not None and portrait.verdict in _NEVER_MADE:
                message = f"no picture of `{portrait.id}` goes along: it is {portrait.verdict.value}"
                problems.append(warning(message, reference.position))
                continue
            if portrait is not None:
                blocked = portrait.verdict is Verdict.BLOCKED
                planned = self._planned_reference(reference, portrait, problems)
                references.append(planned)
                if blocked and portrait.id not in cycle:
                    blockers.append(Reason(ReasonCode.REFERENCE_BLOCKED, (planned.path,)))
                elif planned.digest is None and not blocked and portrait.verdict is not Verdict.FRESH:
                    awaited.append(planned.path)
                if portrait.verdict is Verdict.WAITING:
                    waits.append(planned.path)
                continue
            if reference.entry_id is not None and cycle:
                continue
            path = reference.path
            digest, look = self.around.reference(path)
            trouble = look.trouble
            if trouble and (self._describing or reference.stands_in):
                described.append(describe_instead(reference, self.around.characters))
                instead = "described in words instead" if described[-1].text else "no `appearance` stands in for it"
                problems.append(warning(f"reference {trouble}; {instead}", reference.position))
                continue
            if trouble:
                problems.append(
                    error(
                        f"reference {trouble}",
                        reference.position,
                        _reference_hint(reference, is_pointer=trouble.is_pointer, is_damaged=trouble.is_damaged),
                    )
                )
            details = reference.appearance, reference.name, look.media_type, look.size or None
            references.append(PlannedReference(path, reference.character, digest, None, *details))
        return tuple(references), tuple(described), tuple(awaited)

    def _planned_reference(
        self, reference: WantedPicture, portrait: Shown, problems: list[Problem]
    ) -> PlannedReference:
        """Judge a reference that is itself planned: what its picture is, or will be."""
        path, digest = portrait.target, None
        media_type, size = "", None
        if portrait.verdict is Verdict.RESTORABLE:
            digest = self._restored(self.around.whole(portrait.id))
        elif not (portrait.verdict.spends or portrait.verdict is Verdict.WAITING):
            digest, look = self.around.reference(path, published=portrait.verdict is Verdict.FRESH)
            media_type, size, trouble = look.media_type, look.size or None, look.trouble
            if trouble and portrait.verdict is not Verdict.BLOCKED:
                reasons = sentences(portrait.reasons)
                message = f"reference `{path}` is not available: it is {portrait.verdict.value} ({reasons})"
                if portrait.verdict is Verdict.FRESH:
                    message = f"reference {trouble}"
                problems.append(error(message, reference.position, f"see `chargen why {path}`"))
        name = _place_name(portrait) if reference.is_place else reference.name
        details = reference.appearance, name, media_type, size
        return PlannedReference(path, reference.character, digest, portrait.id, *details)

    def _restored(self, portrait: Planned) -> FileHash | None:
        """Return the hash that a portrait's picture will have once it is restored, as far as it is known."""
        return self.judge.restored_file(portrait)

    def _copied(self, entry: Entry) -> Iterator[Problem]:
        """Yield that what is approved has no picture: its record is another entry's."""
        keeper = self.judge.evidence.owned(entry.id).copied
        if keeper is None or entry.status is None or not entry.status.keeps:
            return
        message = f"the record of `{entry.id}` is that of `{keeper}` at {self.around.place(keeper)}"
        hint = "take the slots and the `status` out of the copy: nothing is generated while it has them"
        yield error(message, entry.position, hint)

    def _forms(
        self, image: Unjudged, words: tuple[Described, ...], shown: tuple[TemplateReference, ...]
    ) -> tuple[Unjudged, ...]:
        """Return an image by each form of inputs, the newest first; nothing where all are the same.

        By forms 1 and 2 colours had fewer names. By form 1 only the settings gave the size of entries that ask for
        none, and a character that its file does not name was called by the slug. An entry that was renamed is also
        looked at by the name its picture has.
        """
        entry, former = image.entry, image.entry.former_words
        named = any(item.state and not item.name for item in entry.depicts)
        named = named or any(item.text and item.is_nameless for item in words)
        entries = [entry] if former is None else [entry, replace(entry, always=former.always, parts=former.parts)]
        newest = [replace(image, entry=each, composed=self._compose(each, words, shown, [])) for each in entries[1:]]
        found = [image, *newest]
        coloured = tuple(found)
        if entry.former_colours is not None:
            former_entries = [form.entry.by_former_colours() for form in found]
            coloured = tuple(
                replace(image, entry=each, composed=self._compose(each, words, shown, []), former_rules=True)
                for each in former_entries
            )
            found += coloured
        if entry.has_former and (named or entry.former_size):
            for form in coloured:
                old = replace(form.entry, size=entry.former_size or entry.size)
                composed = self._compose(old, words, shown, [], by_slug=True) if named else form.composed
                found.append(replace(image, entry=old, composed=composed, former_rules=True))
        if len(found) == 1:
            return ()
        unlike: list[Unjudged] = []
        for form in found:
            if all((form.entry.size, form.composed) != (other.entry.size, other.composed) for other in unlike):
                unlike.append(form)
        return tuple(unlike) if len(unlike) > 1 else ()

    def _compose(
        self,
        entry: Entry,
        described: tuple[Described, ...],
        shown: tuple[TemplateReference, ...],
        problems: list[Problem],
        *,
        by_slug: bool = False,
    ) -> Composed | None:
        """Compose an entry's prompt; `by_slug` is how form 1 named characters whose file does not."""
        if not entry.has_prompt:
            return None
        states = tuple(
            Line(item.name or (item.slug if by_slug else self._name(item.slug)), item.state)
            for item in entry.depicts
            if item.state
        )
        appearances = tuple(
            Line(item.name if by_slug or not item.is_nameless else as_name(item.character), item.text)
            for item in described
            if item.text
        )
        try:
            return self.composer.compose(entry, states, appearances, shown)
        except InputError as failure:
            problems.extend(failure.problems)
            return None

    def _name(self, slug: str) -> str:
        """Return a character's name; of one whose file has none, or without a file, the slug as a name."""
        character = self.around.characters.get(slug)
        return as_name(slug) if character is None or character.name == slug else character.name

    def _model_file(self, route: Route) -> tuple[str, FileHash] | None:
        """Look at the file that is the model, where a provider's models are files."""
        name = self.judge.adapters.models.facts(route.provider).model_file
        digest = self.around.model_file(route.model) if name else None
        return None if digest is None else (name, digest)

    def _route(self, entry: Entry) -> Route | Problem:
        route = self.judge.adapters.route(entry.declared.provider, entry.declared.model)
        provider = self.judge.options.provider_of(entry.id)
        if isinstance(route, Problem) and provider is not None:
            return self.judge.adapters.override(provider)  # a dead model stops nothing routed elsewhere
        if isinstance(route, Problem) and route.position is None:
            return route.at(self.around.first_entry(entry.file))
        return route


def _place_name(picture: Shown) -> str:
    """Call a place by its picture's title; where that is a whole sentence, by the entry's own name."""
    title = picture.title
    return as_name(picture.id.rpartition("/")[2]) if len(title) > _NAME or title.endswith(".") else title


def _in_templates(references: tuple[PlannedReference, ...], resolution: Resolution) -> tuple[TemplateReference, ...]:
    """Return the references as templates see them, the words with their source."""
    looks = {(item.path, item.character): item.looks for item in resolution.references}
    return tuple(
        TemplateReference(item.name, item.path, looks.get((item.path, item.character)) or Traced.of("", "", None))
        for item in references
    )


def _as_of_verdict(problems: list[Problem], faults: list[Problem], verdict: Verdict) -> list[Problem]:
    """An error that stops nothing, because the image exists or is not wanted, is reported as a warning.

    Not so `faults` of a template, which have nothing to do with what exists.
    """
    if verdict is Verdict.BLOCKED:
        return problems
    stay = () if verdict is Verdict.SKIPPED else faults
    return [
        problem.as_warning() if problem.severity is Severity.ERROR and problem not in stay else problem
        for problem in problems
    ]


def _reference_hint(reference: WantedPicture, *, is_pointer: bool, is_damaged: bool) -> str:
    if is_damaged:
        return "put the whole picture there: nothing is sent with half of it"
    if is_pointer:
        return "run `git lfs pull`"
    fix = f"fix its `path` at {reference.named_at}, " if reference.named_at else ""
    return f'put a picture there, {fix}or set `missing_references = "describe"`'
