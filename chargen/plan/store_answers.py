"""Answers of originals, journal and jobs to the questions of plans: what was paid for, and what was tried. Reads only.

An up-to-date run asks it, too: light to import.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import groupby
from pathlib import Path

from chargen.config.layout import JOBS as JOBS_FOLDER
from chargen.config.layout import ORIGINALS
from chargen.model.values import EntryId, Fingerprint
from chargen.plan.read_trace import (
    ATTEMPT,
    DELIVERED,
    JOBS,
    JOURNAL,
    ORIGINAL,
    REFUSED,
    UNFINISHED,
    Readers,
    answer_of,
)
from chargen.store.batch_jobs import BatchJobs, jobs_state
from chargen.store.journal import Journal
from chargen.store.journal_rows import Attempt
from chargen.store.original_store import OriginalStore
from chargen.store.originals import Originals

_MANY = 64
"""More images than this are looked up in the journal with one question."""


class StoreAnswers:
    """Answers of originals and journal: what was paid for, and what was tried."""

    def __init__(self, journal: Journal, originals: OriginalStore, jobs: BatchJobs) -> None:
        self._journal = journal
        self._originals = originals
        self._jobs = jobs
        self._states: dict[str, tuple[str, int]] = {}
        self._asked = 0
        self._by_id: dict[EntryId, list[Attempt]] | None = None
        self._refused: dict[Fingerprint, tuple[Attempt, ...]] | None = None
        self._delivered: dict[str, str] | None = None

    @classmethod
    def of(cls, root: Path) -> StoreAnswers:
        """Ask those of the project at `root`; use it as a context manager."""
        originals = Originals(root / ORIGINALS)
        return cls(Journal(root, originals, read_only=True), originals, BatchJobs(root / JOBS_FOLDER))

    def __enter__(self) -> StoreAnswers:
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.close()

    def readers(self) -> Readers:
        """Return how its kinds of questions are answered."""
        refused = lambda fingerprint: answer_of(self.refused(Fingerprint(fingerprint)))  # noqa: E731
        return {
            ORIGINAL: self.original,
            JOURNAL: self.journal,
            ATTEMPT: self.attempt,
            REFUSED: refused,
            DELIVERED: self.delivered,
            UNFINISHED: lambda attempt_id: "yes" if attempt_id in self.unfinished else "",
            JOBS: lambda _all: jobs_state(self._jobs.folder),
        }

    def original(self, fingerprint: str) -> str:
        """Answer for all originals of these inputs."""
        return answer_of(self._state(fingerprint)[0])

    def newest(self, fingerprints: Iterable[str]) -> int:
        """Return when the last of the originals of several inputs changed, in nanoseconds since the epoch."""
        return max((self._state(fingerprint)[1] for fingerprint in fingerprints), default=0)

    def _state(self, fingerprint: str) -> tuple[str, int]:
        if fingerprint not in self._states:
            self._states[fingerprint] = self._originals.state(Fingerprint(fingerprint))
        return self._states[fingerprint]

    def journal(self, entry_id: str) -> str:
        """Answer for the attempts at an image."""
        self._asked += 1
        if self._by_id is None and self._asked > _MANY:
            every = sorted(self._journal.attempts(), key=lambda attempt: attempt.task_id)
            self._by_id = {name: list(group) for name, group in groupby(every, key=lambda attempt: attempt.task_id)}
        name = EntryId(entry_id)
        found = self._journal.attempts_for(name) if self._by_id is None else self._by_id.get(name, [])
        return answer_of(found) if found else ""

    def refused(self, fingerprint: Fingerprint) -> tuple[Attempt, ...]:
        """Return the attempts with these inputs that were refused; all are looked up at once."""
        if self._refused is None:
            self._refused = {}
            for attempt in self._journal.refusals():
                known = self._refused.get(attempt.fingerprint, ())
                self._refused[attempt.fingerprint] = (*known, attempt)
        return self._refused.get(fingerprint, ())

    def delivered(self, digest: str) -> str:
        """Return where delivered bytes of this hash are, project-relative; nothing where they are not here."""
        if self._delivered is None:
            every = self._originals.all_records()
            self._delivered = {item.original.sha256: item.path for item in every}
        return self._delivered.get(digest, "")

    @cached_property
    def unfinished(self) -> frozenset[str]:
        """Attempts whose original is safe and that the journal does not know as written back."""
        return self._journal.unfinished()

    def attempt(self, attempt_id: str) -> str:
        """Answer for one attempt."""
        return answer_of(self._journal.attempt(attempt_id))
