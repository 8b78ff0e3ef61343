"""Where the facts of a plan's images come from: what is known of the project, its providers, a command's options."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from chargen.config.project import Project
from chargen.errors import Problem
from chargen.model.entries import Entry
from chargen.model.request import Mode
from chargen.model.values import EntryId, Route
from chargen.plan.evidence import Evidence
from chargen.plan.verdict import Force
from chargen.plan.write_back_check import WriteBackCheck
from chargen.providers.registry import Adapters
from chargen.store.batch_job import JobLine


class PlanOptions(Struct, frozen=True):
    """What a command asks for beyond the files: all of it ends with the command."""

    provider: str | None = None
    """Route of everything selected that is not fresh."""
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


class FactSources(Struct, frozen=True):
    """Where the facts of a plan's images are looked up, and under which options; safe to use from threads."""

    project: Project
    evidence: Evidence
    adapters: Adapters
    options: PlanOptions
    write_back_check: WriteBackCheck

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
