"""Originals, journal and jobs as plans ask them: what is asked is noted, and answered for the plan's trace.

Laws: what an answer says changes exactly when what is kept changes; each thing is looked up once a plan. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import groupby
from pathlib import Path

from chargen.config.layout import JOBS as JOBS_FOLDER
from chargen.config.layout import ORIGINALS
from chargen.model.values import EntryId, FileHash, Fingerprint
from chargen.plan.job_lines import JobLines
from chargen.plan.read_trace import (
    ATTEMPT,
    DELIVERED,
    FRUITLESS,
    JOBS,
    JOURNAL,
    ORIGINAL,
    UNFINISHED,
    ReadTrace,
    answer_of,
)
from chargen.store.batch_jobs import BatchJobs, jobs_state
from chargen.store.journal import Journal
from chargen.store.journal_rows import Attempt
from chargen.store.original_store import DamagedOriginal, OriginalStore, StoredOriginal
from chargen.store.originals import Originals

_MANY = 64
"""More images than this are looked up in the journal with one question."""


class NotedOriginals:
    """What was paid for."""

    def __init__(self, originals: OriginalStore, trace: ReadTrace) -> None:
        self._originals = originals
        self._trace = trace
        self._states: dict[str, tuple[str, int]] = {}
        trace.add(
            {
                ORIGINAL: lambda fingerprint: answer_of(self._state(fingerprint)[0]),
                DELIVERED: lambda digest: self._places.get(digest, ""),
            }
        )

    def for_fingerprint(self, fingerprint: Fingerprint) -> tuple[StoredOriginal, ...]:
        """Return the originals made from these inputs, oldest first."""
        self._trace.note(ORIGINAL, fingerprint)
        return self._originals.for_fingerprint(fingerprint)

    def damaged(self, fingerprint: Fingerprint) -> tuple[DamagedOriginal, ...]:
        """Return the replies to these inputs that are there without a record that can be read, oldest first."""
        self._trace.note(ORIGINAL, fingerprint)
        return self._originals.damaged(fingerprint)

    def find(self, attempt: str, fingerprint: Fingerprint) -> StoredOriginal | None:
        """Return the original of one attempt, or None."""
        self._trace.note(ORIGINAL, fingerprint)
        return self._originals.find(attempt, fingerprint)

    def replaced_by(self, name: str) -> tuple[str, ...]:
        """Return the originals whose images replaced that of one; all are named `FINGERPRINT/ATTEMPT`."""
        self._trace.note(ORIGINAL, name.partition("/")[0])
        return self._originals.replaced_by(name)

    def read(self, item: StoredOriginal | DamagedOriginal) -> bytes:
        """Return delivered bytes. Raises InputError."""
        return self._originals.read(item)

    def shown(self, item: StoredOriginal | DamagedOriginal) -> str:
        """Say where the delivered bytes are, for people."""
        return self._originals.shown(item)

    def delivered(self, file: FileHash) -> str:
        """Return where delivered bytes of this hash are, project-relative; nothing where they are not here."""
        return self._trace.get(DELIVERED, file)

    def newest(self, fingerprints: Iterable[str]) -> int:
        """Return when the last of the originals of several inputs changed, in nanoseconds since the epoch."""
        return max((self._state(fingerprint)[1] for fingerprint in fingerprints), default=0)

    def _state(self, fingerprint: str) -> tuple[str, int]:
        if fingerprint not in self._states:
            self._states[fingerprint] = self._originals.state(Fingerprint(fingerprint))
        return self._states[fingerprint]

    @cached_property
    def _places(self) -> Mapping[str, str]:
        return {item.original.sha256: item.path for item in self._originals.all_records()}


class NotedJournal:
    """What was tried."""

    def __init__(self, journal: Journal, trace: ReadTrace) -> None:
        self._journal = journal
        self._trace = trace
        self._asked = 0
        self._by_id: dict[EntryId, list[Attempt]] | None = None
        trace.add(
            {
                JOURNAL: self._answer,
                ATTEMPT: lambda attempt_id: answer_of(self._journal.attempt(attempt_id)),
                FRUITLESS: lambda fingerprint: answer_of(self._fruitless.get(Fingerprint(fingerprint), ())),
                UNFINISHED: lambda attempt_id: "yes" if attempt_id in self.unfinished else "",
            }
        )

    def attempts_for(self, task_id: EntryId) -> list[Attempt]:
        """Return the attempts at one image, oldest first."""
        self._trace.note(JOURNAL, task_id)
        return self._journal.attempts_for(task_id)

    def attempt(self, attempt_id: str) -> Attempt | None:
        """Return one attempt, or None where nothing is known of it."""
        self._trace.note(ATTEMPT, attempt_id)
        return self._journal.attempt(attempt_id)

    def fruitless(self, fingerprint: Fingerprint) -> tuple[Attempt, ...]:
        """Return the attempts with these inputs that were refused, or charged for nothing, at whichever image.

        The oldest is first.
        """
        self._trace.note(FRUITLESS, fingerprint)
        return self._fruitless.get(fingerprint, ())

    def is_unfinished(self, attempt_id: str) -> bool:
        """Say whether the original of an attempt was safe, and not known as written back, when the plan was begun."""
        self._trace.note(UNFINISHED, attempt_id)
        return attempt_id in self.unfinished

    def _answer(self, entry_id: str) -> str:
        """Answer for the attempts at an image."""
        self._asked += 1
        if self._by_id is None and self._asked > _MANY:
            every = sorted(self._journal.attempts(), key=lambda attempt: attempt.task_id)
            self._by_id = {name: list(group) for name, group in groupby(every, key=lambda attempt: attempt.task_id)}
        name = EntryId(entry_id)
        found = self._journal.attempts_for(name) if self._by_id is None else self._by_id.get(name, [])
        return answer_of(found) if found else ""

    @cached_property
    def unfinished(self) -> frozenset[str]:
        """Attempts whose original was safe, and that were not known as written back, when this was asked first.

        A plan asks when it is begun; a look whether anything changed asks only where an answer hangs on it.
        """
        return self._journal.unfinished()

    @cached_property
    def _fruitless(self) -> Mapping[Fingerprint, tuple[Attempt, ...]]:
        found: dict[Fingerprint, tuple[Attempt, ...]] = {}
        for attempt in self._journal.fruitless():
            found[attempt.fingerprint] = (*found.get(attempt.fingerprint, ()), attempt)
        return found


class NotedJobs:
    """The requests that are in jobs."""

    def __init__(self, jobs: BatchJobs, trace: ReadTrace) -> None:
        self._jobs = jobs
        self._trace = trace
        trace.add({JOBS: lambda _all: jobs_state(self._jobs.folder)})

    def lines(self) -> JobLines | None:
        """Return the requests that are in jobs, None where there are no jobs."""
        self._trace.note(JOBS, "all")
        return self._lines

    @cached_property
    def _lines(self) -> JobLines | None:
        jobs, lost = self._jobs.look()
        return JobLines(jobs, lost) if jobs or lost else None


@contextmanager
def trace_of(root: Path) -> Iterator[ReadTrace]:
    """Give a trace that answers for originals, journal and jobs of the project at `root`."""
    trace, originals = ReadTrace({}), Originals(root / ORIGINALS)
    journal = Journal(root, originals, read_only=True)
    try:
        NotedOriginals(originals, trace)
        NotedJournal(journal, trace)
        NotedJobs(BatchJobs(root / JOBS_FOLDER), trace)
        yield trace
    finally:
        journal.close()
