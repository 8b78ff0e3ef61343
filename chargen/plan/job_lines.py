"""Requests that are in jobs at vendors, by the entries that they are of by now. Pure.

Laws: a request is of the entry whose picture it will replace; else of the one it was sent for, while that asks for the
same; else of one that asks for the same, and of one only; else of the one it was sent for, which asks for something
else by now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from msgspec import Struct

from chargen.model.values import EntryId, Fingerprint
from chargen.store.batch_job import BatchJob, JobLine


class WaitingLine(Struct, frozen=True):
    """A request and the job it is in."""

    job: BatchJob
    line: JobLine


class JobLines:
    """The requests in jobs that may still bring a picture."""

    def __init__(self, jobs: Iterable[BatchJob], lost: tuple[str, ...] = ()) -> None:
        self.lost = lost
        """Folders of jobs of which nothing tells whose requests they hold."""
        self._by_id: dict[EntryId, list[WaitingLine]] = {}
        self._by_inputs: dict[Fingerprint, list[WaitingLine]] = {}
        self._by_after: dict[str, list[WaitingLine]] = {}
        for found in (WaitingLine(job, line) for job in jobs for line in job.waiting):
            self._by_id.setdefault(found.line.entry_id, []).append(found)
            self._by_inputs.setdefault(found.line.fingerprint, []).append(found)
            if found.line.after is not None:
                self._by_after.setdefault(found.line.after, []).append(found)

    def of(
        self,
        entry_id: EntryId,
        fingerprint: Fingerprint | None,
        last: str | None,
        is_others: Callable[[JobLine], bool],
        takes: Callable[[JobLine], bool],
    ) -> WaitingLine | None:
        """Return the request that is an entry's: of inputs as now, after its picture of the attempt `last`.

        `is_others` says whether a request is of another entry, whatever its id and inputs, `takes` whether one that was
        sent for another is this entry's now.
        """
        if last is not None and (after := self._by_after.get(last)):
            return after[-1]
        same = self._by_inputs.get(fingerprint or Fingerprint(""), ())
        own = (found for found in reversed(same) if found.line.entry_id == entry_id)
        free = (found for found in reversed(same) if found.line.entry_id != entry_id and takes(found.line))
        named = reversed(self._by_id.get(entry_id, ()))
        return next((found for found in chain(own, free, named) if not is_others(found.line)), None)
