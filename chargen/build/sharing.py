"""The shared store in one run: asked before anything is bought, and given what was bought here.

Laws: with claims an image is sent for only while its claim is this run's; what is fetched is stored among the
originals before anything else happens to it; no failure of the store fails an image; what could not be put there is put
by a later run. What an author said of a picture is never in the store.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import ParamSpec, TypeVar

from chargen.build.attempt import HeldElsewhereError, NotClaimedError, Purchase
from chargen.build.batch_results import Collected
from chargen.build.shared_choice import ReplyChoice
from chargen.build.shared_jobs import SharedJobs
from chargen.build.shared_month import SharedMonth
from chargen.build.shared_purchase import SharedPurchase, UnsharedPurchase
from chargen.config.settings import StoreClaims
from chargen.errors import ChargenError, Problem, note, warning
from chargen.model.record import Record, to_json
from chargen.model.values import EntryId, Fingerprint
from chargen.plan.budget import NOTHING
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.plan.verdict import Force
from chargen.providers import is_proof
from chargen.store.journal_rows import AttemptStatus
from chargen.store.original_store import StoredOriginal
from chargen.store.shared import race
from chargen.store.shared.claims import Claim, Held, Wanted
from chargen.store.shared.objects import DamagedObjectError, StoreError, at_once
from chargen.store.shared.replies import SharedReply
from chargen.store.shared.shared_store import SharedStore

PAUSE_SECONDS = 60.0
"""How long a store that failed is not asked again: every image would wait for it."""
LONGEST_REQUEST = 600.0
"""Seconds the longest request takes to any vendor, where the settings say nothing."""
LONGEST_JOB = 3600.0
"""The same for a request that a server queues."""

_LOG = logging.getLogger("chargen")
_Value = TypeVar("_Value")
_Asked = ParamSpec("_Asked")


class Sharing:
    """The store as one run uses it; safe to use from threads."""

    def __init__(self, session: Session, store: SharedStore) -> None:
        self._session = session
        self.store = store
        self._lock = threading.Lock()
        self._racing = threading.Lock()
        self._choice = ReplyChoice(session.project)
        self.jobs = SharedJobs(session, self)
        self.month = SharedMonth(session, self)
        self._silent_until = 0.0
        self._why_silent = ""
        self._problems: dict[str, Problem] = {}
        self.fetched: dict[EntryId, SharedReply] = {}
        """What came from the store in this run."""
        self._kept_here = 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What there is to tell of the store at the end of a run."""
        found = list(self._problems.values())
        if self._kept_here and not self.store.writes:
            hint = "`access` of `[tool.chargen.store]` says so; `chargen store push` puts it there with a key that may"
            message = f"the store is only read here: what was bought here ({self._kept_here}) stays here"
            found.append(note(message, self.store.settings.position, hint))
        elif later := len(self.store.machine.to_put().keys() - self._in_jobs()):
            message = f"of what was bought here {later} could not be put in the store yet"
            found.append(
                note(message, self.store.settings.position, "the next build puts it there, or `chargen store push`")
            )
        return tuple(found)

    def _in_jobs(self) -> set[str]:
        """Return the attempts that wait in jobs of this machine: nothing came of them that could be put."""
        return {line.attempt for job in self._session.batch_jobs.all() for line in job.waiting}

    # asking

    def fetch(self, images: Iterable[Planned], judge: Judge) -> int:
        """Fetch what others paid for of these images, in plan order; return how many replies came."""
        asked = [(image, prints) for image in images if (prints := self._choice.asked_under(image, judge))]
        every = tuple(dict.fromkeys(name for _, prints in asked for name in prints))
        known = dict(zip(every, at_once(self.under, every), strict=True))
        chosen = [(image, self._choice.choose(image, prints, known, judge)) for image, prints in asked]
        return sum(at_once(lambda pair: pair[1] is not None and self._bring(pair[0], pair[1]), chosen))

    def brought(self, images: Sequence[Planned], judge: Judge, collected: Collected) -> bool:
        """Fetch what others paid for, or else ask for the jobs of theirs that are over; say whether anything came."""
        if self.fetch(images, judge):
            return True
        if not self.store.writes:
            return False
        plain = (image for image in images if judge.options.forced.get(image.id, Force.NONE) is Force.NONE)
        return self.jobs.collect(plain, collected)

    def _fetch_for(self, image: Planned, judge: Judge) -> bool:
        """Fetch what others paid for of an image that is about to be bought; every version, where it has one here."""
        if image.verdict.spends:
            return self.fetch((image,), judge) > 0
        assert image.fingerprint is not None
        here = {stored.record.attempt for stored in self._session.originals.for_fingerprint(image.fingerprint)}
        others = [reply for reply in self.under(image.fingerprint) if reply.record.attempt not in here]
        fits = [
            reply
            for reply in others
            if not is_proof(reply.record.provider) and self._choice.is_free(image, reply, judge)
        ]
        return sum(self._choice.take(image, reply) and self._bring(image, reply) for reply in fits) > 0

    def under(self, fingerprint: Fingerprint) -> tuple[SharedReply, ...]:
        """Return the replies to these inputs; none where the store can't be asked."""
        try:
            return self.ask(self.store.replies.under, fingerprint)
        except StoreError:
            return ()

    def _bring(self, image: Planned, reply: SharedReply) -> bool:
        """Store a reply for an image among the originals here; say whether it came."""
        if self.bring(reply) is None:
            return False
        with self._lock:
            self.fetched[image.id] = reply
        _LOG.info("%s: fetched %s from the store, put there by %s", image.id, reply.record.attempt, reply.who)
        return True

    def bring(self, reply: SharedReply) -> StoredOriginal | None:
        """Store a reply among the originals here, if it is not; None where it could not be fetched."""
        session, record = self._session, reply.record
        stored = session.originals.find(record.attempt, record.fingerprint)
        if stored is None:
            try:
                data, others = self.ask(self.store.replies.fetch, reply)
            except StoreError:
                return None
            stored = session.originals.put(record, data, others)
            session.journal.known(stored)
        return stored

    # claiming

    def purchase(self, image: Planned, judge: Judge) -> Purchase | None:
        """Claim an image; None where a reply for it was fetched instead.

        Raises HeldElsewhereError, NotClaimedError; InputError where the disk does not take a reply.
        """
        assert image.fingerprint is not None
        assert image.route is not None
        if is_proof(image.route.provider):
            return Purchase()
        if self._fetch_for(image, judge):
            return None
        if not self.store.writes:
            return UnsharedPurchase(self)
        try:
            held = self._claim(image, judge)
        except StoreError as failure:
            self.may_go_on(image.id, failure)
            return SharedPurchase(self, image, None)
        if held is None:
            return None
        if (before := held.claim.before) is not None:
            until = f"{before.until[:16].replace('T', ' ')} UTC"
            self.tell_billed(before, f"and no reply was in the store by {until}")
        return SharedPurchase(self, image, held)

    def _claim(self, image: Planned, judge: Judge) -> Held | None:
        self._trust_claims()
        assert image.fingerprint is not None
        assert image.route is not None
        came = self.ask(self.store.replies.under, image.fingerprint)
        wanted = Wanted(
            image.fingerprint,
            image.id,
            image.route.provider,
            judge.evidence.planned,
            frozenset(reply.record.attempt for reply in came),
            judge.options.forced.get(image.id, Force.NONE) is not Force.NONE,
        )
        held = self.ask(self.store.claims.acquire, wanted)
        if isinstance(held, Claim):
            if held.job:  # that may take a day: it is not waited for
                raise NotClaimedError(f"waiting: {self.jobs.said(held)}")
            raise HeldElsewhereError(str(held))
        if self._fetch_for(image, judge):  # whoever held it put its reply there a moment ago
            self.give_back(held)
            return None
        return held

    def _trust_claims(self) -> None:
        """Race the store once, and remember what it showed. Raises StoreError where its writes can't be trusted."""
        with self._racing:
            found = self.store.machine.verdict
            if found is None:
                found = self.ask(race.what_is_wrong, self.store.objects, race.FIRST_USE_SECONDS)
                self.store.machine.note_verdict(found)
        if found:
            message = f"this store can't hold claims: {found}"
            hint = "take one that keeps conditional writes; `chargen store check` asks again"
            self.tell(warning(message, self.store.settings.position, hint))
            raise StoreError(message)

    def may_go_on(self, entry_id: EntryId, failure: StoreError) -> None:
        """Decide by the settings whether an image may be bought without a claim. Raises NotClaimedError."""
        if why := self.why_not_without(entry_id, failure):
            raise NotClaimedError(why) from failure

    def why_not_without(self, entry_id: EntryId, failure: StoreError) -> str:
        """Return why an image may not be bought without a claim; nothing where it may."""
        if self.store.settings.claims is not StoreClaims.REQUIRED:
            _LOG.warning("%s: bought without a claim: %s", entry_id, failure)
            return ""
        hint = '`claims = "best-effort"` in `[tool.chargen.store]` buys without'
        if isinstance(failure, DamagedObjectError):
            hint = f"`doit --rebuild {entry_id}` buys it under another number"
        return f"not bought, because its claim can't be had: {failure} ({hint})"

    def tell_billed(self, before: Claim, why: str) -> None:
        """Name what another build may have paid for, and what is to be bought again here."""
        where = f" in `{before.job_name}`" if before.job_name else ""
        message = (
            f"possibly billed: {before.entry} was being bought by {before.who}{where} (attempt {before.attempt}), "
            f"{why}; it is asked for again here"
        )
        self.tell(warning(message, None, "whoever that was may still have the reply: `chargen store push` there"))

    # buying

    def leaving(self, held: Held | None, record: Record, most: Decimal | None) -> Held | None:
        """Note that a request is about to leave. Raises HeldElsewhereError, NotClaimedError."""
        seconds = self._seconds(record)
        return self._noted(held, record, most, lambda one: self.store.claims.sent(one, record.attempt, seconds))

    def joining(self, held: Held | None, record: Record, most: Decimal | None) -> Held | None:
        """Note that a request is about to join a job. Raises HeldElsewhereError, NotClaimedError."""
        told = record.attempt, f"a job of {record.provider}", to_json(record)
        still = self._noted(held, record, most, lambda one: self.store.claims.joined(one, *told))
        if still is not None:
            self.jobs.joined(still)
        return still

    def _noted(
        self, held: Held | None, record: Record, most: Decimal | None, swap: Callable[[Held], Held | None]
    ) -> Held | None:
        """Set aside what a request may cost, and swap its claim; take both back where it does not leave."""
        self.store.machine.will_put(record.attempt, record.fingerprint)
        try:
            return self._swapped(held, record, most, swap)
        except (HeldElsewhereError, NotClaimedError):
            self._stays(record.attempt, record.fingerprint)
            raise

    def _swapped(
        self, held: Held | None, record: Record, most: Decimal | None, swap: Callable[[Held], Held | None]
    ) -> Held | None:
        try:
            self.month.set_aside(record, most)
            if held is None:
                return None
            still = self.ask(swap, held)
        except StoreError as failure:
            self.may_go_on(record.entry_id, failure)
            return held
        if still is None:
            raise HeldElsewhereError("its claim ran out, and another build took it over")
        return still

    def _stays(self, attempt: str, fingerprint: Fingerprint) -> None:
        """Take back what was noted of a request that does not leave."""
        self.store.machine.has_put(attempt, fingerprint)
        self.month.take_back(attempt)

    def never_left(self, attempt: str, fingerprint: Fingerprint) -> None:
        """Give back the claim of a request whose job was not made; where that fails it runs out."""
        with suppress(StoreError):
            self.ask(self.store.claims.forget, fingerprint, attempt)
        self._stays(attempt, fingerprint)

    def _seconds(self, record: Record) -> float:
        jobs = self._session.adapters.models.facts(record.provider).jobs
        longest = LONGEST_JOB if jobs else LONGEST_REQUEST
        return longest if jobs else self._session.project.settings.provider(record.provider).timeout or longest

    def put(self, stored: StoredOriginal, held: Held | None = None) -> bool:
        """Put a reply into the store, and say in its claim that it is there; what fails is left to a later run."""
        record = stored.record
        try:
            data = self._session.originals.read(stored)
            others = self._session.originals.further(stored)
            self.ask(self.store.replies.put, record, data, others)
            self.month.account(record.attempt, record.cost_or_estimate_usd)
            if held is not None:
                self.ask(self.store.claims.done, held)
        except (StoreError, ChargenError) as failure:
            _LOG.warning("%s: %s is not in the store yet: %s", record.entry_id, record.attempt, failure)
            return False
        self.store.machine.has_put(record.attempt, record.fingerprint)
        return True

    def put_later(self) -> None:
        """Put what runs of before could not."""
        if not self.store.writes:
            return
        batch_jobs, lost = self._session.batch_jobs.look()
        under_way = {job.name for job in self._session.jobs.all()}
        under_way.update(line.attempt for job in batch_jobs for line in job.waiting)
        for attempt, fingerprint in self.store.machine.to_put().items():
            stored = self._session.originals.find(attempt, fingerprint)
            if stored is not None:
                self.put(stored)
            elif attempt not in under_way and not lost:  # a job that can't be read may be of any of them
                self.brought_nothing(attempt, fingerprint)

    def brought_nothing(self, attempt: str, fingerprint: Fingerprint) -> None:
        """Give up an attempt that nothing will come of; where its claim can't be given back it runs out."""
        with suppress(StoreError):
            self.ask(self.store.claims.forget, fingerprint, attempt)
        known = self._session.journal.attempt(attempt)
        if known is not None and known.status is AttemptStatus.FAILED and not known.possibly_billed:
            self.month.account(attempt, known.cost_usd or NOTHING)
        self.store.machine.has_put(attempt, fingerprint)

    def give_back(self, held: Held) -> bool:
        """Free a claim that brought nothing, and say whether it was still that one; where that fails it runs out."""
        try:
            return self.ask(self.store.claims.free, held)
        except StoreError:
            return False

    def keeps_here(self) -> None:
        """Count a reply that was bought and is not put into the store."""
        with self._lock:
            self._kept_here += 1

    # failures

    def ask(self, question: Callable[_Asked, _Value], *args: _Asked.args, **kwargs: _Asked.kwargs) -> _Value:
        """Ask the store, unless it failed a moment ago. Raises StoreError, told once."""
        monotonic = self._session.clock.monotonic
        if monotonic() < self._silent_until:
            raise StoreError(self._why_silent)
        try:
            return question(*args, **kwargs)
        except StoreError as failure:
            if not isinstance(failure, DamagedObjectError):  # it may have taken longer to fail than the pause
                self._silent_until, self._why_silent = monotonic() + PAUSE_SECONDS, str(failure)
            hint = "images are built all the same, as far as `claims` allows; `chargen store check` tells more"
            self.tell(warning(str(failure), self.store.settings.position, hint))
            raise

    def tell(self, problem: Problem) -> None:
        """Note what is to be told at the end of the run, once."""
        with self._lock:
            self._problems.setdefault(problem.message, problem)
