"""From one entry to its planned image: its references, prompt, verdict, route and price.

Changes nothing. What it decides it asks of the pure parts: resolving, composing, judging. What it reads beyond the
entry it asks of `Book` and `Disk`, which note it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import InputError, Problem, Severity, error, note
from chargen.model.entries import Entry
from chargen.model.reason import Reason, ReasonCode
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Verdict
from chargen.plan.book import Book
from chargen.plan.compose import Composed, Composer, Line
from chargen.plan.disk import Disk
from chargen.plan.facts import errors
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned, Unjudged
from chargen.plan.prompt_limit import Shortened
from chargen.plan.references import PlannedReferences, References
from chargen.plan.resolve import Resolution
from chargen.plan.retake import PlannedRetake, plan_retake
from chargen.text.prose import as_name


class ImagePlanner(Struct, frozen=True):
    """Plans one image at a time. Templates are inside `composer`."""

    composer: Composer
    judge: Judge
    disk: Disk
    book: Book
    references: References

    def plan(
        self,
        entry: Entry,
        resolution: Resolution | None = None,
        *,
        clashes: bool = False,
        cycle: tuple[EntryId, ...] = (),
    ) -> Planned:
        """Plan one image; its `resolution` is found where it is not given.

        `clashes` says that another entry claims its picture, `cycle` is a circle it stands in.
        """
        found = self.references.look(resolution or self.references.resolve(entry), cycle)
        problems, blockers, faults = found.problems, found.blockers, list[Problem]()
        composed = self._compose(entry, found, faults)
        faults += self._copied(entry)
        problems += faults
        if composed is not None and composed.left_out:
            problems.append(_too_long(entry, composed.left_out))
        route = self._route(entry)
        if isinstance(route, Problem):
            problems.append(route)
        project = self.judge.project
        retake = self._retake(entry)
        if retake is not None:
            problems += retake.problems
        missing = () if retake is None else retake.missing
        if clashes:
            blockers.append(Reason(ReasonCode.SAME_TARGET))
        if cycle:
            blockers.append(Reason(ReasonCode.CIRCLE))
        unjudged = Unjudged(
            entry=entry,
            target=project.target(entry.id),
            prompt_file=project.prompt_file(entry.id),
            references=tuple(found.pictures),
            composed=composed,
            route=None if isinstance(route, Problem) else route,
            quality=self.judge.quality(entry, route),
            model_file=None if isinstance(route, Problem) else self._model_file(route),
            blockers=(*errors((*problems, *missing)), *blockers),
            retake=retake,
            waits=tuple(found.waits),
        )
        image = self.judge.judged(replace(unjudged, forms=self._forms(unjudged, found)), tuple(found.awaited))
        problems += missing if image.verdict is Verdict.BLOCKED else ()
        problems += image.problems
        if image.verdict is Verdict.MISSING:
            image = replace(image, seen=self.book.own_picture(entry))
        return replace(image, problems=(*entry.problems, *_as_of_verdict(problems, faults, image.verdict)))

    def fingerprints(self, entry: Entry) -> tuple[Fingerprint, ...]:
        """Return the fingerprints of what an entry asks for, by every form; none while a reference is to be made."""
        found = self.references.look(self.references.resolve(entry))
        if found.awaited:
            return ()
        image = Unjudged(
            entry=entry,
            target=self.judge.project.target(entry.id),
            prompt_file="",
            references=tuple(found.pictures),
            composed=self._compose(entry, found, []),
            route=None,
            retake=self._retake(entry),
        )
        return self.judge.fingerprints(replace(image, forms=self._forms(image, found)))

    # parts of an image

    def _retake(self, entry: Entry) -> PlannedRetake | None:
        def kept_at(file: FileHash) -> str:
            return self.judge.evidence.in_history(entry.id, file) or self.disk.originals.delivered(file)

        target = self.judge.project.target(entry.id)
        return None if entry.retake is None else plan_retake(entry, target, self.disk, kept_at)

    def _copied(self, entry: Entry) -> Iterator[Problem]:
        """Yield that what is approved has no picture: its record is another entry's."""
        keeper = self.judge.evidence.owned(entry.id).copied
        if keeper is None or entry.status is None or not entry.status.keeps:
            return
        message = f"the record of `{entry.id}` is that of `{keeper}` at {self.book.place(keeper)}"
        hint = "take the slots and the `status` out of the copy: nothing is generated while it has them"
        yield error(message, entry.position, hint)

    def _forms(self, image: Unjudged, found: PlannedReferences) -> tuple[Unjudged, ...]:
        """Return an image by each form of inputs, the newest first; nothing where all are the same, and for a retake.

        By forms 1 and 2 colours had fewer names. By form 1 a character that its file does not name was called by the
        slug, and only the settings gave the size of entries that ask for none: that size counts by every form, because
        nothing tells whether a picture of it was made by form 1 or before its file asked for another. An entry that was
        renamed is also looked at by the name its picture has.
        """
        entry, former = image.entry, image.entry.former_words
        if entry.retake is not None:
            return ()
        named = any(item.state and not item.name for item in entry.depicts)
        named = named or any(item.text and item.is_nameless for item in found.words)
        entries = [] if former is None else [replace(entry, always=former.always, parts=former.parts)]
        forms = [image, *(replace(image, entry=each, composed=self._compose(each, found, [])) for each in entries)]
        coloured = tuple(forms)
        if entry.former_colours is not None:
            former_entries = [form.entry.by_former_colours() for form in forms]
            coloured = tuple(
                replace(image, entry=each, composed=self._compose(each, found, []), former_rules=True)
                for each in former_entries
            )
            forms += coloured
        if entry.former_size is not None:
            forms += [
                replace(form, entry=replace(form.entry, size=entry.former_size), former_rules=True) for form in forms
            ]
        if entry.has_former and named:
            for form in coloured:
                old = replace(form.entry, size=entry.former_size or entry.size)
                composed = self._compose(old, found, [], by_slug=True)
                forms.append(replace(image, entry=old, composed=composed, former_rules=True))
        if len(forms) == 1:
            return ()
        unlike: list[Unjudged] = []
        for form in forms:
            if all((form.entry.size, form.composed) != (other.entry.size, other.composed) for other in unlike):
                unlike.append(form)
        return tuple(unlike) if len(unlike) > 1 else ()

    def _compose(
        self, entry: Entry, found: PlannedReferences, problems: list[Problem], *, by_slug: bool = False
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
            for item in found.words
            if item.text
        )
        try:
            return self.composer.compose(entry, states, appearances, found.in_templates)
        except InputError as failure:
            problems.extend(failure.problems)
            return None

    def _name(self, slug: str) -> str:
        """Return a character's name; of one whose file has none, or without a file, the slug as a name."""
        character = self.book.characters.get(slug)
        return as_name(slug) if character is None or character.name == slug else character.name

    def _model_file(self, route: Route) -> tuple[str, FileHash] | None:
        """Look at the file that is the model, where a provider's models are files."""
        name = self.judge.adapters.models.facts(route.provider).model_file
        digest = self.disk.model_file(route.model) if name else None
        return None if digest is None else (name, digest)

    def _route(self, entry: Entry) -> Route | Problem:
        route = self.judge.adapters.route(entry.declared.provider, entry.declared.model)
        provider = self.judge.options.provider_of(entry.id)
        if isinstance(route, Problem) and provider is not None:
            return self.judge.adapters.override(provider)  # a dead model stops nothing routed elsewhere
        if isinstance(route, Problem) and route.position is None:
            return route.at(self.book.first_entry(entry.file))
        return route


def _too_long(entry: Entry, left_out: Sequence[Shortened]) -> Problem:
    """Return the note on what of an entry's fields is not in its prompt as it is written."""
    kinds = (("shortened", [part for part in left_out if part.kept]), ("left out", [p for p in left_out if not p.kept]))
    told = [f"{what} {', '.join(f'`{part.name}`' for part in parts)}" for what, parts in kinds if parts]
    message = f"its fields are longer than `prompt_limit` allows: {'; '.join(told)}"
    return note(
        message, entry.position, "shorten them, or set a larger `prompt_limit`; `chargen prompt` shows what is sent"
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
