"""Judging one image of a plan: its facts gathered from the disk and the records, its verdict, route and price.

Planning asks it once for every image; the generate action asks it again immediately before a call. Reads the disk,
changes nothing; what the facts mean is the judge's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from chargen import kinds
from chargen.config.settings import RebuildOn
from chargen.errors import InputError, Problem, Severity, error, warning
from chargen.model.entries import Entry
from chargen.model.inputs import Inputs, ReferenceInput, change_reasons, differences, fingerprint
from chargen.model.reason import Reason, ReasonCode
from chargen.model.record import RecordLine
from chargen.model.record_marks import ANSWERED, accepted_for, forgotten_at, quality_of
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Status, Verdict
from chargen.plan.dry_run import Rehearsals
from chargen.plan.evidence import Evidence, Found, Paid
from chargen.plan.plan import Planned
from chargen.plan.project import Project
from chargen.plan.requests import asked, objections
from chargen.plan.verdict import Change, Demand, Facts, Match, Target, judge
from chargen.providers import is_proof
from chargen.providers.registry import Adapters
from chargen.store.files import FileKind, contained


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
    obstacles: tuple[Reason, ...]
    awaited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges the images of one plan; safe to use from threads."""

    project: Project
    evidence: Evidence
    adapters: Adapters
    wishes: Wishes
    rehearsals: Rehearsals

    def again(self, image: Planned, entry: Entry, digests: Mapping[str, FileHash]) -> Planned:
        """Judge one planned image again on what is on the disk now; its prompt stays the planned one.

        `digests` are hashes of the reference files as they will be sent.
        """
        references = tuple(
            replace(reference, digest=digests.get(reference.path, reference.digest)) for reference in image.references
        )
        return self.judged(replace(image, entry=entry, references=references), ())

    def judged(self, image: Planned, awaited: tuple[str, ...]) -> Planned:
        """Return the image with its verdict, route and price; `awaited` are targets of references still to be built."""
        inputs = _inputs(image, awaited)
        print_ = fingerprint(inputs) if inputs else None
        route = image.route
        notes: tuple[str, ...] = ()
        case = _Case(image.entry, inputs, print_, (*errors(image.entry.problems), *image.obstacles), awaited)
        facts, found, met = self._facts(case, route, certain=False)
        verdict = judge(facts).verdict
        if verdict not in _SURE and found.state.kind is FileKind.FILE and found.file is None:
            facts, found, met = self._facts(case, route, certain=True)
        route = self._overridden(image, judge(facts).verdict)
        if route != image.route:
            facts, found, met = self._facts(case, route, certain=found.file is not None)
        judgement = judge(facts)
        cost: Decimal | None = Decimal(0)
        if judgement.verdict.spends and route is not None and image.composed is not None:
            adapter = self.adapters.get(route.provider)
            request = adapter.adapt(asked(image), route.model)
            if faults := errors(objections(adapter, request), ReasonCode.OBJECTION):
                judgement = judge(replace(facts, obstacles=(*facts.obstacles, *faults)))
            else:
                cost, notes = adapter.price(request), request.notes
            if (told := adapter.elsewhere()) is not None:
                met = (*met, told)
            if (refusal := self.rehearsals.refusal(image)) is not None:
                met = (*met, refusal)
                judgement, cost = judge(replace(facts, obstacles=(*facts.obstacles, *errors((refusal,))))), Decimal(0)
        return replace(
            image,
            inputs=inputs,
            fingerprint=print_,
            judgement=judgement,
            route=route,
            cost_usd=cost,
            notes=notes,
            problems=(*image.problems, *(problem for problem in met if problem not in image.problems)),
            repair=_needs_repair(judgement.verdict, found, self.evidence.unfinished),
            drift=_drift(found.line, route, image.quality),
        )

    def _facts(self, case: _Case, route: Route | None, *, certain: bool) -> tuple[Facts, Found, tuple[Problem, ...]]:
        """Gather what the verdict depends on, and what was met on the way and is to be told with a place and a hint."""
        entry, inputs, print_ = case.entry, case.inputs, case.fingerprint
        found = self.evidence.at_target(entry, print_, certain=certain)
        line = found.line
        to_sketch = self.adapters.is_proof(route)
        hurdles = list(case.obstacles)
        if found.state.kind in (FileKind.DIRECTORY, FileKind.OTHER):
            at_target = found.state.kind.value, self.project.target(entry.id)
            hurdles.append(Reason(ReasonCode.NO_FILE_AT_TARGET, at_target))
        change, changes = _change(line, inputs, print_)
        facts = Facts(
            target=_TARGETS.get(found.state.kind, Target.ABSENT),
            match=Match.OURS if line else Match.OTHER if found.others else Match.UNRECORDED,
            change=change,
            changes=changes,
            status=entry.status,
            has_prompt=bool(entry.prompt and entry.prompt.strip()) or bool(errors(entry.problems)),
            elsewhere=self.evidence.elsewhere(entry) if kinds.named(entry.kind).file_path_counts else "",
            sketched=line is not None and is_proof(line.by),
            accepted=accepted_for(line) is not None,
            routed_to_sketch=to_sketch,
            answered=line is not None and ANSWERED in line.others,
            damaged=f"{found.damage}{' (it is being written right now)' if found.in_use else ''}"
            if found.damage
            else "",
            locks_when_absent=kinds.named(entry.kind).locks_when_absent,
            ignored=entry.id in self.wishes.ignored,
            demand=self.wishes.demands.get(entry.id, Demand.NONE),
            drifted=self._drifted(line, route, entry),
            awaited=case.awaited,
            obstacles=tuple(hurdles),
        )
        wanted = judge(facts).verdict
        met: list[Problem] = []
        if wanted in _WOULD_SPEND or facts.target is Target.ABSENT or facts.damaged:
            paid = None if found.in_use else self.evidence.paid(entry, print_, inputs, sketch=to_sketch)
            met += self._met(case, facts, found, paid)
            hurdles += (*self._refused(entry.id, print_), *self._leads_out(self.project.target(entry.id)))
            hurdles += errors(met)
            facts = replace(facts, original=paid.where if paid else "", obstacles=tuple(hurdles))
            facts = self._with_waiting(facts, case, line)
        return facts, found, tuple(met)

    def _met(self, case: _Case, facts: Facts, found: Found, paid: Paid | None) -> Iterator[Problem]:
        """Yield what is damaged and concerns this image: the file at its target, a reply that was paid for."""
        entry, place = case.entry, case.entry.position
        if facts.damaged and paid is None and facts.demand is not Demand.REBUILD:
            message = f"the picture is damaged: {facts.damaged}"
            target = self.project.target(entry.id)
            hint = f"put a whole picture at `{target}`, or move the file away to have a new one made"
            yield error(message, place, hint)
        if paid is not None and paid.mended:
            message = f"the record beside `{paid.where}` is damaged; enough is known without it to use the reply"
            yield warning(message, place)
        elif paid is None and facts.demand is Demand.NONE and not facts.routed_to_sketch:
            lost = self.evidence.unexplained(entry, case.fingerprint, found.line)
            if lost is not None:
                folder, reply = (path.relative_to(self.project.root).as_posix() for path in (lost.folder, lost.reply))
                message = f"`{reply}` was paid for with these inputs, but the record beside it can't be read"
                hint = (
                    f"put `record.json` back into `{folder}` from a backup; or put the picture at "
                    f"`{self.project.target(entry.id)}` yourself and run `chargen accept {entry.id}`; or move the "
                    "folder away to have the image made anew"
                )
                yield replace(error(message, place, hint), subject=reply)

    def _with_waiting(self, facts: Facts, case: _Case, line: RecordLine | None) -> Facts:
        """Add what the originals tell of a rejection or a drift that is served, whatever the file's own record says."""
        evidence, to_sketch = self.evidence, facts.routed_to_sketch
        if waiting := evidence.waiting(case.entry, case.fingerprint, line, sketch=to_sketch):
            changes = facts.changes or (Reason(ReasonCode.REPLY_NOT_IN_PLACE),)
            return replace(
                facts, original=waiting.where, change=Change.DIFFERENT, changes=changes, answered=True, drifted=()
            )
        if (facts.target is Target.ABSENT or facts.damaged) and facts.status is Status.REJECTED:
            return replace(facts, answered=evidence.answered(case.entry, case.fingerprint, sketch=to_sketch))
        return facts

    def _leads_out(self, target: str) -> tuple[Reason, ...]:
        """Say why nothing may be written to a target: it is, or lies behind, a link out of the project."""
        try:
            contained(self.project.root, target)
        except InputError as failure:
            return errors(failure.problems, ReasonCode.TARGET_OUTSIDE)
        return ()

    def _refused(self, entry_id: EntryId, print_: Fingerprint | None) -> tuple[Reason, ...]:
        if not self.wishes.resume or print_ is None:
            return ()
        attempt = self.evidence.journal.refused(entry_id, print_)
        if attempt is None:
            return ()
        return (Reason(ReasonCode.REFUSED_BEFORE, (attempt.message or "",)),)

    def _overridden(self, image: Planned, verdict: Verdict) -> Route | None:
        wishes = self.wishes
        asked_for = wishes.selected is None or image.id in wishes.selected
        if wishes.provider is None or not asked_for or verdict is Verdict.FRESH:
            return image.route
        return self.adapters.override(wishes.provider)

    def quality(self, entry: Entry, route: Route | Problem | None) -> str | None:
        """Return the quality an entry declares, else the one set for its provider."""
        own = None if not isinstance(route, Route) else self.project.settings.provider(route.provider).quality
        return entry.declared.quality or own

    def _drifted(self, line: RecordLine | None, route: Route | None, entry: Entry) -> tuple[Reason, ...]:
        """Name the drift that `rebuild_on` asks to rebuild for; a sketch's own drift is the proof verdict's matter."""
        asked_for = self.project.settings.rebuild_on
        if not asked_for or line is None or route is None or is_proof(line.by):
            return ()
        codes = {_DRIFTS[item] for item in asked_for}
        line = replace(line, by=accepted_for(line) or line.by)
        return tuple(reason for reason in _drift(line, route, self.quality(entry, route)) if reason.code in codes)


_SURE = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED, Verdict.MISSING})
"""Verdicts that replace no file: an equal size is evidence enough for them."""

_WOULD_SPEND = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.PROOF, Verdict.BLOCKED})

_DRIFTS = {
    RebuildOn.PROVIDER: ReasonCode.PROVIDER_CHANGED,
    RebuildOn.MODEL: ReasonCode.MODEL_CHANGED,
    RebuildOn.QUALITY: ReasonCode.QUALITY_CHANGED,
}

_TARGETS = {FileKind.FILE: Target.PRESENT, FileKind.LFS_POINTER: Target.POINTER}


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
) -> tuple[Change, tuple[Reason, ...]]:
    if line is None:
        return Change.UNKNOWN, ()
    if forgotten_at(line) is not None:
        return Change.DIFFERENT, (Reason(ReasonCode.FORGOTTEN),)
    if inputs is None or print_ is None:
        return Change.UNKNOWN, ()
    if line.fingerprint == print_:
        return Change.SAME, ()
    return Change.DIFFERENT, change_reasons(differences(dict(line.parts), inputs)) if line.parts else ()


def _needs_repair(verdict: Verdict, found: Found, unfinished: frozenset[str]) -> bool:
    """Say whether the YAML lacks the slots of a picture, or the journal that they are there."""
    if verdict not in (Verdict.FRESH, Verdict.LOCKED) or found.line is None:
        return False
    return not found.in_yaml or found.line.attempt in unfinished


def _drift(line: RecordLine | None, route: Route | None, quality: str | None) -> tuple[Reason, ...]:
    if line is None or not line.by or route is None:
        return ()
    provider, _, model = line.by.partition("/")
    found = []
    if provider != route.provider:
        found.append(Reason(ReasonCode.PROVIDER_CHANGED, (provider, route.provider)))
    elif model != route.model:
        found.append(Reason(ReasonCode.MODEL_CHANGED, (model, route.model)))
    made_with = quality_of(line)
    if made_with and quality and made_with != quality:
        found.append(Reason(ReasonCode.QUALITY_CHANGED, (made_with, str(quality))))
    return tuple(found)


def errors(problems: Iterable[Problem], code: ReasonCode = ReasonCode.PROBLEM) -> tuple[Reason, ...]:
    """Return those problems that stop what depends on them, as reasons."""
    return tuple(Reason(code, (problem.message,)) for problem in problems if problem.severity is Severity.ERROR)
