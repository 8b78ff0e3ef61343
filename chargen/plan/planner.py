"""From a scan to a plan: for every entry its prompt, references, verdict, route and price, in build order.

Reads the disk, changes nothing. What it decides it asks of the pure parts: resolving, composing, judging, ordering.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from chargen.config.settings import MissingReferences
from chargen.errors import InputError, Position, Problem, Severity, error, warning
from chargen.model.entries import Entry, Imagery
from chargen.model.reason import Reason, ReasonCode, sentences
from chargen.model.values import EntryId, FileHash, Route, Verdict
from chargen.plan.compose import Composed, Composer, Line
from chargen.plan.evidence import Evidence
from chargen.plan.facts import Judge, PlanOptions, errors
from chargen.plan.order import build_order
from chargen.plan.plan import Plan, Planned, PlannedReference, unknown_file
from chargen.plan.project import Project
from chargen.plan.resolve import Described, Reference, Resolution, describe_instead, resolve
from chargen.plan.scan import Scan
from chargen.plan.verdict import Judgement
from chargen.providers import is_proof
from chargen.store.files import FileKind, kind_of
from chargen.store.pictures import Unsendable, unsendable


@dataclass(slots=True)
class Planner:
    """Makes one plan. `templates` are inside `composer`; `files` memoises what is known of reference files."""

    project: Project
    scan: Scan
    composer: Composer
    judge: Judge
    clashing: frozenset[EntryId] = frozenset()
    """Entries that claim a picture together with another entry: none of them is built."""
    done: dict[EntryId, Planned] = field(default_factory=dict)
    files: dict[str, tuple[FileHash | None, Unsendable | None]] = field(default_factory=dict)
    cycles: tuple[tuple[EntryId, ...], ...] = ()
    """Chains of portraits that reference each other, once it has planned."""

    @property
    def evidence(self) -> Evidence:
        """Where the plan's judging looks."""
        return self.judge.evidence

    @property
    def options(self) -> PlanOptions:
        """What the plan is made for."""
        return self.judge.options

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

    # one image

    def _resolve(self, entry: Entry) -> Resolution:
        describing = self.project.settings.missing_references is MissingReferences.DESCRIBE
        return resolve(entry, self.scan.characters, self.scan.broken_slugs, describing)

    def _image(self, entry: Entry, resolution: Resolution, cycle: tuple[EntryId, ...]) -> Planned:
        problems = list(resolution.problems)
        obstacles: list[Reason] = []
        references, described, awaited = self._references(resolution, problems, obstacles, cycle)
        faults: list[Problem] = []
        composed = self._compose(entry, (*resolution.described, *described), faults)
        problems += faults
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
            quality=self.judge.quality(entry, route),
        )
        if entry.id in self.clashing:
            obstacles.append(Reason(ReasonCode.SAME_TARGET))
        if cycle:
            obstacles.append(Reason(ReasonCode.CIRCLE))
        image = self.judge.judged(replace(image, obstacles=(*errors(problems), *obstacles)), awaited)
        problems += image.problems
        return replace(image, problems=(*entry.problems, *_as_of_verdict(problems, faults, image.verdict)))

    # parts of an image

    def _references(
        self, resolution: Resolution, problems: list[Problem], obstacles: list[Reason], cycle: tuple[EntryId, ...]
    ) -> tuple[tuple[PlannedReference, ...], tuple[Described, ...], tuple[str, ...]]:
        """Return the references, the texts for those that are not there, and the targets that are built first."""
        references: list[PlannedReference] = []
        described: list[Described] = []
        awaited: list[str] = []
        for reference in resolution.references:
            if reference.entry_id is not None and reference.entry_id in self.done:
                verdict = self.done[reference.entry_id].verdict
                blocked = verdict is Verdict.BLOCKED
                planned = self._planned_reference(reference, problems)
                references.append(planned)
                if blocked and reference.entry_id not in cycle:
                    obstacles.append(Reason(ReasonCode.REFERENCE_BLOCKED, (planned.path,)))
                elif planned.digest is None and not blocked and verdict is not Verdict.FRESH:
                    awaited.append(planned.path)
                continue
            if reference.entry_id is not None and cycle:
                continue
            path = reference.path
            digest, trouble = self._file(path)
            if trouble and self.project.settings.missing_references is MissingReferences.DESCRIBE:
                described.append(describe_instead(reference, self.scan.characters))
                instead = "described in words instead" if described[-1].text else "no `appearance` stands in for it"
                problems.append(warning(f"reference {trouble}; {instead}", reference.position))
                continue
            if trouble:
                problems.append(error(f"reference {trouble}", reference.position, _reference_hint(trouble)))
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
                portrait.entry,
                portrait.fingerprint,
                portrait.inputs,
                sketch=route is not None and is_proof(route.provider),
            )
            digest = paid.file if paid else None
        elif not portrait.verdict.spends:
            digest, trouble = self._file(path)
            if trouble and portrait.verdict is not Verdict.BLOCKED:
                reasons = sentences(portrait.judgement.reasons)
                message = f"reference `{path}` can't be had: it is {portrait.verdict.value} ({reasons})"
                if portrait.verdict is Verdict.FRESH:
                    message = f"reference {trouble}"
                problems.append(error(message, reference.position, f"see `chargen why {path}`"))
        return PlannedReference(path, reference.character, digest, reference.entry_id, reference.appearance)

    def _file(self, path: str) -> tuple[FileHash | None, Unsendable | None]:
        """Return a reference file's hash (a Git LFS pointer's oid) and what keeps it from being sent."""
        known = self.files.get(path)
        if known is None:
            full = self.project.path(path)
            state = kind_of(full)
            trouble = unsendable(self.project.root, path)
            digest = state.oid if state.kind is FileKind.LFS_POINTER else None
            if state.kind is FileKind.FILE:
                with suppress(OSError):  # `trouble` says that it can't be read
                    digest = self.evidence.hashes.hash_of(full, state.key)
            known = self.files[path] = (digest, trouble)
        return known

    def _compose(self, entry: Entry, described: tuple[Described, ...], problems: list[Problem]) -> Composed | None:
        if not entry.has_prompt:
            return None
        states = tuple(Line(item.name or item.slug, item.state) for item in entry.depicts if item.state)
        appearances = tuple(Line(item.name, item.text) for item in described if item.text)
        try:
            return self.composer.compose(entry, states, appearances)
        except InputError as failure:
            problems.extend(failure.problems)
            return None

    def _route(self, entry: Entry) -> Route | Problem:
        route = self.judge.adapters.route(entry.declared.provider, entry.declared.model)
        provider = self.judge.options.provider_of(entry.id)
        if isinstance(route, Problem) and provider is not None:
            return self.judge.adapters.override(provider)  # a dead model stops nothing routed elsewhere
        if isinstance(route, Problem) and route.position is None:
            return replace(route, position=self._first_entry(entry.file))
        return route

    def _first_entry(self, file: str) -> Position:
        """Return where a file's entries begin: the place of what the file as a whole does not say."""
        imagery = next(imagery for imagery in self.scan.imageries if imagery.file == file)
        return imagery.entries[0].position


def _as_of_verdict(problems: list[Problem], faults: list[Problem], verdict: Verdict) -> list[Problem]:
    """An error that stops nothing, because the image exists or is not wanted, is told as a warning.

    Not so `faults` of a template, which have nothing to do with what exists.
    """
    if verdict is Verdict.BLOCKED:
        return problems
    stay = () if verdict is Verdict.SKIPPED else faults
    return [
        replace(problem, severity=Severity.WARNING)
        if problem.severity is Severity.ERROR and problem not in stay
        else problem
        for problem in problems
    ]


def _reference_hint(trouble: Unsendable) -> str:
    if trouble.is_pointer:
        return "run `git lfs pull`"
    return 'put the file there, or set `missing_references = "describe"`'


def _cycle(entry: Entry, chain: tuple[EntryId, ...]) -> Problem:
    names = " → ".join(f"`{entry_id}`" for entry_id in chain)
    return error(f"portraits reference each other in a circle: {names}", entry.position, "leave one of them out")


def _unknown_names(imageries: tuple[Imagery, ...]) -> list[Problem]:
    known = {(imagery.kind, imagery.slug) for imagery in imageries}
    used = (name for imagery in imageries for name in imagery.uses)
    return [unknown_file(name.name, name, name.position) for name in used if (name.name, str(name)) not in known]
