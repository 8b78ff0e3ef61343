"""The statements that write the journal's rows, each inside a transaction of the caller's.

Must not open or close anything. What a lost journal held of an original is made here again, equal to what was lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from chargen.model.record import plain
from chargen.model.request import FailureClass
from chargen.store.journal_rows import ATTEMPT_COLUMNS, Attempt, AttemptStatus, attempt_of
from chargen.store.original_store import StoredOriginal


def select_attempts(connection: sqlite3.Connection, where: str, values: tuple[Any, ...] = ()) -> Iterator[Attempt]:
    """Return the attempts a condition of our own selects."""
    rows = connection.execute(f"SELECT {ATTEMPT_COLUMNS} FROM attempts {where}", values).fetchall()  # noqa: S608 - our words
    return map(attempt_of, rows)


def put_task(connection: sqlite3.Connection, task_id: str, status: str, **values: str | None) -> None:
    """Make or change the row of an image; columns not named keep their value, `error` is cleared."""
    given = {name: value for name, value in values.items() if value is not None}
    if "started_at" in given:  # a new beginning: the end and the failure of the last one are over
        given_or_null: dict[str, str | None] = {"finished_at": None, "error": None, **given}
    else:
        given_or_null = {"error": None, **given}
    names = ("task_id", "status", *given_or_null)
    updates = ",".join(f"{name}=excluded.{name}" for name in names[1:])
    connection.execute(
        f"INSERT INTO tasks({','.join(names)}) VALUES({','.join('?' * len(names))}) "
        f"ON CONFLICT(task_id) DO UPDATE SET {updates}",
        (task_id, status, *given_or_null.values()),
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
            _place(stored),
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
        "original": _place(stored),
        "file_sha256": last.sha256 if last else None,
    }
    columns, marks = ",".join(values), ",".join("?" * len(values))
    added = connection.execute(
        f"INSERT INTO attempts({columns}) VALUES({marks}) ON CONFLICT(attempt_id) DO NOTHING",
        tuple(values.values()),
    ).rowcount
    if not added:
        return
    put_task(connection, record.entry_id, "building", started_at=record.sent_at)
    if stored.unusable:
        put_task(connection, record.entry_id, "failed", finished_at=record.received_at, error=safe(stored.unusable))
    if last:
        put_task(connection, record.entry_id, "done", finished_at=last.at, file_path=last.file_path)


def amount_text(amount: Decimal | None) -> str | None:
    """Write an amount of money as it is stored."""
    return None if amount is None else str(amount)


def usage_text(usage: Mapping[str, Any]) -> str:
    """Write a provider's account of usage as it is stored."""
    return json.dumps(plain(usage), sort_keys=True)


def safe(text: str | None) -> str | None:
    """Return text in a form SQLite takes: a lone surrogate, which has no UTF-8, becomes its escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _place(stored: StoredOriginal) -> str:
    return f"{stored.record.fingerprint}/{stored.record.attempt}"
