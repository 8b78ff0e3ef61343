"""The journal's database file: opened late, mended by itself, never half written.

Laws: what a call writes is committed and synced before it returns; a damaged file is moved to the trash and made anew,
which is reported; one that was deleted while it was open is made anew with all its rows; reading only makes no file,
not even the ones SQLite keeps beside a database, and puts one in memory in the place of a damaged one. Must not know
what the rows mean.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from chargen.config.layout import JOURNAL
from chargen.errors import InputError, Position, Problem, StartError, error, warning
from chargen.store.clock import Clock
from chargen.store.files import as_input_error, make_folder
from chargen.store.journal_rows import SCHEMA, SCHEMA_VERSION, TABLES, DamagedRowError
from chargen.store.sqlite_files import ForeignError, is_busy, open_to_read, refuse_foreign
from chargen.store.trash import Trash

_BUSY_SECONDS = 30.0
_FORGOTTEN = "requests that failed, were refused or may have been billed"
"""What only the journal knows."""
_T = TypeVar("_T")
_Rows = dict[str, list[tuple[Any, ...]]]
"""All rows of all tables."""


class _Job(Struct):
    """Something to be done in a transaction, and what came of it."""

    work: Callable[[sqlite3.Connection], Any]
    found: Any = None
    failure: BaseException | None = None
    is_done: bool = False


class JournalFile:
    """One SQLite file behind a lock.

    `fill` puts what is known from elsewhere into a database just made, and returns of how many originals; `report` is
    called where that was not a beginning.
    """

    def __init__(
        self,
        root: Path,
        *,
        read_only: bool,
        clock: Clock,
        fill: Callable[[sqlite3.Connection], int],
        report: Callable[[Problem], None],
    ) -> None:
        self.path = root / JOURNAL
        self._root = root
        self._read_only = read_only
        self._clock = clock
        self._fill = fill
        self._report = report
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._jobs: deque[_Job] = deque()
        self._opened: tuple[int, int] | None = None
        """Which file the connection is one to."""
        self._kept = ""
        """Where a damaged file was moved, until that is reported."""

    def read(self, work: Callable[[sqlite3.Connection], list[_T]]) -> list[_T]:
        """Do `work`, which only asks; with `read_only` an absent file, and one that is busy, is empty."""
        if not self._read_only:
            return self._mended(lambda: work(self._connected()))
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = open_to_read(self.path)
                return [] if self._connection is None else work(self._connection)
            except sqlite3.DatabaseError as failure:
                if self._is_in_use(failure):
                    return []
            self.close()
            self._connection = self._stand_in()
            return work(self._connection)

    def run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do `work` in a transaction, synced on return; on a damaged database it is done again on a new one.

        What several threads ask for at once shares one transaction.
        """
        if self._read_only:
            raise ValueError("this journal is only read")
        job = _Job(work)
        self._jobs.append(job)
        with self._lock:
            if not job.is_done:  # else a thread that had the lock took it along
                jobs = [self._jobs.popleft() for _ in range(len(self._jobs))]
                try:
                    self._do(jobs)
                except BaseException as failure:
                    for each in jobs:
                        each.failure = failure
                    raise
                finally:
                    for each in jobs:
                        each.is_done = True
        if job.failure is not None:
            raise job.failure
        found: _T = job.found
        return found

    def soon(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do `work` in the transaction of what is written next: until then it is not seen, and it may be lost."""
        self._jobs.append(_Job(work))

    def _do(self, jobs: Sequence[_Job]) -> None:
        def transact() -> None:
            with _transaction(connection := self._connected()):
                for job in jobs:
                    job.found = job.work(connection)

        try:
            self._mended(transact)
        except Exception as failure:  # noqa: BLE001 - it belongs to whoever asked
            if len(jobs) == 1:
                jobs[0].failure = failure
                return
            for job in jobs:  # one that can't be done must not fail the others
                self._do([job])

    def _mended(self, act: Callable[[], _T]) -> _T:
        with self._lock, _as_input_error(self.path):
            try:
                return act()
            except sqlite3.DatabaseError as failure:
                if not _is_damage(failure):
                    raise
            self._set_aside()
            return act()

    def _is_in_use(self, failure: sqlite3.DatabaseError) -> bool:
        """Say whether a file can't be asked because a process has it in its hands, or is just making it."""
        unmade = str(failure).startswith("no such table")
        return is_busy(failure) or (unmade and self.path.with_name(self.path.name + "-wal").exists())

    def _stand_in(self) -> sqlite3.Connection:
        """Make what the next run that may write will make, in memory."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        count = self._make(connection)
        hint = (
            f"{_FORGOTTEN} are not known now, so more may have been spent; the next build makes the journal again, and "
            "keeps the damaged file in the trash"
        )
        known = f"{_originals(count)} alone" if count else _originals(count)
        message = f"the journal is damaged or can't be read: what is told comes {known}"
        self._report(warning(message, Position(JOURNAL), hint))
        return connection

    def _make(self, connection: sqlite3.Connection) -> int:
        for statement in SCHEMA.split(";")[:-1]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        return self._fill(connection)

    def _connected(self) -> sqlite3.Connection:
        rows: _Rows = {}
        if self._connection is not None and _identity(self.path) != self._opened:
            # Deleted under our hands: SQLite would go on writing into a file that nobody can open any more.
            rows = {name: self._connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}  # noqa: S608
            self._disconnect()
        if self._connection is None:
            self._connection = self._open(rows)
            self._opened = _identity(self.path)
        return self._connection

    def _open(self, rows: _Rows) -> sqlite3.Connection:
        with as_input_error(self.path, self._root):
            make_folder(self.path.parent)
        count = 0
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "trusted_schema=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            refuse_foreign(connection)
            with _transaction(connection):
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    count = self._make(connection)
                for name, values in rows.items():
                    for row in values:
                        connection.execute(f"INSERT OR REPLACE INTO {name} VALUES({','.join('?' * len(row))})", row)
            if version > SCHEMA_VERSION:
                raise StartError(
                    "the journal was written by a newer chargen", hint="install that version or a later one"
                )
        except BaseException:
            connection.close()
            raise
        if self._kept:
            hint = f"{_FORGOTTEN} are not known any more; the damaged file is kept: `{self._kept}`"
            message = f"the journal was damaged: it was made again {_originals(count)}"
            self._report(warning(message, Position(JOURNAL), hint))
        elif rows:
            hint = "delete what is in `.chargen` only while nothing runs"
            message = "the journal was deleted while it was in use: it was made again, with all it knew"
            self._report(warning(message, Position(JOURNAL), hint))
        elif count:
            hint = f"{_FORGOTTEN} are not known any more"
            self._report(warning(f"the journal was gone: it was made again {_originals(count)}", None, hint))
        self._kept = ""
        return connection

    def _set_aside(self) -> None:
        self._disconnect()
        names = (self.path.name, self.path.name + "-wal", self.path.name + "-shm")
        moved = Trash(self._root, self._clock).move(self.path.with_name(name) for name in names)
        self._kept = moved[0].relative_to(self._root).as_posix() if moved else ""

    def close(self) -> None:
        """Write what waits and close the database; it opens again when used."""
        with self._lock:
            if self._jobs:
                self.run(lambda _connection: None)
            self._disconnect()

    def _disconnect(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Say which file stands at a path, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _originals(count: int) -> str:
    return (
        f"from the {count:,} original{'' if count == 1 else 's'}" if count else "from nothing: there are no originals"
    )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    if connection.in_transaction:  # an interrupt came in between two lines of this
        connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _as_input_error(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as failure:
        hint = "see that this disk has space and can be written to, then run again: what was paid for is kept"
        raise InputError(error(f"can't write the journal: {failure}", Position(str(path)), hint)) from failure


def _is_damage(failure: sqlite3.DatabaseError) -> bool:
    code = getattr(failure, "sqlite_errorcode", None)
    if isinstance(failure, ForeignError | DamagedRowError):
        return True
    missing = isinstance(failure, sqlite3.OperationalError) and str(failure).startswith(
        ("no such table", "no such col", "Could not decode")
    )
    return missing or (code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
