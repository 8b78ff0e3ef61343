"""Doing what an image needs that no call is needed for: restored, adopted or repaired.

Laws: what the author decided since it was judged holds; what is brought back is what was paid for, as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from chargen.build.moves import Mover
from chargen.build.publish import author_decision_since, convert_reply, replace_picture, slots_edit, write_back
from chargen.build.result import BuildResult, Outcome
from chargen.build.write_back import Edit, WriteBack
from chargen.errors import InputError, Severity, error
from chargen.kinds.record_edits import moved_edit, record_edit
from chargen.model.inputs import parts
from chargen.model.reason import NOTHING_REPLACES
from chargen.model.record import PublishedFile
from chargen.model.record_line import RecordLine
from chargen.model.values import FileHash, Verdict
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.store.clock import stamp
from chargen.store.locks import target_lock

if TYPE_CHECKING:
    from chargen.build.sharing import Sharing


class Restorer(Struct, frozen=True):
    """Puts back what was paid for, and notes what stands at its target, for one run; safe to use from threads."""

    session: Session
    judge: Judge
    write_backs: WriteBack
    mover: Mover
    sharing: Sharing | None = None
    """The shared store, where one is configured."""

    def without_a_call(self, image: Planned, before: FileHash | None, *, note: str = "") -> BuildResult:
        """Restore, adopt, repair, or do nothing and say the `note`. Raises InputError, also where it is blocked."""
        if image.verdict is Verdict.BLOCKED:
            raise _blocked(image)
        restores = image.verdict is Verdict.RESTORABLE
        if not (restores or image.judgement.adopt or image.repair is not None):
            if (was := self.mover.moved.get(image.id)) is not None:
                return BuildResult(Outcome.MOVED, image, note=note or f"was {was}")
            return BuildResult(Outcome.NOTHING, image, note=note)
        with target_lock(self.session.project.root, image.id):
            if decision := author_decision_since(self.session, self.write_backs, image, before):
                return BuildResult(Outcome.KEPT if restores else Outcome.NOTHING, image, note=decision)
            if restores:
                return self._restore(image)
            return self._adopt(image) if image.judgement.adopt else self._repair(image)

    def _restore(self, image: Planned) -> BuildResult:
        assert image.entry.size is not None
        came = None if self.sharing is None else self.sharing.fetched.get(image.id)
        result = BuildResult(Outcome.RESTORED, image, note="" if came is None else "from the store")
        paid = self.judge.restoring(image)
        if paid is None:
            message = "what would have been restored is gone"
            raise InputError(error(message, image.entry.position, "run again to build it anew"))
        if paid.stored is None:  # the very file that stood there; its record line stays as it is
            file = replace_picture(self.session, image, read_plain(self.session.project.path(paid.path), PICTURE_BYTES))
            return self._write_back(result, lambda entry: moved_edit(entry, image.target), file)
        own = paid.stored.record.fingerprint == image.fingerprint
        size = image.entry.size if own else paid.stored.record.asked_size
        picture = convert_reply(self.session, image, paid.stored, size)
        file = replace_picture(self.session, image, picture.data)
        self.session.originals.note_published(paid.stored, file)
        record = paid.stored.record
        line = image.entry.record_line
        if line is not None and line.attempt == record.attempt:  # what the author said of it stays
            line = replace(line, file=file.sha256, size=file.size)
        else:
            line = None
        edit = slots_edit(image, record, file, str(picture.delivered_size), line=line)
        return self._write_back(result, edit, file, record.attempt)

    def _adopt(self, image: Planned) -> BuildResult:
        if image.inputs is None or image.fingerprint is None:
            return BuildResult(Outcome.NOTHING, image)
        path = self.session.project.path(image.target)
        now = stamp(self.session.clock.now())
        file = PublishedFile(self.session.hashes.hash_of(path), path.stat().st_size, now, image.target)
        line = RecordLine(image.fingerprint, file.sha256, file.size, at=now, parts=tuple(parts(image.inputs).items()))
        text = line.format()
        return self._write_back(
            BuildResult(Outcome.ADOPTED, image), lambda entry: record_edit(entry, text, image.target), file
        )

    def _repair(self, image: Planned) -> BuildResult:
        found = self.judge.evidence.at_target(image.entry, image.fingerprint, certain=True)
        line = found.line
        if line is None or (found.record is None and not found.in_yaml):
            return BuildResult(Outcome.NOTHING, image)
        file = PublishedFile(line.file, line.size, stamp(self.session.clock.now()), image.target)
        edit = None if found.record is None else slots_edit(image, found.record, file, line=line)
        return self._write_back(BuildResult(Outcome.REPAIRED, image), edit, file, line.attempt)

    def _write_back(
        self, result: BuildResult, edit: Edit | None, file: PublishedFile, attempt: str | None = None
    ) -> BuildResult:
        return write_back(self.session, self.write_backs, result, edit, file, attempt=attempt)


def _blocked(image: Planned) -> InputError:
    own = [problem for problem in image.problems if problem.severity is Severity.ERROR]
    known = {problem.message for problem in own}
    reasons = image.judgement.reasons
    stops = [reason for reason in reasons if reason.code in NOTHING_REPLACES] or reasons  # else they say what changed
    more = (error(text, image.entry.position) for text in map(str, stops) if text not in known)
    placed = (problem if problem.position else problem.at(image.entry.position) for problem in own)
    return InputError((*placed, *more))
