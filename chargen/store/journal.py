"""The journal: every attempt to make an image, on the disk before its request leaves.

Laws: a row is committed and synced before the call that wrote it returns, unless it says `soon`; a request leaves only
after its `sent` row; the journal is a log, never the authority on what is paid for, and what is lost of it is rebuilt
from the originals; a damaged one is moved to the trash, not deleted; no secret gets in, since every text passes
`scrub`. Reading only makes no file. Must not know what a verdict is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import astuple

from chargen.config.layout import JOBS
from chargen.errors import Problem
from chargen.model.record import PublishedFile
from chargen.model.request import FailureClass
from chargen.model.values import EntryId
from chargen.store.clock import Clock, SystemClock, stamp
from chargen.store.journal_file import JournalFile
from chargen.store.journal_rows import (
    Attempt,
    AttemptStatus,
    Run,
    Sending,
    Task,
    amount_text,
    insert_from_original,
    put_task,
    safe,
    select_attempts,
    update_from_original,
    usage_text,
)
from chargen.store.original_store import OriginalStore, StoredOriginal
from chargen.store.temporaries import process_alive

_JOB_GONE = f"the folder of its job is not in `{JOBS}` any more, so nobody asks for it"
"""Stands with a request that may have been billed because the folder of its job is gone."""
_SENDING = f"INTO attempts({','.join(Sending.__struct_fields__)},status,sent_at) VALUES(?,?,?,?,?,?,?,?,?,?)"
"""What is known of an attempt before its request leaves, its estimate last."""


class Journal:
    """The journal of the project at `root`; opened when first used, safe to use from threads.

    Where it is missing or damaged it is made again from `originals`, and `report` is called. With `read_only` an absent
    journal is an empty one, a damaged one is read as what the originals know, and writing raises ValueError. Every
    method raises InputError where the disk does not allow it.
    """

    def __init__(
        self,
        root: Path,
        originals: OriginalStore,
        *,
        read_only: bool = False,
        clock: Clock | None = None,
        scrub: Callable[[str], str] = str,
        report: Callable[[Problem], None] = lambda _problem: None,
    ) -> None:
        self._file = JournalFile(
            root, read_only=read_only, clock=clock or SystemClock(), fill=self._fill, report=report
        )
        self._originals = originals
        self._clock = clock or SystemClock()
        self._scrub = scrub
        self._runs: set[str] = set()

    @property
    def path(self) -> Path:
        """Where the database is."""
        return self._file.path

    def close(self) -> None:
        """Close the database; it opens again when used."""
        self._file.close()

    # writing

    def begin_run(self, run_id: str, command: str) -> None:
        """Note that a run begins; attempts of this run count as alive as long as this journal is open."""
        self._runs.add(run_id)
        self._write(
            "INSERT INTO runs(run_id, started_at, command, pid) VALUES(?,?,?,?)",
            [(run_id, self._now(), safe(self._scrub(command)), os.getpid())],
        )

    def end_run(self, run_id: str) -> None:
        """Note that a run has ended in an orderly way."""
        self._write("UPDATE runs SET finished_at=? WHERE run_id=?", [(self._now(), run_id)])

    def sent(self, sending: Sending) -> str:
        """Note that a request is about to leave; it may leave once this returns. Returns the time, for the record."""
        now = self._now()

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT {_SENDING}", _row(sending, AttemptStatus.SENT, now))
            put_task(connection, sending.task_id, "building")

        self._file.run(work)
        return now

    def sent_all(self, sendings: Iterable[Sending], at: str) -> None:
        """Note the requests of a job, all at once: sent at a moment (ISO UTC). Rows that are there stay as they are."""
        rows = [_row(sending, AttemptStatus.WAITING, at) for sending in sendings]
        self._write(f"INSERT OR IGNORE {_SENDING}", rows)

    def failed_all(
        self,
        attempt_ids: Iterable[str],
        failure: FailureClass,
        message: str,
        *,
        possibly_billed: bool = False,
        taken: bool = True,
    ) -> None:
        """Note that several attempts brought no image, for one reason and at no cost that is known.

        Where the vendor has not `taken` the job they were in, they are none that were sent.
        """
        status = AttemptStatus.FAILED if taken else AttemptStatus.NOT_TAKEN
        told = status.value, self._now(), failure.value, safe(self._scrub(message)), int(possibly_billed)
        self._write(
            "UPDATE attempts SET status=?,finished_at=?,failure_class=?,message=?,possibly_billed=? WHERE attempt_id=?",
            [(*told, attempt_id) for attempt_id in attempt_ids],
        )

    def stored(self, stored: StoredOriginal, *, soon: bool = False) -> None:
        """Note that an attempt's original is safe, with what the reply said of cost and usage.

        With `soon` the row goes along with the next one that is written: until then the original itself tells it.
        """
        (self._file.soon if soon else self._file.run)(lambda connection: update_from_original(connection, stored))

    def known(self, stored: StoredOriginal) -> None:
        """Note an original that another machine's request brought, as its own journal has it."""
        self._file.run(lambda connection: insert_from_original(connection, stored))

    def failed(
        self,
        attempt_id: str,
        failure: FailureClass,
        message: str,
        *,
        http_status: int | None = None,
        request_id: str | None = None,
        cost_usd: Decimal | None = None,
        usage: Mapping[str, Any] | None = None,
        possibly_billed: bool = False,
    ) -> None:
        """Note that an attempt brought no image."""
        self._write(
            "UPDATE attempts SET status=?,finished_at=?,failure_class=?,message=?,http_status=?,request_id=?,"
            "cost_usd=?,usage=?,possibly_billed=? WHERE attempt_id=?",
            [
                (
                    AttemptStatus.FAILED.value,
                    self._now(),
                    failure.value,
                    safe(self._scrub(message)),
                    http_status,
                    safe(request_id),
                    amount_text(cost_usd),
                    usage_text(usage or {}),
                    int(possibly_billed),
                    attempt_id,
                )
            ],
        )

    def task_failed(self, task_id: EntryId, message: str) -> None:
        """Note that an image could not be made, whether a request was sent for it or not."""
        now = self._now()
        text = safe(self._scrub(message))
        self._file.run(lambda connection: put_task(connection, task_id, "failed", now, text))

    def done(self, task_id: EntryId, file: PublishedFile, attempt_id: str | None = None) -> None:
        """Note that a file stands at an image's target and is in the YAML.

        `attempt_id` is None for a file that no request of ours brought.
        """

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE attempts SET status=?,finished_at=?,file_sha256=? WHERE attempt_id=?",
                (AttemptStatus.DONE.value, file.at, file.sha256, attempt_id),
            )
            put_task(connection, task_id, "done", file.at)

        self._file.run(work)

    def leftovers(self, in_transit: Collection[str] = (), *, knows_jobs: bool = True) -> tuple[Attempt, ...]:
        """Settle what dead processes left in flight, and return those now marked possibly billed; each only once.

        Those are also what waits in a job that is not on record any more; not where `knows_jobs` says that there are
        jobs which can't be read.

        Call it while holding the project: that proves that no other run is alive, where the id of a process does not,
        because it may be another's by now. An attempt whose original is there was stored: `Originals.recover` goes
        first. Those `in_transit` can still be asked for and stay as they are.
        """
        now = self._now()

        def work(connection: sqlite3.Connection) -> tuple[Attempt, ...]:
            marked = []
            for attempt in select_attempts(connection, _open(knows_jobs)):
                if attempt.run_id in self._runs or attempt.attempt_id in in_transit:
                    continue
                stored = self._originals.find(attempt.attempt_id, attempt.fingerprint)
                if stored is not None:
                    update_from_original(connection, stored)
                    continue
                lost = attempt.status is AttemptStatus.WAITING
                connection.execute(
                    "UPDATE attempts SET status=?,finished_at=?,message=?,possibly_billed=1 WHERE attempt_id=?",
                    (AttemptStatus.POSSIBLY_BILLED.value, now, _JOB_GONE if lost else None, attempt.attempt_id),
                )
                text = _JOB_GONE if lost else "the process ended before an answer came"
                put_task(connection, attempt.task_id, "failed", now, text)
                marked.append(attempt.attempt_id)
            return tuple(row for name in marked for row in select_attempts(connection, "WHERE attempt_id=?", (name,)))

        return self._file.run(work)

    # reading

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        query = f"SELECT {','.join(Run.__struct_fields__)} FROM runs ORDER BY started_at, run_id"  # noqa: S608 - columns
        return self._file.read(lambda connection: [Run(*row) for row in connection.execute(query)])

    def under_way(self) -> Run | None:
        """Return the run that goes on, the last one; None where that has ended, or its process is gone."""
        run = next(reversed(self.runs()), None)
        return run if run is not None and run.finished_at is None and process_alive(run.pid) else None

    def unanswered(self, in_transit: Collection[str] = (), *, knows_jobs: bool = True) -> tuple[Attempt, ...]:
        """Return what `leftovers` would mark if a run began now; what a run that goes on has in flight is not."""
        alive = self.under_way()
        return tuple(
            attempt
            for attempt in self._attempts(_open(knows_jobs))
            if (alive is None or attempt.run_id != alive.run_id)
            and attempt.attempt_id not in in_transit
            and self._originals.find(attempt.attempt_id, attempt.fingerprint) is None
        )

    def tasks(self) -> list[Task]:
        """Return the last thing that happened to each image, by id."""
        query = f"SELECT {','.join(Task.__struct_fields__)} FROM tasks ORDER BY task_id"  # noqa: S608 - names of columns
        return self._file.read(lambda connection: [Task(*row) for row in connection.execute(query)])

    def attempts(self, since: datetime | None = None) -> list[Attempt]:
        """Return all attempts, oldest first, from a moment on if one is given."""
        if since is None:
            return self._attempts("")
        return self._attempts("WHERE sent_at>=?", stamp(since, microseconds=True))

    def of_run(self, run_id: str) -> tuple[Attempt, ...]:
        """Return the attempts of a run of this process, oldest first, with all that was written down so far."""
        where = "WHERE run_id=? ORDER BY sent_at, attempt_id"
        return self._file.run(lambda connection: tuple(select_attempts(connection, where, (run_id,))))

    def attempts_for(self, task_id: EntryId) -> list[Attempt]:
        """Return the attempts at one image, oldest first."""
        return self._attempts("WHERE task_id=?", task_id)

    def attempt(self, attempt_id: str) -> Attempt | None:
        """Return one attempt, or None where nothing is known of it."""
        return next(iter(self._attempts("WHERE attempt_id=?", attempt_id)), None)

    def unfinished(self) -> frozenset[str]:
        """Return the attempts whose original is safe and that are not on record as written back."""
        query = "SELECT attempt_id FROM attempts WHERE status=?"
        stored = (AttemptStatus.STORED.value,)
        return frozenset(self._file.read(lambda connection: [row[0] for row in connection.execute(query, stored)]))

    def fruitless(self) -> list[Attempt]:
        """Return all attempts that were refused, and those that were charged and left nothing, oldest first."""
        charged = "(status=? AND original IS NULL AND CAST(cost_usd AS REAL)>0)"
        return self._attempts(
            f"WHERE failure_class=? OR {charged}", FailureClass.REFUSED.value, AttemptStatus.FAILED.value
        )

    def building(self) -> frozenset[EntryId]:
        """Return the images whose last row says that they are being made, by whichever process."""
        query = "SELECT task_id FROM tasks WHERE status='building'"
        return frozenset(self._file.read(lambda connection: [EntryId(row[0]) for row in connection.execute(query)]))

    def _attempts(self, where: str, *values: str) -> list[Attempt]:
        """Return the attempts that a condition selects, oldest first."""
        query = f"{where} ORDER BY sent_at, attempt_id"
        return self._file.read(lambda connection: list(select_attempts(connection, query, values)))

    def _now(self) -> str:
        return stamp(self._clock.now(), microseconds=True)

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        self._file.run(lambda connection: connection.executemany(statement, rows))

    def _fill(self, connection: sqlite3.Connection) -> int:
        originals = sorted(self._originals.all_records(), key=lambda stored: stored.record.attempt)
        for stored in originals:
            insert_from_original(connection, stored)
        return len(originals)


def _open(knows_jobs: bool) -> str:
    """Return the condition of attempts that have not come to an end, those in jobs where these are known."""
    waiting = f" OR status='{AttemptStatus.WAITING.value}'" if knows_jobs else ""
    return f"WHERE (status='{AttemptStatus.SENT.value}'{waiting})"


def _row(sending: Sending, status: AttemptStatus, at: str) -> tuple[Any, ...]:
    *told, estimate = astuple(sending)
    return *told, amount_text(estimate), status.value, at
