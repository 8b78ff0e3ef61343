"""The journal's tables, their rows as values, and the statements that read and write them.

Each statement runs inside a transaction of the caller's: nothing is opened or closed here. What a lost journal held of
an original is made here again, equal to what was lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from msgspec import Struct, field

from chargen.model.amounts import amount_of
from chargen.model.record import Record, plain
from chargen.model.request import FailureClass
from chargen.model.values import Billed, EntryId, FileHash, Fingerprint
from chargen.store.original_store import StoredOriginal

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE runs(
  run_id TEXT PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT, command TEXT NOT NULL, pid INTEGER NOT NULL
);
CREATE TABLE tasks(
  task_id TEXT PRIMARY KEY, status TEXT NOT NULL, started_at TEXT, finished_at TEXT, file_path TEXT, error TEXT
);
CREATE TABLE attempts(
  attempt_id TEXT PRIMARY KEY, task_id TEXT NOT NULL, run_id TEXT NOT NULL, number INTEGER NOT NULL,
  provider TEXT NOT NULL, model TEXT NOT NULL, fingerprint TEXT NOT NULL, status TEXT NOT NULL, sent_at TEXT NOT NULL,
  finished_at TEXT, failure_class TEXT, message TEXT, http_status INTEGER, request_id TEXT, cost_estimate_usd TEXT,
  cost_usd TEXT, usage TEXT NOT NULL DEFAULT '{}', possibly_billed INTEGER NOT NULL DEFAULT 0, pid INTEGER,
  original TEXT, file_sha256 TEXT
);
CREATE INDEX attempts_by_task ON attempts(task_id, sent_at);
CREATE INDEX attempts_by_time ON attempts(sent_at);
CREATE INDEX attempts_in_flight ON attempts(status) WHERE status = 'sent';
"""
"""Times are ISO UTC with microseconds, so that texts sort like moments; amounts of money are decimal texts in USD.

`pid` of attempts, `started_at` and `file_path` of tasks are there for older versions, which write into this file, too;
nobody reads them.
"""


TABLES = ("runs", "tasks", "attempts")


class AttemptStatus(str, Enum):
    """How far an attempt came. The order of a good one: sent, stored (its original is safe), done (written back)."""

    SENT = "sent"
    WAITING = "waiting"
    """Handed over in a job of many, which may still bring its picture."""
    STORED = "stored"
    DONE = "done"
    FAILED = "failed"
    NOT_TAKEN = "not-taken"
    """In a job that its vendor did not take: it was no request."""
    POSSIBLY_BILLED = "possibly-billed"
    """Sent by a process that died before an answer was stored."""


class Sending(Struct, frozen=True):
    """What is known of an attempt before its request leaves."""

    attempt_id: str
    task_id: EntryId
    run_id: str
    number: int
    provider: str
    model: str
    fingerprint: Fingerprint
    cost_estimate_usd: Decimal | None = None

    @classmethod
    def of(cls, record: Record) -> Sending:
        """Take it out of a record, as far as that is known beforehand."""
        names = record.provider, record.model, record.fingerprint
        return cls(record.attempt, record.entry_id, record.run, record.number, *names, record.cost_estimate_usd)


class Attempt(Billed, Struct, frozen=True):
    """Of one row of `attempts` what is read of it: one request, or one that was about to leave."""

    attempt_id: str
    task_id: EntryId
    run_id: str
    number: int
    provider: str
    model: str
    fingerprint: Fingerprint
    status: AttemptStatus
    sent_at: str
    finished_at: str | None = None
    failure_class: str | None = None
    message: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    cost_estimate_usd: Decimal | None = None
    cost_usd: Decimal | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    possibly_billed: bool = False
    original: str | None = None
    """Folder of the original below `.chargen/originals`, with `/`."""
    file_sha256: FileHash | None = None

    @property
    def delivered(self) -> bool:
        """True where an image came."""
        return self.status in (AttemptStatus.STORED, AttemptStatus.DONE)

    @property
    def refused(self) -> bool:
        """True where the provider would not make it."""
        return self.failure_class == FailureClass.REFUSED.value

    @property
    def is_waiting(self) -> bool:
        """Whether it waits in a job, for all that is on record."""
        return self.status is AttemptStatus.WAITING

    @property
    def lost_its_job(self) -> bool:
        """True where it may have been billed because the folder of its job is gone, which `message` says.

        One that was sent alone when its process died has no message.
        """
        return self.status is AttemptStatus.POSSIBLY_BILLED and self.message is not None

    @property
    def unanswered(self) -> bool:
        """True for one in flight, and one whose process died while it was."""
        return self.status in (AttemptStatus.SENT, AttemptStatus.POSSIBLY_BILLED)

    @property
    def in_doubt(self) -> bool:
        """True where no image came and the request may have been billed for all that is known, those in flight too."""
        return (self.possibly_billed or self.unanswered) and not self.delivered and self.cost_usd is None


class Run(Struct, frozen=True):
    """One row of `runs`: a command that builds. `finished_at` is None while it goes on, or where the process died."""

    run_id: str
    started_at: str
    finished_at: str | None
    command: str
    pid: int


class Task(Struct, frozen=True):
    """One row of `tasks`: the last thing that happened to one image."""

    task_id: EntryId
    status: str
    finished_at: str | None
    error: str | None


ATTEMPT_COLUMNS = ",".join(Attempt.__struct_fields__)


class DamagedRowError(sqlite3.DatabaseError):
    """A row that this program did not write like that: the database has no checksums of its own."""


def attempt_of(row: tuple[Any, ...]) -> Attempt:
    """Make an attempt of a row of `ATTEMPT_COLUMNS`. Raises DamagedRowError."""
    try:
        return _attempt_of(row)
    except (ValueError, TypeError, RecursionError) as failure:
        raise DamagedRowError(f"a row of `attempts` is damaged: {failure}") from None


def _attempt_of(row: tuple[Any, ...]) -> Attempt:
    values = dict(zip(Attempt.__struct_fields__, row, strict=True))
    values["status"] = AttemptStatus(values["status"])
    values["cost_estimate_usd"] = _amount(values["cost_estimate_usd"])
    values["cost_usd"] = _amount(values["cost_usd"])
    values["possibly_billed"] = bool(values["possibly_billed"])
    datetime.fromisoformat(values["sent_at"])
    usage = json.loads(values["usage"])
    values["usage"] = usage if isinstance(usage, dict) else {}
    return Attempt(**values)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else amount_of(text)


def select_attempts(connection: sqlite3.Connection, where: str, values: tuple[Any, ...] = ()) -> Iterator[Attempt]:
    """Return the attempts a condition of our own selects."""
    rows = connection.execute(f"SELECT {ATTEMPT_COLUMNS} FROM attempts {where}", values).fetchall()  # noqa: S608 - our words
    return map(attempt_of, rows)


def put_task(
    connection: sqlite3.Connection, task_id: str, status: str, finished_at: str | None = None, error: str | None = None
) -> None:
    """Make or change the row of an image; one that is begun anew has no end, and no failure."""
    connection.execute(
        "INSERT INTO tasks(task_id,status,finished_at,error) VALUES(?,?,?,?) ON CONFLICT(task_id) DO UPDATE SET "
        "status=excluded.status,finished_at=excluded.finished_at,error=excluded.error",
        (task_id, status, finished_at, error),
    )


def update_from_original(connection: sqlite3.Connection, stored: StoredOriginal) -> None:
    """Note in an attempt's own row that its original is safe, and what the reply said."""
    record, failed = stored.record, bool(stored.unusable)
    connection.execute(
        "UPDATE attempts SET status=?,failure_class=?,message=?,possibly_billed=?,finished_at=?,request_id=?,"
        "cost_usd=?,usage=?,original=? WHERE attempt_id=?",
        (
            (AttemptStatus.FAILED if failed else AttemptStatus.STORED).value,
            FailureClass.INVALID.value if failed else None,
            safe(stored.unusable) or None,
            int(failed and record.cost_usd is None),
            record.received_at,
            safe(record.request_id),
            amount_text(record.cost_usd),
            usage_text(record.usage),
            stored.record.original_name,
            record.attempt,
        ),
    )


def insert_from_original(connection: sqlite3.Connection, stored: StoredOriginal) -> None:
    """Make the rows that a lost journal had about this original; rows that are there stay as they are."""
    record = stored.record
    last = stored.published[-1] if stored.published else None
    status = AttemptStatus.FAILED if stored.unusable else AttemptStatus.DONE if last else AttemptStatus.STORED
    values: dict[str, Any] = {
        "attempt_id": record.attempt,
        "task_id": record.entry_id,
        "run_id": record.run,
        "number": record.number,
        "provider": record.provider,
        "model": record.model,
        "fingerprint": record.fingerprint,
        "status": status.value,
        "failure_class": FailureClass.INVALID.value if stored.unusable else None,
        "message": safe(stored.unusable) or None,
        "possibly_billed": int(bool(stored.unusable) and record.cost_usd is None),
        "sent_at": record.sent_at,
        "finished_at": last.at if last else record.received_at,
        "request_id": safe(record.request_id),
        "cost_estimate_usd": amount_text(record.cost_estimate_usd),
        "cost_usd": amount_text(record.cost_usd),
        "usage": usage_text(record.usage),
        "original": stored.record.original_name,
        "file_sha256": last.sha256 if last else None,
    }
    columns, marks = ",".join(values), ",".join("?" * len(values))
    added = connection.execute(
        f"INSERT INTO attempts({columns}) VALUES({marks}) ON CONFLICT(attempt_id) DO NOTHING",
        tuple(values.values()),
    ).rowcount
    if not added:
        return
    put_task(connection, record.entry_id, "building")
    if stored.unusable:
        put_task(connection, record.entry_id, "failed", record.received_at, safe(stored.unusable))
    if last:
        put_task(connection, record.entry_id, "done", last.at)


def amount_text(amount: Decimal | None) -> str | None:
    """Write an amount of money as it is stored."""
    return None if amount is None else str(amount)


def usage_text(usage: Mapping[str, Any]) -> str:
    """Write a provider's account of usage as it is stored."""
    return json.dumps(plain(usage), sort_keys=True)


def safe(text: str | None) -> str | None:
    """Return text in a form SQLite takes: a lone surrogate, which has no UTF-8, becomes its escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
