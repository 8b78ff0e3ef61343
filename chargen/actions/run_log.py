"""What was run on this machine: when, with which command, what came of it, and what it cost; from the journal.

Reads only. A run is a `doit`, a `chargen batch` or a program that builds. An image that failed before a request left is
known by the time of its failure alone, so it is reported with the run that went on then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.model.groups import grouped
from chargen.model.values import EntryId
from chargen.providers import is_proof
from chargen.store.journal import Journal
from chargen.store.journal_rows import Attempt, AttemptStatus, Run, Task
from chargen.store.spending import Sum, sum_of


class Failed(Struct, frozen=True):
    """Why an image failed; its vendor's status and id of the request where they are known."""

    error: str
    http_status: int | None = None
    request_id: str | None = None

    def to_json(self, entry_id: EntryId) -> dict[str, Any]:
        """One element of `failed[]` of a run in `log --json`."""
        return {
            "id": entry_id,
            "error": self.error,
            "http_status": self.http_status,
            "request_id": self.request_id,
        }


class LoggedRun(Struct, frozen=True):
    """One run. `failed` are images with the reason; `open` are those whose request may have been billed with no image.

    `at` and `ended` are ISO UTC; `ended` is None while it goes on, or where it `died`: its process is gone, or a later
    run began, and builds of a project never overlap.
    """

    run_id: str
    command: str
    at: str
    ended: str | None
    died: bool
    built: tuple[EntryId, ...]
    failed: Mapping[EntryId, Failed]
    open: tuple[EntryId, ...]
    spent: Sum

    def to_json(self) -> dict[str, Any]:
        """One element of `runs[]` in `log --json`."""
        return {
            "run_id": self.run_id,
            "command": self.command,
            "started_at": self.at,
            "finished_at": self.ended,
            "built": list(self.built),
            "failed": [failure.to_json(entry_id) for entry_id, failure in self.failed.items()],
            "open": list(self.open),
            "spent": self.spent.to_json(),
        }


class RunLog(Struct, frozen=True):
    """Runs, the newest first; `more` are those before them."""

    runs: tuple[LoggedRun, ...]
    more: int

    def to_json(self) -> dict[str, Any]:
        """The object of `log --json`."""
        return {"runs": [run.to_json() for run in self.runs], "more": self.more}


_FAILED = (AttemptStatus.FAILED, AttemptStatus.NOT_TAKEN)


def run_log(journal: Journal, limit: int) -> RunLog:
    """Return the last `limit` runs."""
    runs, tasks = journal.runs(), journal.tasks()
    attempts = grouped(journal.attempts(), lambda attempt: attempt.run_id)
    alive = journal.under_way()
    found = [
        _logged(run, alive, attempts.get(run.run_id, []), _failed_in(run, end, tasks))
        for run, end in zip_longest(runs, (run.started_at for run in runs[1:]))
    ]
    last = found[max(len(found) - limit, 0) :]
    return RunLog(tuple(reversed(last)), len(found) - len(last))


def going_on(journal: Journal) -> LoggedRun | None:
    """Return the run that is going on; None where there is none, or its process died. Reads its requests alone."""
    run = journal.under_way()
    if run is None:
        return None
    sent = journal.attempts(datetime.fromisoformat(run.started_at))
    attempts = [attempt for attempt in sent if attempt.run_id == run.run_id]
    return _logged(run, run, attempts, _failed_in(run, None, journal.tasks()))


def _logged(run: Run, alive: Run | None, attempts: Sequence[Attempt], failed_tasks: Mapping[EntryId, str]) -> LoggedRun:
    built = _ids(attempt for attempt in attempts if attempt.delivered)
    doubtful = _ids(attempt for attempt in attempts if attempt.in_doubt and not is_proof(attempt.provider))
    last = {attempt.task_id: attempt for attempt in attempts}
    failed = {
        name: Failed(one.message or "", one.http_status, one.request_id)
        for name, one in last.items()
        if one.status in _FAILED
    }
    for name, error in failed_tasks.items():
        known = failed.get(name)
        is_its = known is not None and known.error in error  # not of what kept the next try from being sent
        failed[name] = replace(known, error=error) if known is not None and is_its else Failed(error)
    failed = {name: failure for name, failure in failed.items() if name not in built}
    left = tuple(name for name in doubtful if name not in built and name not in failed)
    spent = sum_of(run.run_id, attempts, is_proof)
    died = run.finished_at is None and run != alive
    return LoggedRun(run.run_id, run.command, run.started_at, run.finished_at, died, built, failed, left, spent)


def _failed_in(run: Run, next_began: str | None, tasks: Iterable[Task]) -> dict[EntryId, str]:
    """Return the images whose last word is a failure in this run; builds of a project never overlap."""
    end = run.finished_at or next_began
    return {
        task.task_id: task.error or ""
        for task in tasks
        if task.status == "failed"
        and task.finished_at is not None
        and run.started_at <= task.finished_at
        and (end is None or task.finished_at <= end)
    }


def _ids(attempts: Iterable[Attempt]) -> tuple[EntryId, ...]:
    return tuple(dict.fromkeys(attempt.task_id for attempt in attempts))
