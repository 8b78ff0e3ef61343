"""Judging a planned image: its inputs, its facts, and by them its verdict, route and price.

Planning judges every image once; a build judges it again immediately before a call. What the verdict is, is decided in
`chargen.plan.verdict` by the facts of `chargen.plan.facts`. Reads the disk, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.config.project import Project
from chargen.errors import Problem, warning
from chargen.model.entries import Entry
from chargen.model.inputs import Inputs, fingerprint, nearest_form
from chargen.model.reason import ReasonCode
from chargen.model.record import RecordedReference
from chargen.model.request import Mode, Provider, Request, SentReference
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Verdict
from chargen.plan.evidence import Evidence, PaidReply
from chargen.plan.facts import GatheredFacts
from chargen.plan.image_request import inputs_of, placed, request_of
from chargen.plan.plan import Batched, Offer, Planned, Unjudged
from chargen.plan.target_state import TargetState
from chargen.plan.variants import ONE, variants_of
from chargen.plan.verdict import Force, Judgement, judge, wanted
from chargen.plan.write_back_check import WriteBackCheck
from chargen.providers.catalogue.prices import rounded
from chargen.providers.registry import Adapters
from chargen.store.batch_job import JobLine


class PlanOptions(Struct, frozen=True):
    """What a command asks for beyond the files: all of it ends with the command."""

    provider: str | None = None
    """Who is asked, instead of its own, for everything selected that is not fresh."""
    selected: frozenset[EntryId] | None = None
    """What `provider` is for; None for everything."""
    forced: Mapping[EntryId, Force] = field(default_factory=dict)
    resume: bool = True
    """Keep to refusals: what was refused with these inputs is not tried again."""
    ignored: frozenset[EntryId] = frozenset()
    finals: frozenset[EntryId] = frozenset()
    """Images named for a final one in place of a draft."""
    promoted: frozenset[EntryId] = frozenset()
    """The same, also where the draft is approved, and only there."""
    placed: Mapping[EntryId, JobLine] = field(default_factory=dict)
    """Replies of jobs to what was asked for by name, just collected."""
    mode: Mode | None = None
    """How requests go, whatever the settings say of their providers."""
    variants: int | None = None
    """How many versions of today's inputs each selected image is to have in all; None for what its entry says."""
    by_name: bool = False
    """The selected images were named."""

    def variants_of(self, entry_id: EntryId) -> int | None:
        """Return how many versions the command asks for of an image; None where it does not."""
        return self.variants if self.selected is None or entry_id in self.selected else None

    def provider_of(self, entry_id: EntryId) -> str | None:
        """Return the provider asked for instead of an entry's own, unless its image is fresh; None for its own."""
        return self.provider if self.selected is None or entry_id in self.selected else None


class Judge(Struct, frozen=True):
    """Judges the images of one plan by what is known of the project and its providers, under the options of a command.

    Safe to use from threads.
    """

    project: Project
    evidence: Evidence
    adapters: Adapters
    options: PlanOptions
    write_back_check: WriteBackCheck

    def judge_again(
        self, image: Planned, entry: Entry, sent: tuple[SentReference, ...], ready: Request | None = None
    ) -> tuple[Planned, Request | None]:
        """Judge one planned image again on what is on the disk now; its prompt stays the planned one.

        `sent` are the references as they will be sent, `ready` the request where it was made of them before. The
        request is None where nothing is to be sent.
        """
        digests = {reference.label: reference.sha256 for reference in sent}
        references = tuple(
            replace(reference, digest=digests.get(reference.path, reference.digest)) for reference in image.references
        )
        forms = tuple(
            replace(
                form,
                entry=replace(form.entry, outputs=entry.outputs, status=entry.status),
                references=references,
                blockers=image.blockers,
                problems=image.problems,
            )
            for form in image.forms
        )
        retake = image.retake
        if retake is not None and retake.mask is not None:
            retake = replace(retake, mask=replace(retake.mask, digest=digests.get(retake.mask.path)))
        image = replace(image, entry=entry, references=references, forms=forms, retake=retake)
        return self._of_forms(image, (), sent, ready)

    def judged(self, image: Unjudged, awaited: tuple[str, ...]) -> Planned:
        """Return the image with its verdict, route and price; `awaited` are targets of references still to be built."""
        return self._of_forms(image, awaited)[0]

    def _of_forms(
        self,
        image: Unjudged,
        awaited: tuple[str, ...],
        sent: tuple[SentReference, ...] | None = None,
        ready: Request | None = None,
    ) -> tuple[Planned, Request | None]:
        """Judge an image by the form of inputs that its picture, or what was paid for it, is of; a new one by today's.

        What is current by any form is current; the reasons for a new picture are those by the form of the old one.
        """
        every = []
        for form in image.forms or (image,):
            inputs = _inputs(form, awaited)
            digest = fingerprint(inputs) if inputs else None
            every.append(GatheredFacts(self, form, inputs, digest, awaited, sent=sent, ready=ready))
        if not image.forms:
            return self._judged(every[0])
        chosen = _recorded(every)
        judged, request = self._judged(chosen)
        if chosen is not every[0] and judged.verdict.spends:
            newest, request = self._judged(every[0])
            judged = replace(newest, judgement=judged.judgement) if newest.verdict.spends else newest
        return replace(judged, forms=image.forms), request

    def _judged(self, facts: GatheredFacts) -> tuple[Planned, Request | None]:
        image = facts.image
        provider = self.options.provider_of(image.id)
        if provider is not None and wanted(facts).verdict is not Verdict.FRESH:
            facts = replace(facts, image=replace(image, route=self.adapters.override(provider)))
        judgement = judge(facts)
        variants, later = ONE, 0
        if (in_all := self.options.variants_of(image.id) or image.entry.variants) > 1:
            variants = variants_of(facts.latest, judgement, in_all)
            judgement = replace(judgement, reasons=(*judgement.reasons, *variants.reasons))
        facts = facts.latest
        route = facts.image.route
        part = self.batch_price(route) if judgement.verdict.spends and route is not None else None
        if part is not None:
            later, variants = variants.more, replace(variants, more=0)  # of a picture that is in its place
        found = facts.problems(judgement.verdict)
        sends = judgement.verdict.spends + variants.more
        request = facts.request if sends else None
        adapter = None if request is None else self.adapters.get(request.provider)
        price = Decimal(0) if request is None or adapter is None else part_of(adapter.price(request), part)
        offer = None
        if request is not None and facts.sent is None:
            offer = self._offer(facts, judgement, request, price, later)
        judged = Planned(
            entry=image.entry,
            target=image.target,
            prompt_file=image.prompt_file,
            references=image.references,
            composed=image.composed,
            route=route,
            quality=image.quality,
            model_file=image.model_file,
            problems=(*image.problems, *(problem for problem in found if problem not in image.problems)),
            blockers=image.blockers,
            forms=image.forms,
            waits=image.waits,
            former_rules=image.former_rules,
            retake=image.retake,
            inputs=facts.inputs,
            fingerprint=facts.fingerprint,
            judgement=judgement,
            sent_quality=image.quality if request is None else request.quality,
            cost_usd=price and price * sends,
            most_usd=Decimal(0) if request is None or adapter is None else part_of(adapter.most(request), part),
            batched=None if request is None or adapter is None or part is None else _batched(adapter, request),
            offer=offer,
            notes=() if request is None else request.notes,
            made=variants.made,
            more=variants.more,
            replaces=facts.entry.record_line,
            repair=self._repair(image, judgement.verdict, facts.state),
            drift=facts.drift,
        )
        return judged, request

    def _repair(self, image: Unjudged, verdict: Verdict, found: TargetState) -> ReasonCode | None:
        """Say what of a picture that is in its place the YAML or the journal does not tell."""
        if verdict in (Verdict.FRESH, Verdict.LOCKED) and found.line is not None:
            if not found.in_yaml:
                missing = image.entry.record_line is None
                return ReasonCode.SLOTS_MISSING if missing else ReasonCode.SLOTS_OF_ANOTHER
            if found.line.attempt in self.evidence.unfinished:
                return ReasonCode.END_NOT_WRITTEN
        return ReasonCode.PLACE_NOT_WRITTEN if self.evidence.moved_unrecorded(image.id) else None

    def _offer(
        self, facts: GatheredFacts, judgement: Judgement, request: Request, price: Decimal | None, later: int
    ) -> Offer:
        """Return what was asked of the provider on the way to a verdict, so that it need not be asked again."""
        image = facts.image
        found = placed(facts.adapter_problems, image, request, self.project.settings, blocks=False)
        told = self._without_jobs(image, price, request, variants=not judgement.verdict.spends)
        if later:
            message = f"a job makes the first picture alone: {later} more to be made live, at the full price, after it"
            hint = "ask for them again once it is there, or ask for no variants if that is too dear"
            told = (*told, warning(message, image.position, hint))
        return Offer(price, (*found, *told))

    def _without_jobs(
        self, image: Unjudged, price: Decimal | None, request: Request, *, variants: bool = False
    ) -> tuple[Problem, ...]:
        """Say that a request is sent live though jobs are wanted, where that costs anything."""
        if self.mode(request.route) is not Mode.BATCH or price == 0:
            return ()
        if self.batch_price(request.route) is not None:
            if not variants:
                return ()
            message = "more variants are sent live, at the full price: a job makes the first picture alone"
            return (warning(message, image.position, "ask for no variants if that is too dear"),)
        message = f"`{request.route}` is not known to take jobs: it is sent live, at the full price"
        able = [model.id for model in self.adapters.models.of(request.provider) if model.batch]
        hint = f"these do: {', '.join(able)}" if able else ""
        return (warning(message, image.position, hint),)

    def mode(self, route: Route) -> Mode:
        """Return how requests on a route are to go."""
        return self.options.mode or self.project.settings.provider(route.provider).mode or Mode.LIVE

    def batch_price(self, route: Route) -> Decimal | None:
        """Return the part of the live price that a request costs in a job; None where it is sent live."""
        if self.mode(route) is not Mode.BATCH:
            return None
        models = self.adapters.models
        facts, model = models.facts(route.provider).batch, models.find(route.provider, route.model)
        can = facts is not None and model is not None and model.batch
        return facts.price if can and facts and self.adapters.get(route.provider).batches is not None else None

    def takes_jobs(self, provider: str) -> bool:
        """Say whether requests to a provider may go as jobs."""
        return self.adapters.models.facts(provider).batch is not None

    def quality(self, entry: Entry, route: Route | Problem | None) -> str | None:
        """Return the quality a tier asks of a provider, else the one an entry declares, else the one set for it."""
        settings = self.project.settings
        if not isinstance(route, Route):
            return entry.declared.quality
        of_tier = None if settings.tier is None else settings.tier.provider(route.provider).quality
        return of_tier or entry.declared.quality or settings.provider(route.provider).quality

    def restored_file(self, image: Planned) -> FileHash | None:
        """Return the hash of the file that a restorable image will be, as far as it is known."""
        facts = GatheredFacts(self, image, image.inputs, image.fingerprint, ())
        if facts.moved:
            return facts.state.file
        return facts.paid.file if facts.paid is not None else None

    def offer(self, image: Planned) -> Offer | None:
        """Ask the provider of an image's route, and the file its slots are in; None where no request can be made.

        What is asked is what a new picture would be, whatever the present one was made by.
        """
        if image.offer is not None or not image.can_be_requested:
            return image.offer
        image = image.newest
        request = request_of(image, self.adapters)
        adapter = self.adapters.get(request.provider)
        blocks = image.verdict is Verdict.BLOCKED
        found = list(placed(adapter.check(request), image, request, self.project.settings, blocks=blocks))
        if (unwritable := self.write_back_check.refusal(image.entry, image.target, image.route)) is not None:
            found.append(unwritable if blocks else unwritable.as_warning())
        price = part_of(adapter.price(request), self.batch_price(request.route))
        return Offer(price, (*found, *self._without_jobs(image, price, request)))

    def fingerprints(self, image: Unjudged) -> tuple[Fingerprint, ...]:
        """Return the fingerprints of an image's inputs by every form of today's, the newest first."""
        every = (_inputs(form, ()) for form in image.forms or (image,))
        return tuple(dict.fromkeys(fingerprint(inputs) for inputs in every if inputs is not None))

    def restoring(self, image: Planned) -> PaidReply | None:
        """Find what a restorable image is restored from."""
        return GatheredFacts(self, image, image.inputs, image.fingerprint, ()).paid


def part_of(live_usd: Decimal | None, part: Decimal | None) -> Decimal | None:
    """Return the `part` of a live price that a request costs; all of it where it is sent live."""
    return live_usd if live_usd is None or part is None else rounded(live_usd * part)


def _batched(adapter: Provider, request: Request) -> Batched | None:
    return None if adapter.batches is None else Batched(adapter.price(request), adapter.batches.group(request))


def _recorded(every: Sequence[GatheredFacts]) -> GatheredFacts:
    """Return the facts by the form that there is a record, a paid reply or a refusal of, else by the nearest.

    Before all these goes the form that was asked for by name, and brought by a job.
    """
    newest = every[0]
    if (brought := next((facts for facts in every if facts.placed), None)) is not None:
        return brought
    line = newest.state.line or newest.entry.record_line
    for facts in every:
        if line is not None and facts.fingerprint == line.fingerprint:
            return facts
    for facts in every:
        if facts.fingerprint is not None and facts.has_history:
            return facts
    known = {id(facts.comparable): facts for facts in every if facts.comparable is not None}
    then = newest.recorded_parts if line is not None and known else {}
    if not then:
        return newest
    return known[id(nearest_form(then, [facts.comparable for facts in known.values() if facts.comparable]))]


def _inputs(image: Unjudged, awaited: tuple[str, ...]) -> Inputs | None:
    if awaited:
        return None
    references = []
    for reference in image.references:
        if reference.digest is None:
            return None
        references.append(RecordedReference(reference.character, reference.path, reference.digest))
    return inputs_of(image, references)
