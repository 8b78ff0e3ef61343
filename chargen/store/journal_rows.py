"""The journal's table layout and its rows as values.

Pure declarations; `chargen.store.journal` reads and writes them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from chargen.model.values import EntryId, FileHash, Fingerprint

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE runs(
  run_id TEXT PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT, command TEXT NOT NULL, pid INTEGER NOT NULL
);
CREATE TABLE tasks(
  task_id TEXT PRIMARY KEY, status TEXT NOT NULL, started_at TEXT, finished_at TEXT, file_path TEXT, error TEXT,
  prompt_hash TEXT
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
CREATE TABLE files(
  task_id TEXT NOT NULL, file_sha256 TEXT NOT NULL, size INTEGER NOT NULL, at TEXT NOT NULL, attempt_id TEXT,
  PRIMARY KEY(task_id, file_sha256)
) WITHOUT ROWID;
"""
"""Times are ISO UTC with microseconds, so that texts sort like moments; amounts of money are decimal texts in USD."""


class AttemptStatus(str, Enum):
    """How far an attempt came. The order of a good one: sent, stored (its original is safe), done (written back)."""

    SENT = "sent"
    STORED = "stored"
    DONE = "done"
    FAILED = "failed"
    POSSIBLY_BILLED = "possibly-billed"
    """Sent by a process that died before an answer was stored."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What is known of an attempt before its request leaves."""

    attempt_id: str
    task_id: EntryId
    run_id: str
    number: int
    provider: str
    model: str
    fingerprint: Fingerprint
    prompt_hash: str
    cost_estimate_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A file that stands at its target and is in the YAML since `at` (ISO UTC, microseconds).

    `attempt_id` is None for a file that no request of ours brought.
    """

    task_id: EntryId
    file_path: str
    file_sha256: FileHash
    size: int
    at: str
    attempt_id: str | None = None
    prompt_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
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


@dataclass(frozen=True, slots=True)
class Task:
    """One row of `tasks`: the last thing that happened to one image."""

    task_id: EntryId
    status: str
    started_at: str | None
    finished_at: str | None
    file_path: str | None
    error: str | None
    prompt_hash: str | None


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One row of `files`: a file that was once put at the target of a task."""

    task_id: EntryId
    file_sha256: FileHash
    size: int
    at: str
    attempt_id: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """Money in USD. `unknown` counts paid attempts of which neither cost nor estimate is known."""

    known: Decimal = Decimal(0)
    estimated: Decimal = Decimal(0)
    possibly: Decimal = Decimal(0)
    """Estimates of requests that may have been charged, those in flight included."""
    unknown: int = 0

    @property
    def total(self) -> Decimal:
        """What a budget counts."""
        return self.known + self.estimated + self.possibly


ATTEMPT_COLUMNS = ",".join(Attempt.__slots__)


class DamagedRowError(sqlite3.DatabaseError):
    """A row that this program did not write like that: the database has no checksums of its own."""


def attempt_of(row: tuple[Any, ...]) -> Attempt:
    """Make an attempt of a row of `ATTEMPT_COLUMNS`. Raises DamagedRowError."""
    try:
        return _attempt_of(row)
    except (ValueError, TypeError, RecursionError) as failure:
        raise DamagedRowError(f"a row of `attempts` is damaged: {failure}") from None


def _attempt_of(row: tuple[Any, ...]) -> Attempt:
    values = dict(zip(Attempt.__slots__, row, strict=True))
    values["status"] = AttemptStatus(values["status"])
    values["cost_estimate_usd"] = amount_of(values["cost_estimate_usd"])
    values["cost_usd"] = amount_of(values["cost_usd"])
    values["possibly_billed"] = bool(values["possibly_billed"])
    datetime.fromisoformat(values["sent_at"])
    usage = json.loads(values["usage"])
    values["usage"] = usage if isinstance(usage, dict) else {}
    return Attempt(**values)


def amount_of(text: str | None) -> Decimal | None:
    """Read an amount of money; None for null and for what is no amount."""
    try:
        amount = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount is None or amount.is_finite() else None


def add_up(attempts: list[Attempt]) -> Spent:
    """Add up what attempts cost: the known cost, else the estimate where an image came or may have been charged."""
    known = estimated = possibly = Decimal(0)
    unknown = 0
    for attempt in attempts:
        paid = attempt.status in (AttemptStatus.STORED, AttemptStatus.DONE)
        perhaps = attempt.possibly_billed or attempt.status in (AttemptStatus.SENT, AttemptStatus.POSSIBLY_BILLED)
        if attempt.cost_usd is not None:
            known += attempt.cost_usd
        elif (paid or perhaps) and attempt.cost_estimate_usd is None:
            unknown += 1
        elif paid:
            estimated += attempt.cost_estimate_usd or 0
        elif perhaps:
            possibly += attempt.cost_estimate_usd or 0
    return Spent(known, estimated, possibly, unknown)
