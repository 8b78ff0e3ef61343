"""Which of the replies in a shared store an image gets: its own picture's, else the earliest that nobody rejected.

Laws: what is a living entry's is never another's; nothing of an entry's own chain answers its rejection; each reply
goes to one image of a run. Reads records only, fetches nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from chargen.config.project import Project
from chargen.model.record import Record
from chargen.model.record_line import ANSWERED, RecordLine, forgotten_at
from chargen.model.values import EntryId, Fingerprint, Status, Verdict
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned
from chargen.plan.verdict import Force
from chargen.providers import is_proof
from chargen.store.files import FileKind, kind_of
from chargen.store.original_store import StoredOriginal
from chargen.store.shared.replies import SharedReply


class ReplyChoice:
    """The choice of one run; safe to use from threads."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._given: dict[str, EntryId] = {}
        """Attempts that were given in this run, and to which image."""

    def asked_under(self, image: Planned, judge: Judge) -> tuple[Fingerprint, ...]:
        """Return the fingerprints under which the store may have an image: its record's, then today's."""
        if image.route is not None and is_proof(image.route.provider) and image.verdict.spends:
            return ()
        line = image.replaces
        own = (line.fingerprint,) if line is not None and self._lacks_its_own(image, line) else ()
        if image.verdict is Verdict.LOCKED:
            return own
        if not image.verdict.spends or judge.options.forced.get(image.id, Force.NONE) is not Force.NONE:
            return ()
        return tuple(dict.fromkeys((*own, *judge.fingerprints(image))))

    def _lacks_its_own(self, image: Planned, line: RecordLine) -> bool:
        """Say whether the picture of an image's record is wanted, and is not at its target."""
        rejected = image.status is Status.REJECTED and ANSWERED not in line.others
        if line.attempt is None or rejected or forgotten_at(line) is not None:
            return False
        there = kind_of(self._project.path(image.target))
        return there.kind is FileKind.ABSENT or (image.verdict.spends and there.size != line.size)

    def choose(
        self,
        image: Planned,
        prints: Iterable[Fingerprint],
        known: Mapping[Fingerprint, tuple[SharedReply, ...]],
        judge: Judge,
    ) -> SharedReply | None:
        """Return the reply that an image is to have: its own picture's, else the earliest that nobody rejected."""
        line = image.replaces
        if line is not None and self._lacks_its_own(image, line):
            for reply in known.get(line.fingerprint, ()):
                if reply.record.attempt == line.attempt and self.take(image, reply):
                    return reply
        if not image.verdict.spends:
            return None
        for name in prints:
            answered = {reply.record.after for reply in known[name] if reply.record.answers_rejection}
            for reply in sorted(known[name], key=lambda reply: reply.record.attempt):
                record = reply.record
                fits = record.attempt not in answered and not _is_past(record, line) and not is_proof(record.provider)
                drifted = bool(image.drift) and line is not None and record.route != image.route
                if fits and not drifted and self.is_free(image, reply, judge) and self.take(image, reply):
                    return reply
        return None

    def is_free(self, image: Planned, reply: SharedReply, judge: Judge) -> bool:
        """Say whether a reply is the image's own, or nobody's of this book."""
        return judge.evidence.owner(StoredOriginal(reply.record, reply.original)) in (None, image.id)

    def take(self, image: Planned, reply: SharedReply) -> bool:
        """Give a reply to an image; each goes to one, and is tried once."""
        with self._lock:
            if reply.record.attempt in self._given:
                return False
            self._given[reply.record.attempt] = image.id
            return True


def _is_past(record: Record, line: RecordLine | None) -> bool:
    """Say whether a reply is not newer than the picture that the entry had of the same inputs."""
    if line is None or line.attempt is None or line.fingerprint != record.fingerprint or is_proof(line.by):
        return False
    return record.attempt <= line.attempt
