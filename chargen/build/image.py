"""Making one image: judge again, send, store, publish. The only place that spends money.

Laws, in the order of docs/design.md: nothing is sent before the judge said so under the target's lock, and once more
where it had to wait for its turn; what arrives is stored before anything else happens to it; the old picture is in the
history before the new one takes its place. After the store, every failure is mended by a later run without a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from chargen.build.attempts import Attempts
from chargen.build.disk_guard import Keeping
from chargen.build.publish import put, put_original, slots_edit, standing
from chargen.build.senders import Senders
from chargen.build.write_back import Edit, WriteBack
from chargen.errors import InputError, Severity, error
from chargen.kinds.record_edits import moved_edit, record_edit
from chargen.model.inputs import parts
from chargen.model.reason import sentences
from chargen.model.record import RecordLine, prompt_hash
from chargen.model.record_marks import ANSWERED, line_of, with_mark
from chargen.model.request import ReferenceImage
from chargen.model.values import FileHash, Status, Verdict
from chargen.plan.evidence import Paid
from chargen.plan.facts import Judging
from chargen.plan.plan import Planned
from chargen.plan.requests import prepared
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.clock import stamp
from chargen.store.files import kind_of, write_whole
from chargen.store.hashes import hash_bytes
from chargen.store.journal_rows import Publication
from chargen.store.locks import target_lock
from chargen.store.originals import StoredOriginal
from chargen.store.pictures import read_reference

_AT_ONCE = 0.005
"""Seconds in which a request leaves that has to wait for nothing; an image that waited longer is judged again."""


class Outcome(str, Enum):
    """What became of one image in this run."""

    BUILT = "built"
    RESTORED = "restored"
    ADOPTED = "adopted"
    REPAIRED = "repaired"
    NOTHING = "nothing"
    """Judged again, nothing had to be done."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for one image, and what write-back has to do: `edit` is None where that is nothing."""

    outcome: Outcome
    image: Planned
    edit: Edit | None = None
    publication: Publication | None = None
    cost_usd: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes images; safe to use from threads, each image from one of them."""

    session: Session
    judging: Judging
    senders: Senders
    write_backs: WriteBack
    keeping: Keeping

    def generate(self, image: Planned) -> Done:
        """Do what the judge says now about an image, up to the file at its target.

        Raises InputError (blocked, or a disk that does not take it), ProviderError, StoppedError, OverBudgetError.
        """
        with target_lock(self.session.project.root, image.id):
            stood = standing(self.session, image)
            sent, digests = self._references(image)
            now = self._judged_now(image, digests)
            if now.verdict is Verdict.BLOCKED:
                raise _blocked(now)
            if now.acts and now.composed is not None:
                self._write_prompt(now)
            if now.verdict.spends:
                return self._build(now, sent, digests, stood)
            if now.verdict is Verdict.RESTORABLE:
                return self._restore(now, stood)
            if now.judgement.adopt:
                return self._adopt(now)
            return self._repair(now) if now.repair else Done(Outcome.NOTHING, now)

    def write_back(self, done: Done) -> None:
        """Bring an image's slots to the disk, then its journal row. Raises InputError."""
        if done.edit is not None:
            self.write_backs.write(done.image.entry.file, done.image.id, done.edit)
        if done.publication is not None:
            self.session.journal.done((done.publication,))

    # judging again

    def _references(self, image: Planned) -> tuple[tuple[ReferenceImage, ...], dict[str, FileHash]]:
        """Read the references once: the bytes that are hashed are the bytes that are sent."""
        sent: list[ReferenceImage] = []
        digests: dict[str, FileHash] = {}
        for reference in image.references:
            read = read_reference(self.session.project.root, reference.path)
            if read is None:
                continue  # the judge knows it as an obstacle, or does not need it
            data, media_type = read
            digests[reference.path] = hash_bytes(data)
            sent.append(ReferenceImage(reference.character, reference.path, data, media_type, reference.appearance))
        return tuple(sent), digests

    def _judged_now(self, image: Planned, digests: Mapping[str, FileHash]) -> Planned:
        entry = self.write_backs.entry_now(image.entry)
        return self.judging.again(image, entry, digests)

    # outcomes

    def _build(
        self,
        image: Planned,
        references: tuple[ReferenceImage, ...],
        digests: Mapping[str, FileHash],
        stood: FileHash | None,
    ) -> Done:
        assert image.route is not None
        assert image.inputs is not None
        assert image.fingerprint is not None
        adapter = self.session.adapters.get(image.route.provider)
        request = prepared(image, self.session.adapters, references)
        if errors := tuple(item for item in adapter.check(request) if item.severity is Severity.ERROR):
            raise InputError(errors)
        judged = self.session.clock.monotonic()
        log = Attempts(self.session, self.keeping, image, lambda: self._still_wanted(image, digests, judged))
        with self.write_backs.coming(image.entry.file, image.id):
            sent = self.senders.get(image.route.provider).send(request, image.cost_usd, log)
            assert log.stored is not None
            done = self._publish(image, log.stored, Outcome.BUILT, stood)
        cost = sent.reply.cost_usd if sent.reply.cost_usd is not None else image.cost_usd
        return replace(done, cost_usd=cost)

    def _still_wanted(self, image: Planned, digests: Mapping[str, FileHash], judged: float) -> None:
        """Judge once more when the request is about to leave, where it had to wait for that since it was `judged`."""
        now = image
        if self.session.clock.monotonic() - judged >= _AT_ONCE:
            now = self._judged_now(image, digests)
        if not now.verdict.spends:
            reasons = sentences(now.judgement.reasons)
            message = f"not sent: while it waited the image became {now.verdict.value} ({reasons})"
            raise InputError(error(message, image.entry.position))
        if now.route is not None and not is_proof(now.route.provider):  # what is drawn here is drawn again for nothing
            self.write_backs.rehearse(now.entry, now.target, now.route)

    def _restore(self, image: Planned, stood: FileHash | None) -> Done:
        assert image.route is not None
        paid = self.judging.evidence.paid(
            image.entry, image.fingerprint, image.inputs, sketch=is_proof(image.route.provider)
        )
        if paid is None:
            message = "what would have been restored is gone"
            raise InputError(error(message, image.entry.position, "run again to build it anew"))
        if paid.stored is not None:
            return self._publish(image, paid.stored, Outcome.RESTORED, stood)
        return self._restore_former(image, paid, stood)

    def _restore_former(self, image: Planned, paid: Paid, stood: FileHash | None) -> Done:
        """Copy the picture an entry had under its former name; its record line stays as it is."""
        data = self.session.project.path(paid.where).read_bytes()
        picture = put(self.session, image, data, over=stood)
        publication = Publication(image.id, image.target, picture.file, picture.size, picture.at)
        return Done(Outcome.RESTORED, image, lambda entry: moved_edit(entry, image.target), publication)

    def _adopt(self, image: Planned) -> Done:
        if image.inputs is None or image.fingerprint is None:
            return Done(Outcome.NOTHING, image)
        path = self.session.project.path(image.target)
        file = self.session.hashes.hash_of(path)
        line = RecordLine(
            image.fingerprint, file, path.stat().st_size, at=self._now(), parts=tuple(parts(image.inputs).items())
        )
        text = line.format()
        publication = Publication(image.id, image.target, file, line.size, self._now())
        return Done(Outcome.ADOPTED, image, lambda entry: record_edit(entry, text, image.target), publication)

    def _repair(self, image: Planned) -> Done:
        found = self.judging.evidence.at_target(image.entry, image.fingerprint, certain=True)
        if found.line is None or (found.record is None and not found.in_yaml):
            return Done(Outcome.NOTHING, image)
        line = found.line
        edit = None if found.record is None else slots_edit(image, found.record, line, delivered="")
        publication = Publication(image.id, image.target, line.file, line.size, self._now(), line.attempt)
        return Done(Outcome.REPAIRED, image, edit, publication)

    # publishing

    def _publish(self, image: Planned, stored: StoredOriginal, outcome: Outcome, stood: FileHash | None) -> Done:
        assert image.entry.size is not None
        record = stored.record
        picture = put_original(self.session, image, stored, image.entry.size, over=stood)
        line = line_of(record, picture.file, picture.size, self._now())
        if image.entry.status is Status.REJECTED:
            line = with_mark(line, ANSWERED)
        publication = Publication(
            image.id, image.target, picture.file, line.size, picture.at, record.attempt, prompt_hash(record.prompt)
        )
        return Done(outcome, image, slots_edit(image, record, line, picture.delivered), publication)

    def _write_prompt(self, image: Planned) -> None:
        """Write the composed prompt where doit and people look for it, if it changed; the records hold it too."""
        assert image.composed is not None
        path = self.session.project.path(image.prompt_file)
        data = (image.composed.text + "\n").encode()
        if kind_of(path).size != len(data) or path.read_bytes() != data:
            write_whole(path, data, root=self.session.project.root)

    def _now(self) -> str:
        return stamp(self.session.clock.now())


def _blocked(image: Planned) -> InputError:
    own = [problem for problem in image.problems if problem.severity is Severity.ERROR]
    told = {problem.message for problem in own}
    more = (error(text, image.entry.position) for text in map(str, image.judgement.reasons) if text not in told)
    return InputError((*own, *more))
