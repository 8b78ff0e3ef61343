"""Requests that are in jobs at vendors, by the entries that they are of by now. Pure.

Laws: a request is of the entry whose picture it will replace; else of one with its inputs, first the one it was sent
for; else of that one, though it asks for something else by now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from chargen.model.values import EntryId, Fingerprint
from chargen.store.batch_jobs import BatchJob, JobLine


class WaitingLine(Struct, frozen=True):
    """A request and the job it is in."""

    job: BatchJob
    line: JobLine


class JobLines:
    """The requests in jobs that may still bring a picture."""

    def __init__(self, jobs: Iterable[BatchJob]) -> None:
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
        owners: Mapping[str, EntryId],
        is_planned: Callable[[EntryId], bool],
    ) -> WaitingLine | None:
        """Return the request that is an entry's: of inputs as now, after its picture of the attempt `last`.

        `owners` are the entries of attempts that made pictures there are.
        """
        if last is not None and (after := self._by_after.get(last)):
            return after[-1]

        def is_others(found: WaitingLine) -> bool:
            return owners.get(found.line.after or "", entry_id) != entry_id

        same = [found for found in self._by_inputs.get(fingerprint or Fingerprint(""), ()) if not is_others(found)]
        own = [found for found in same if found.line.entry_id == entry_id]
        gone = [found for found in same if not is_planned(found.line.entry_id)]
        named = [found for found in self._by_id.get(entry_id, ()) if not is_others(found)]
        return next((found for group in (own, gone, named) for found in reversed(group)), None)
