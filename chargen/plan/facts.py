"""The facts of one image, looked up on the disk and in the records as its verdict asks for them.

Those of its present picture are `chargen.plan.picture_facts`; here is what was paid for, what it waits for, and what
stands in the way of a new one. Reads the disk, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from chargen import kinds
from chargen.config.layout import JOBS
from chargen.errors import InputError, Problem, Severity, error, note, warning
from chargen.model.inputs import change_reasons, edited_prompts
from chargen.model.reason import Reason, ReasonCode, sentences
from chargen.model.record_line import ANSWERED, accepted_for, forgotten_at, last_attempt
from chargen.model.request import Request, SentReference
from chargen.model.values import Verdict
from chargen.plan.claims import original_of
from chargen.plan.evidence import PaidReply
from chargen.plan.image_request import request_of
from chargen.plan.picture_facts import PictureFacts
from chargen.plan.tier_rank import rank_of_line
from chargen.plan.verdict import Comparison, Force, Target
from chargen.providers import is_proof
from chargen.store.files import FileKind
from chargen.store.original_store import DamagedOriginal
from chargen.store.pictures import own_record, read_reference
from chargen.store.places import contained
from chargen.text.money import cost_text


class GatheredFacts(PictureFacts, frozen=True, dict=True):
    """All facts of one image; what a place or a hint goes with too.

    `sent` are the references as they will be sent, None in a plan; `ready` is the request that was made and checked a
    moment ago.
    """

    sent: tuple[SentReference, ...] | None = None
    ready: Request | None = None

    # what the author and the command say

    @property
    def note(self) -> str:
        """The author's words on the picture that is rejected; empty where there are none."""
        return self.entry.review_note

    @property
    def has_prompt(self) -> bool:
        """False for an entry that nothing can be made of yet; one with errors counts as one with a prompt."""
        return self.entry.has_prompt or bool(errors(self.entry.problems))

    @property
    def locks_when_absent(self) -> bool:
        """False for a planned portrait: approval locks it only once its picture exists."""
        return kinds.named(self.entry.kind).locks_when_absent

    @property
    def ignored(self) -> bool:
        """Left alone on this machine."""
        return self.entry.id in self.judge.options.ignored

    @property
    def demand(self) -> Force:
        """Whether someone asked for a new image by name."""
        return self.judge.options.forced.get(self.entry.id, Force.NONE)

    # what was paid for

    @cached_property
    def paid(self) -> PaidReply | None:
        """What was paid for under today's inputs. What is nobody's is the entry's by asking: only who uses it asks."""
        return self._paid(takes=True)

    @cached_property
    def known_paid(self) -> PaidReply | None:
        """The same for who only tells of it: what is nobody's stays so."""
        return self.paid if "paid" in vars(self) else self._paid(takes=False)

    def _paid(self, *, takes: bool) -> PaidReply | None:
        if self.state.in_use:  # nothing is put over a file that is being written
            return None
        # The very picture goes before another of the same inputs: an accepted painting is no reply at all.
        line, damaged = self.entry.record_line, bool(self.state.damage)
        is_gone = damaged or self.target is Target.ABSENT
        its_own = self.judge.evidence.kept(self.entry, damaged=damaged) if is_gone and self._wants_its_own else None
        if its_own is not None:
            return its_own
        if damaged and line is not None and line.attempt is None and accepted_for(line) is not None:
            return None
        return self.judge.evidence.paid(self.entry, self.fingerprint, self.inputs, least=self._least, takes=takes)

    @property
    def _wants_its_own(self) -> bool:
        """The very picture of the entry is wanted again: it is held by its status, or it is of today's inputs."""
        line, status = self.entry.record_line, self.status
        if line is None:
            return False
        if status is not None and status.keeps:
            return self.locks_when_absent
        proof = rank_of_line(line, self._settings) < self._least
        return line.fingerprint == self.fingerprint and not proof and forgotten_at(line) is None

    @property
    def original(self) -> Reason | None:
        """What says that today's inputs were paid for by this entry (or by one that is gone); None where they were not.

        One of a lower tier than is asked for does not count. Of an approved or locked entry whose picture is gone it is
        its own, whatever its inputs.
        """
        return self._came_from(self.paid)

    @cached_property
    def late(self) -> Reason | None:
        """The same of a reply that came after the file at the target and was never put there."""
        found = self.judge.evidence.late(self.entry, self.fingerprint, self.state.line, least=self._least)
        return self._came_from(found)

    @property
    def versions(self) -> int:
        """How many versions there are for today's inputs: each reply, and the present picture where it is none."""
        replies = self.judge.evidence.delivered(self.entry, self.fingerprint, least=self._least)
        line = self.state.line
        if line is None or rank_of_line(line, self._settings) < self._least:
            return len(replies)
        is_reply = any(reply.record.attempt == line.attempt for reply in replies)
        return len(replies) + (not is_reply and self.change is Comparison.SAME)

    @property
    def is_own_reply(self) -> bool:
        """What is current, or will be restored, was delivered to this machine: what else was is known here, too."""
        line = self.state.line
        if line is None:
            return self.known_paid is not None
        return original_of(self.judge.evidence.originals, self.judge.evidence.journal, line) is not None

    def _came_from(self, paid: PaidReply | None) -> Reason | None:
        """Say where what was paid for is from: the name the entry had last, or that of an entry that is gone."""
        if paid is None:
            return None
        line, record = self.entry.record_line, None if paid.stored is None else paid.stored.record
        if record is None or (line is not None and line.attempt == record.attempt):
            before = self.judge.evidence.name_of(self.path, self.entry)
        else:
            before = record.entry_id
        return Reason(ReasonCode.PAID_FOR) if before in ("", self.entry.id) else Reason(ReasonCode.MOVED, (before,))

    @cached_property
    def answered(self) -> bool:
        """The image was made after its predecessor was rejected: its record says so; where it is gone, its original."""
        if self.target is Target.ABSENT or self.damaged:
            return self.judge.evidence.answered(self.entry, self.fingerprint, least=self._least)
        return self.state.line is not None and ANSWERED in self.state.line.others

    # what waits

    @cached_property
    def placed(self) -> Reason | None:
        """What says that a job brought what was asked for by name, where file, record and status are as they were."""
        sent = self.judge.options.placed.get(self.entry.id)
        if sent is None or sent.fingerprint != self.fingerprint or sent.after != last_attempt(self.entry.record_line):
            return None
        kept_since = self.status is not None and self.status.keeps and self.status.value != sent.status
        stored = self.judge.evidence.originals.find(sent.attempt, sent.fingerprint)
        if kept_since or stored is None or stored.published or self.closely.state.file != sent.before:
            return None
        return Reason(ReasonCode.PAID_FOR)

    @cached_property
    def in_job(self) -> tuple[Reason, ...]:
        """What says that its request is in a job at a vendor; nothing where it is in none."""
        found = self.judge.evidence.in_job(self.entry, self.fingerprint)
        if found is None:
            return ()
        since = Reason(ReasonCode.IN_JOB, (found.job.name, found.job.begun_at[:16].replace("T", " ")))
        changed = self.fingerprint is not None and found.line.fingerprint != self.fingerprint
        return (since, Reason(ReasonCode.WILL_BE_STALE)) if changed else (since,)

    @property
    def awaits_jobs(self) -> tuple[Reason, ...]:
        """What says that references of it are."""
        return tuple(Reason(ReasonCode.REFERENCE_IN_JOB, (target,)) for target in self.image.waits)

    # what stands in the way

    @cached_property
    def input_blockers(self) -> tuple[Reason, ...]:
        """What of the input, and at the target, keeps a new image from being generated."""
        found = (*errors(self.entry.problems), *self.image.blockers)
        kind = self.state.state.kind
        if kind not in (FileKind.DIRECTORY, FileKind.OTHER):
            return found
        return (*found, Reason(ReasonCode.NO_FILE_AT_TARGET, (kind.told, self.image.target)))

    @cached_property
    def state_blockers(self) -> tuple[Reason, ...]:
        """A refusal of before, a target out of the project, a reply or a job that damage keeps from being used."""
        lost = self._of_lost_jobs()
        paid = (*self._unusable(takes=True), *self._charged())
        return (*self._refused(), *paid, *self._leads_out(), *lost, *errors(self._of_files()))

    @cached_property
    def request_blockers(self) -> tuple[Reason, ...]:
        """What the provider's adapter, or the file the slots are in, has against the request."""
        if self.request is None:
            return ()
        stops = (problem.message for problem in self.adapter_problems if problem.severity is Severity.ERROR)
        found = tuple(Reason(ReasonCode.OBJECTION, (message,)) for message in stops)
        return found if self.unwritable is None else (*found, *errors((self.unwritable,)))

    @cached_property
    def adapter_problems(self) -> tuple[Problem, ...]:
        """What the adapter says of the request; of references only where their bytes have been read."""
        if self.request is None or self.ready is not None:
            return ()
        adapter = self.judge.adapters.get(self.request.provider)
        return adapter.check(self.request)

    @cached_property
    def request(self) -> Request | None:
        """What would be sent, in a plan without the references' bytes; None where it is unknown."""
        if self.ready is not None:
            return self.ready
        return request_of(self.image, self.judge.adapters, self.sent) if self.image.can_be_requested else None

    @cached_property
    def unwritable(self) -> Problem | None:
        """Why the slots could not be written."""
        return self.judge.write_back_check.refusal(self.image.entry, self.image.target, self.image.route)

    def problems(self, verdict: Verdict) -> tuple[Problem, ...]:
        """Return what was met on the way to a verdict and is to be reported with a place and a hint."""
        found: list[Problem] = []
        if verdict.spends or verdict in _OF_ORIGINALS or self.target is Target.ABSENT or self.damaged:
            found += self._of_files()
        if "request_blockers" in vars(self) and self.request is not None:  # as far as that it came
            found += self.judge.adapters.elsewhere(self.request.provider)
            found += () if self.unwritable is None else (self.unwritable,)
            if self.sent is not None:
                found += [problem for problem in self.adapter_problems if problem.severity is Severity.ERROR]
        if self.image.retake is not None:
            made = self.target is not Target.ABSENT and self.change is Comparison.SAME
            found += self._edited_since() if made else self._of_a_sketch() if verdict.spends else ()
        return tuple(found)

    def _of_a_sketch(self) -> Iterator[Problem]:
        """Yield that a vendor is asked to change what is no picture yet."""
        retake = self.image.retake
        assert retake is not None
        if self.routed_to_sketch or not retake.picture.path:
            return
        read = read_reference(self.judge.project.root, retake.picture.path)
        told = None if read is None else own_record(read[0])
        if told is not None and is_proof(told[0].provider):
            message = "the picture that is to be changed is a sketch: it is a proof that would be sent and paid for"
            yield warning(message, retake.position, "take `retake` out, or name a version that a vendor made")

    def _edited_since(self) -> Iterator[Problem]:
        """Yield that words were edited which a picture made by a retake does not follow any more."""
        assert self.inputs is not None
        edited = edited_prompts(self.recorded_parts, self.inputs)
        if edited:
            words = sentences(change_reasons(edited))
            message = f"{words} since the picture was made by `retake`, and it stays as it is"
            hint = "take `retake` out of the entry to have it made from its prompt again"
            yield note(message, self.entry.position, hint)

    def _of_files(self) -> Iterator[Problem]:
        """Yield what is damaged and concerns this image: the file at its target, a reply that was paid for."""
        place = self.entry.position
        if self.damaged and self.known_paid is None and self.demand is not Force.REBUILD:
            hint = f"put a whole picture at `{self.image.target}`, or move the file away to have a new one made"
            yield error(str(Reason(ReasonCode.DAMAGED, (self.damaged,))), place, hint)
        paid = self.known_paid
        if paid is not None and paid.mended:
            message = f"the record of the reply {paid.where} is damaged; enough is known without it to use it"
            yield warning(message, place)
        elif self.lost is not None:
            reply = self.judge.evidence.originals.shown(self.lost)
            folder = reply.rpartition("/")[0]
            message = f"`{reply}` was paid for with these inputs, but the record beside it can't be read"
            hint = (
                f"put `record.json` back into `{folder}` from a backup; or put the picture at `{self.image.target}` "
                f"yourself and run `chargen accept {self.entry.id}`; or move the folder away to have the image made "
                "anew"
            )
            yield Problem(Severity.ERROR, message, place, hint, reply)

    @cached_property
    def lost(self) -> DamagedOriginal | None:
        """A reply for today's inputs that can't be used, where nothing else was paid for."""
        if self.known_paid is not None or self.demand is not Force.NONE or self.routed_to_sketch:
            return None
        return self.judge.evidence.unexplained(self.entry, self.fingerprint, self.state.line)

    @property
    def has_history(self) -> bool:
        """True where something was paid for, or refused, under these inputs."""
        if self.known_paid is not None or self.lost is not None:
            return True
        return bool(self._refused() or self._unusable(takes=False) or self._charged())

    def _leads_out(self) -> tuple[Reason, ...]:
        """Say why nothing may be written to the target: it is, or lies behind, a link out of the project."""
        try:
            contained(self.judge.project.root, self.image.target)
        except InputError as failure:
            return tuple(Reason(ReasonCode.TARGET_OUTSIDE, (problem.message,)) for problem in failure.problems)
        return ()

    def _unusable(self, *, takes: bool) -> tuple[Reason, ...]:
        """Say that a reply to these inputs was paid for and is no picture: only by name it is asked for again."""
        if self.demand is not Force.NONE or self.known_paid is not None:
            return ()
        stored = self.judge.evidence.unusable(self.entry, self.fingerprint, takes=takes)
        if stored is None:
            return ()
        paid = cost_text(stored.record.cost_or_estimate_usd)
        return (Reason(ReasonCode.UNUSABLE_REPLY, (stored.unusable, paid, self.entry.id)),)

    def _charged(self) -> tuple[Reason, ...]:
        """Say that these inputs were charged for twice, and nothing came: only by name they are asked for again."""
        if self.demand is not Force.NONE or self.fingerprint is None:
            return ()
        found = self.judge.evidence.charged_for_nothing(self.entry.id, self.fingerprint)
        if len(found) < MOST_CHARGED:
            return ()
        paid = cost_text(sum((attempt.cost_usd or Decimal(0) for attempt in found), Decimal(0)))
        why = found[-1].message or ""
        return (Reason(ReasonCode.CHARGED_FOR_NOTHING, (str(len(found)), why, paid, self.entry.id)),)

    def _of_lost_jobs(self) -> tuple[Reason, ...]:
        """Say which jobs may be of this image for all that can be read of them: only by name it is asked for again."""
        route, lost = self.image.route, self.judge.evidence.lost_jobs
        if not lost or self.demand is Force.REBUILD or route is None or not self.judge.takes_jobs(route.provider):
            return ()
        return tuple(Reason(ReasonCode.JOB_LOST, (f"{JOBS}/{name}",)) for name in lost)

    def _refused(self) -> tuple[Reason, ...]:
        if not self.judge.options.resume or self.fingerprint is None:
            return ()
        attempt = self.judge.evidence.refused(self.entry.id, self.fingerprint)
        return () if attempt is None else (Reason(ReasonCode.REFUSED_BEFORE, (attempt.message or "",)),)


MOST_CHARGED = 2
"""Requests with the same inputs that may be charged and bring no image before the author is asked."""
_OF_ORIGINALS = frozenset({Verdict.BLOCKED, Verdict.RESTORABLE})
"""Verdicts besides those that spend for which it was asked what was paid for."""


def errors(problems: Iterable[Problem]) -> tuple[Reason, ...]:
    """Return those problems that stop what depends on them, as reasons."""
    return tuple(
        Reason(ReasonCode.PROBLEM, (problem.message, str(problem.position or "")))
        for problem in problems
        if problem.severity is Severity.ERROR
    )
