"""The journal's table layout and its rows as values.

Pure declarations; `chargen.store.journal` reads and writes them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from msgspec import Struct, field

from chargen.model.amounts import amount_of
from chargen.model.record import Record
from chargen.model.values import EntryId, FileHash, Fingerprint, Route

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
"""Times are ISO UTC with microseconds, so that texts sort like moments; amounts of money are decimal texts in USD."""


TABLES = ("runs", "tasks", "attempts")


class AttemptStatus(str, Enum):
    """How far an attempt came. The order of a good one: sent, stored (its original is safe), done (written back)."""

    SENT = "sent"
    WAITING = "waiting"
    """Handed over in a job of many, which may still bring its picture."""
    STORED = "stored"
    DONE = "done"
    FAILED = "failed"
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


class Attempt(Struct, frozen=True):
    """One row of `attempts`: one request, or one that was about to leave."""

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
    pid: int | None = None
    original: str | None = None
    """Folder of the original below `.chargen/originals`, with `/`."""
    file_sha256: FileHash | None = None

    @property
    def route(self) -> Route:
        """The provider and model that were asked."""
        return Route(self.provider, self.model)

    @property
    def cost_or_estimate_usd(self) -> Decimal | None:
        """What it cost, by estimate where the provider did not say; None where nobody knows."""
        return self.cost_usd if self.cost_usd is not None else self.cost_estimate_usd

    @property
    def is_estimated(self) -> bool:
        """True where the provider did not say what it cost, and an estimate stands for it."""
        return self.cost_usd is None and self.cost_estimate_usd is not None

    @property
    def delivered(self) -> bool:
        """True where an image came."""
        return self.status in (AttemptStatus.STORED, AttemptStatus.DONE)

    @property
    def in_doubt(self) -> bool:
        """True where no image came and the request may have been billed for all that is known, those in flight too."""
        open_ = self.possibly_billed or self.status in (AttemptStatus.SENT, AttemptStatus.POSSIBLY_BILLED)
        return open_ and not self.delivered and self.cost_usd is None


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
