"""From a scan to a plan: for every entry its prompt, references, verdict, route and price, in build order.

Reads the disk, changes nothing. What it decides it asks of the pure parts: resolving, composing, judging, ordering.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from chargen.app.adapters import Adapters
from chargen.app.evidence import ANSWERED, Evidence, Found, accepted_for, forgotten_at
from chargen.app.project import Project
from chargen.app.scanning import Scan
from chargen.core.compose import Composed, Composer, Line
from chargen.core.entries import Entry, Imagery
from chargen.core.inputs import Inputs, ReferenceInput, describe, differences, fingerprint
from chargen.core.judge import Change, Demand, Facts, Judgement, Match, Target, judge
from chargen.core.order import build_order
from chargen.core.plan import Plan, Planned, PlannedReference
from chargen.core.provider import Asked, Provider, ReferenceImage, Request
from chargen.core.record import RecordLine
from chargen.core.resolve import Described, Reference, Resolution, describe_instead, resolve
from chargen.core.settings import SKETCH, MissingReferences, RebuildOn
from chargen.core.values import EntryId, FileHash, Fingerprint, Kind, Route, Status, Verdict
from chargen.edge.files import FileKind, contained, kind_of
from chargen.edge.pictures import reference_problem
from chargen.errors import InputError, Position, Problem, Severity, error, warning


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a command asks for beyond the files: all of it ends with the command."""

    provider: str | None = None
    """Route of everything selected that is not fresh."""
    selected: frozenset[EntryId] | None = None
    """What `provider` is for; None for everything."""
    demands: Mapping[EntryId, Demand] = field(default_factory=dict)
    resume: bool = True
    """Keep to refusals: what was refused with these inputs is not tried again."""
    ignored: frozenset[EntryId] = frozenset()


@dataclass(frozen=True, slots=True)
class _Case:
    """What is to be judged: an entry, what its inputs are as far as they can be told, and what stands in the way."""

    entry: Entry
    inputs: Inputs | None
    fingerprint: Fingerprint | None
    obstacles: tuple[str, ...]
    awaited: tuple[str, ...]


@dataclass(slots=True)
class Planner:
    """Makes one plan. `templates` are inside `composer`; `files` memoises what is known of reference files."""

    project: Project
    scan: Scan
    composer: Composer
    evidence: Evidence
    adapters: Adapters
    wishes: Wishes
    clashing: frozenset[EntryId] = frozenset()
    """Entries that claim a picture together with another entry: none of them is built."""
    done: dict[EntryId, Planned] = field(default_factory=dict)
    files: dict[str, tuple[FileHash | None, str]] = field(default_factory=dict)
    cycles: tuple[tuple[EntryId, ...], ...] = ()
    """Chains of portraits that reference each other, once it has planned."""

    def plan(self) -> Plan:
        """Plan every entry."""
        entries = {entry.id: entry for imagery in self.scan.imageries for entry in imagery.entries}
        resolved = {entry.id: self._resolve(entry) for entry in entries.values()}
        needs = {
            entry_id: tuple(item.entry_id for item in resolution.references if item.entry_id in entries)
            for entry_id, resolution in resolved.items()
        }
        order = build_order(entries, needs)
        self.cycles = order.cycles
        cyclic = {entry_id: chain for chain in order.cycles for entry_id in chain}
        problems = [*self.scan.problems, *(_cycle(entries[chain[0]], chain) for chain in order.cycles)]
        for entry_id in order.ids:
            image = self._image(entries[entry_id], resolved[entry_id], cyclic.get(entry_id, ()))
            self.done[entry_id] = image
            problems.extend(image.problems)
        problems.extend(_unknown_names(self.scan.imageries))
        return Plan(tuple(self.done.values()), tuple(dict.fromkeys(problems)))

    def again(self, image: Planned, entry: Entry, digests: Mapping[str, FileHash]) -> Planned:
        """Judge one planned image again on what is on the disk now; its prompt stays the planned one.

        `digests` are hashes of the reference files as they will be sent.
        """
        references = tuple(
            replace(reference, digest=digests.get(reference.path, reference.digest)) for reference in image.references
        )
        return self._judged(replace(image, entry=entry, references=references), ())

    # one image

    def _resolve(self, entry: Entry) -> Resolution:
        describing = self.project.settings.missing_references is MissingReferences.DESCRIBE
        return resolve(entry, self.scan.characters, self.scan.broken_slugs, describing)

    def _image(self, entry: Entry, resolution: Resolution, cycle: tuple[EntryId, ...]) -> Planned:
        problems = list(resolution.problems)
        obstacles: list[str] = []
        references, described, awaited = self._references(resolution, problems, obstacles, cycle)
        composed = self._compose(entry, (*resolution.described, *described), problems)
        route = self._route(entry)
        if isinstance(route, Problem):
            problems.append(route)
        image = Planned(
            entry=entry,
            target=self.project.target(entry.id),
            prompt_file=self.project.prompt_file(entry.id),
            references=references,
            composed=composed,
            inputs=None,
            fingerprint=None,
            judgement=Judgement(Verdict.NO_PROMPT),
            route=None if isinstance(route, Problem) else route,
            quality=self._quality(entry, route),
        )
        if entry.id in self.clashing:
            obstacles.append("another entry plans the same picture")
        if cycle:
            obstacles.append("its portraits reference each other in a circle")
        image = self._judged(replace(image, obstacles=(*_errors(problems), *obstacles)), awaited)
        return replace(image, problems=(*entry.problems, *_as_of_verdict(problems, image.verdict)))

    def _judged(self, image: Planned, awaited: tuple[str, ...]) -> Planned:
        inputs = _inputs(image, awaited)
        print_ = fingerprint(inputs) if inputs else None
        route = image.route
        notes: tuple[str, ...] = ()
        case = _Case(image.entry, inputs, print_, (*_errors(image.entry.problems), *image.obstacles), awaited)
        facts, found = self._facts(case, route, certain=False)
        verdict = judge(facts).verdict
        if verdict not in _SURE and found.state.kind is FileKind.FILE and found.file is None:
            facts, found = self._facts(case, route, certain=True)
        route = self._overridden(image, judge(facts).verdict)
        if route != image.route:
            facts = replace(facts, routed_to_sketch=route is not None and route.provider == SKETCH)
        judgement = judge(facts)
        cost: Decimal | None = Decimal(0)
        if judgement.verdict.spends and route is not None and image.composed is not None:
            adapter = self.adapters.get(route.provider)
            request = adapter.adapt(asked(image), route.model)
            if errors := _errors(objections(adapter, request)):
                judgement = judge(replace(facts, obstacles=(*facts.obstacles, *errors)))
            else:
                cost, notes = adapter.price(request), request.notes
        return replace(
            image,
            inputs=inputs,
            fingerprint=print_,
            judgement=judgement,
            route=route,
            cost_usd=cost,
            notes=notes,
            repair=_needs_repair(judgement.verdict, found, self.evidence.unfinished),
            drift=_drift(found.line, route, image.quality),
        )

    def _facts(self, case: _Case, route: Route | None, *, certain: bool) -> tuple[Facts, Found]:
        entry, inputs, print_ = case.entry, case.inputs, case.fingerprint
        found = self.evidence.at_target(entry, print_, certain=certain)
        line = found.line
        to_sketch = route is not None and route.provider == SKETCH
        hurdles = list(case.obstacles)
        if found.state.kind in (FileKind.DIRECTORY, FileKind.OTHER):
            hurdles.append(f"a {found.state.kind.value} stands at `{self.project.target(entry.id)}`")
        change, changes = _change(line, inputs, print_)
        facts = Facts(
            target=_TARGETS.get(found.state.kind, Target.ABSENT),
            match=Match.OURS if line else Match.OTHER if found.others else Match.UNRECORDED,
            change=change,
            changes=changes,
            status=entry.status,
            has_prompt=entry.prompt is not None and bool(entry.prompt.strip()),
            elsewhere=self.evidence.elsewhere(entry) if entry.kind is not Kind.CHARACTER else "",
            sketched=line is not None and (line.by or "").startswith(f"{SKETCH}/"),
            accepted=accepted_for(line) is not None,
            routed_to_sketch=to_sketch,
            answered=line is not None and ANSWERED in line.others,
            locks_when_absent=entry.kind is not Kind.CHARACTER,
            ignored=entry.id in self.wishes.ignored,
            demand=self.wishes.demands.get(entry.id, Demand.NONE),
            drifted=self._drifted(line, route, entry),
            awaited=case.awaited,
            obstacles=tuple(hurdles),
        )
        wanted = judge(facts).verdict
        if wanted in _WOULD_SPEND or facts.target is Target.ABSENT:
            paid = self.evidence.paid(entry, print_, sketch=to_sketch)
            hurdles += (*self._refused(entry.id, print_), *self._leads_out(self.project.target(entry.id)))
            facts = replace(facts, original=paid.where if paid else "", obstacles=tuple(hurdles))
            facts = self._with_waiting(facts, case, line)
        return facts, found

    def _with_waiting(self, facts: Facts, case: _Case, line: RecordLine | None) -> Facts:
        """Add what the originals tell of a rejection or a drift that is served, whatever the file's own record says."""
        evidence, to_sketch = self.evidence, facts.routed_to_sketch
        if waiting := evidence.waiting(case.entry, case.fingerprint, line, sketch=to_sketch):
            changes = facts.changes or ("its last reply is not in place yet",)
            return replace(
                facts, original=waiting.where, change=Change.DIFFERENT, changes=changes, answered=True, drifted=()
            )
        if facts.target is Target.ABSENT and facts.status is Status.REJECTED:
            return replace(facts, answered=evidence.answered(case.entry, case.fingerprint, sketch=to_sketch))
        return facts

    def _leads_out(self, target: str) -> tuple[str, ...]:
        """Say why nothing may be written to a target: it is, or lies behind, a link out of the project."""
        try:
            contained(self.project.root, target)
        except InputError as failure:
            return tuple(problem.message for problem in failure.problems)
        return ()

    def _refused(self, entry_id: EntryId, print_: Fingerprint | None) -> tuple[str, ...]:
        if not self.wishes.resume or print_ is None:
            return ()
        attempt = self.evidence.journal.refused(entry_id, print_)
        if attempt is None:
            return ()
        return (f"refused before with the same inputs: {attempt.message} (`--no-resume` tries again)",)

    # parts of an image

    def _references(
        self, resolution: Resolution, problems: list[Problem], obstacles: list[str], cycle: tuple[EntryId, ...]
    ) -> tuple[tuple[PlannedReference, ...], tuple[Described, ...], tuple[str, ...]]:
        """Return the references, the texts for those that are not there, and the targets that are built first."""
        references: list[PlannedReference] = []
        described: list[Described] = []
        awaited: list[str] = []
        for reference in resolution.references:
            if reference.entry_id is not None and reference.entry_id in self.done:
                blocked = self.done[reference.entry_id].verdict is Verdict.BLOCKED
                planned = self._planned_reference(reference, problems)
                references.append(planned)
                if blocked and reference.entry_id not in cycle:
                    obstacles.append(f"reference `{planned.path}` is blocked")
                elif planned.digest is None and not blocked:
                    awaited.append(planned.path)
                continue
            if reference.entry_id is not None and cycle:
                continue
            path = reference.path
            digest, trouble = self._file(path)
            if trouble and self.project.settings.missing_references is MissingReferences.DESCRIBE:
                described.append(describe_instead(reference, self.scan.characters))
                problems.append(warning(f"{trouble}; described in words instead", reference.position))
                continue
            if trouble:
                problems.append(error(trouble, reference.position, _reference_hint(trouble)))
            references.append(PlannedReference(path, reference.character, digest, None, reference.appearance))
        return tuple(references), tuple(described), tuple(awaited)

    def _planned_reference(self, reference: Reference, problems: list[Problem]) -> PlannedReference:
        """Judge a reference that is itself planned: what its picture is, or will be."""
        assert reference.entry_id is not None
        portrait = self.done[reference.entry_id]
        path, digest = portrait.target, None
        if portrait.verdict is Verdict.RESTORABLE:
            route = portrait.route
            paid = self.evidence.paid(
                portrait.entry, portrait.fingerprint, sketch=route is not None and route.provider == SKETCH
            )
            digest = paid.file if paid else None
        elif not portrait.verdict.spends:
            digest, trouble = self._file(path)
            if trouble and portrait.verdict is not Verdict.BLOCKED:
                reasons = "; ".join(portrait.judgement.reasons)
                message = f"reference `{path}` can't be had: it is {portrait.verdict.value} ({reasons})"
                problems.append(error(message, reference.position, f"see `chargen why {path}`"))
        return PlannedReference(path, reference.character, digest, reference.entry_id, reference.appearance)

    def _file(self, path: str) -> tuple[FileHash | None, str]:
        """Return a reference file's hash (a Git LFS pointer's oid) and what keeps it from being sent."""
        known = self.files.get(path)
        if known is None:
            full = self.project.path(path)
            state = kind_of(full)
            trouble = reference_problem(self.project.root, path)
            digest = state.oid if state.kind is FileKind.LFS_POINTER else None
            if state.kind is FileKind.FILE:
                digest = self.evidence.hashes.hash_of(full, state.key)
            known = self.files[path] = (digest, trouble)
        return known

    def _compose(self, entry: Entry, described: tuple[Described, ...], problems: list[Problem]) -> Composed | None:
        if entry.prompt is None or not entry.prompt.strip():
            return None
        states = tuple(Line(item.name or item.slug, item.state) for item in entry.depicts if item.state)
        appearances = tuple(Line(item.name, item.text) for item in described if item.text)
        try:
            return self.composer.compose(entry, states, appearances)
        except InputError as failure:
            problems.extend(failure.problems)
            return None

    def _route(self, entry: Entry) -> Route | Problem:
        route = self.adapters.route(entry.declared.provider, entry.declared.model)
        if isinstance(route, Problem) and self.wishes.provider is not None and self._asked_for(entry.id):
            return self.adapters.override(self.wishes.provider)  # a dead model stops nothing that is routed elsewhere
        return route

    def _overridden(self, image: Planned, verdict: Verdict) -> Route | None:
        if self.wishes.provider is None or not self._asked_for(image.id) or verdict is Verdict.FRESH:
            return image.route
        return self.adapters.override(self.wishes.provider)

    def _asked_for(self, entry_id: EntryId) -> bool:
        """Say whether the provider that was asked for is for this image."""
        return self.wishes.selected is None or entry_id in self.wishes.selected

    def _quality(self, entry: Entry, route: Route | Problem) -> str | None:
        own = None if isinstance(route, Problem) else self.project.settings.provider(route.provider).quality
        return entry.declared.quality or own

    def _drifted(self, line: RecordLine | None, route: Route | None, entry: Entry) -> tuple[str, ...]:
        """Name the drift that `rebuild_on` asks to rebuild for; a sketch's own drift is the proof verdict's matter."""
        asked_for = self.project.settings.rebuild_on
        if not asked_for or line is None or route is None or (line.by or "").startswith(f"{SKETCH}/"):
            return ()
        named = {RebuildOn.PROVIDER: "provider", RebuildOn.MODEL: "model", RebuildOn.QUALITY: "quality"}
        words = tuple(named[item] for item in asked_for)
        line = replace(line, by=accepted_for(line) or line.by)
        return tuple(text for text in _drift(line, route, self._quality(entry, route)) if text.startswith(words))


_SURE = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED, Verdict.MISSING})
"""Verdicts that replace no file: an equal size is evidence enough for them."""

_WOULD_SPEND = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.PROOF, Verdict.BLOCKED})

_TARGETS = {FileKind.FILE: Target.PRESENT, FileKind.LFS_POINTER: Target.POINTER}


def asked(image: Planned, sent: tuple[ReferenceImage, ...] | None = None) -> Asked:
    """Put together what the author asks for; without `sent`, references stand there without their bytes."""
    assert image.composed is not None
    assert image.entry.size is not None
    references = sent
    if references is None:
        references = tuple(
            ReferenceImage(item.character, item.path, b"", "image/png", item.appearance) for item in image.references
        )
    return Asked(
        prompt=image.composed.text,
        negative_prompt=image.composed.negative,
        references=references,
        size=image.entry.size,
        quality=image.quality,
        entry_id=image.id,
        title=image.entry.title,
        colours=image.entry.colours,
    )


def objections(adapter: Provider, request: Request) -> tuple[Problem, ...]:
    """Say what an adapter finds wrong or odd in a planned request; references are checked once their bytes are read."""
    return adapter.check(replace(request, references=()))


def prepared(image: Planned, adapters: Adapters, sent: tuple[ReferenceImage, ...]) -> Request:
    """Adapt what is asked to the image's route, with the references' bytes."""
    assert image.route is not None
    return adapters.get(image.route.provider).adapt(asked(image, sent), image.route.model)


def _inputs(image: Planned, awaited: tuple[str, ...]) -> Inputs | None:
    if image.composed is None or image.entry.size is None or awaited:
        return None
    references = []
    for reference in image.references:
        if reference.digest is None:
            return None
        references.append(ReferenceInput(reference.digest, reference.path, reference.character))
    composed = image.composed
    return Inputs(composed.text, composed.negative, tuple(references), image.entry.size, composed)


def _change(
    line: RecordLine | None, inputs: Inputs | None, print_: Fingerprint | None
) -> tuple[Change, tuple[str, ...]]:
    if line is None:
        return Change.UNKNOWN, ()
    if forgotten_at(line) is not None:
        return Change.DIFFERENT, ("forgotten with `doit forget`",)
    if inputs is None or print_ is None:
        return Change.UNKNOWN, ()
    if line.fingerprint == print_:
        return Change.SAME, ()
    return Change.DIFFERENT, describe(differences(dict(line.parts), inputs)) if line.parts else ()


def _needs_repair(verdict: Verdict, found: Found, unfinished: frozenset[str]) -> bool:
    """Say whether the YAML lacks the slots of a picture, or the journal that they are there."""
    if verdict not in (Verdict.FRESH, Verdict.LOCKED) or found.line is None:
        return False
    return not found.in_yaml or found.line.attempt in unfinished


def _drift(line: RecordLine | None, route: Route | None, quality: str | None) -> tuple[str, ...]:
    if line is None or not line.by or route is None:
        return ()
    provider, _, model = line.by.partition("/")
    found = []
    if provider != route.provider:
        found.append(f"provider was `{provider}`, is `{route.provider}`")
    elif model != route.model:
        found.append(f"model was `{model}`, is `{route.model}`")
    made_with = dict(line.others).get("quality")
    if made_with and quality and made_with != quality:
        found.append(f"quality was `{made_with}`, is `{quality}`")
    return tuple(found)


def _as_of_verdict(problems: list[Problem], verdict: Verdict) -> list[Problem]:
    """An error that stops nothing, because the image exists or is not wanted, is told as a warning."""
    if verdict is Verdict.BLOCKED:
        return problems
    return [
        replace(problem, severity=Severity.WARNING) if problem.severity is Severity.ERROR else problem
        for problem in problems
    ]


def _errors(problems: Iterable[Problem]) -> tuple[str, ...]:
    return tuple(problem.message for problem in problems if problem.severity is Severity.ERROR)


def _reference_hint(trouble: str) -> str:
    if "LFS" in trouble:
        return "run `git lfs pull`"
    return 'put the file there, or set `missing_references = "describe"`'


def _cycle(entry: Entry, chain: tuple[EntryId, ...]) -> Problem:
    names = " → ".join(f"`{entry_id}`" for entry_id in chain)
    return error(f"portraits reference each other in a circle: {names}", entry.position, "leave one of them out")


def _unknown_names(imageries: tuple[Imagery, ...]) -> list[Problem]:
    known = {imagery.slug for imagery in imageries if imagery.kind is Kind.LOCATION}
    return [
        unknown_location(name, name.position)
        for imagery in imageries
        for name in imagery.uses
        if name.name == Kind.LOCATION.value and name not in known
    ]


def unknown_location(name: str, position: Position | None) -> Problem:
    """Return the warning of a location that a file names and no file describes."""
    return warning(f"location `{name}` has no imagery file", position)
