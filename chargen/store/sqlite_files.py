"""SQLite databases in a project's folder, which may come from a stranger."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class ForeignError(sqlite3.DatabaseError):
    """A database with more in it than rows: what it does on its own is a stranger's doing."""


def refuse_foreign(connection: sqlite3.Connection) -> None:
    """Raise ForeignError where a database does something on its own."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE type IN ('trigger','view') LIMIT 1").fetchone():
        raise ForeignError("it holds triggers or views")


def is_busy(failure: sqlite3.Error) -> bool:
    """Say whether a database can't be asked because another process has it in its hands."""
    return getattr(failure, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def open_to_read(path: Path) -> sqlite3.Connection | None:
    """Open a database so that no file is made beside it; None where there is none. Raises sqlite3.Error."""
    if not path.is_file():
        return None
    # Without a write-ahead log nobody has it open, and SQLite would make one even to read: `immutable` forbids that.
    options = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        refuse_foreign(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
