"""SHA-256 of a project's files, remembered as long as nothing about a file changed.

Laws: a remembered hash counts only while size, both times and inode are the same; a file changed in the last seconds
before it was hashed is not remembered, because a second change could fall into the same tick of the clock; the cache
may be deleted or broken at any time and is then made again. Must not know what the files mean.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from chargen.model.values import FileHash, is_digest
from chargen.store.files import StatKey, hash_file, make_folder
from chargen.store.signatures import RACY_NS
from chargen.store.sqlite_files import is_busy, refuse_foreign

_VERSION = 1
_CREATE = """
CREATE TABLE IF NOT EXISTS files(
  path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode TEXT, sha256 TEXT
) WITHOUT ROWID
"""  # the inode is text: file systems use all 64 bits, SQLite's integers have a sign


class FileHashes:
    """Hashes of a project's files, cached in one SQLite file (`.chargen/cache.sqlite`); safe to use from threads.

    `read_only` uses a cache that is there and writes nothing. `now_ns` gives
    the time since the epoch in nanoseconds.
    """

    def __init__(
        self,
        root: Path,
        database: Path,
        *,
        read_only: bool = False,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._prefix = os.fspath(root).rstrip(os.sep) + os.sep
        self._database = database
        self._read_only = read_only
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._known: dict[str, tuple[StatKey, FileHash]] | None = None
        self._changed: dict[str, tuple[StatKey, FileHash]] = {}

    def hash_of(self, path: Path | str, key: StatKey | None = None) -> FileHash:
        """Return the SHA-256 of a file, read only if it may have changed. Raises OSError.

        `key` spares a stat where the caller has just made one (`FileState.key`).
        """
        text = os.fspath(path)
        name = text.removeprefix(self._prefix)
        if key is None:
            key = StatKey.of(os.stat(text))  # noqa: PTH116 - a plan asks for thousands; building a Path costs more
        with self._lock:
            found = self._load().get(name)
        if found is not None and found[0] == key:
            return found[1]
        started = self._now_ns()
        digest, key = hash_file(text)
        if max(key.mtime_ns, key.ctime_ns) < started - RACY_NS:
            with self._lock:
                self._load()[name] = self._changed[name] = (key, digest)
        return digest

    def save(self) -> None:
        """Write what is new into the cache file, in one transaction. A cache that can't be written is no error."""
        with self._lock:
            changed, self._changed = self._changed, {}
            if not changed or self._read_only:
                return
            rows = [
                (name, key.size, key.mtime_ns, key.ctime_ns, str(key.inode), digest)
                for name, (key, digest) in changed.items()
            ]
            with suppress(sqlite3.Error, OSError):
                make_folder(self._database.parent)
                with closing(sqlite3.connect(self._database, timeout=1.0)) as connection, connection:
                    connection.execute(_CREATE)
                    connection.execute(f"PRAGMA user_version={_VERSION}")
                    connection.executemany("INSERT OR REPLACE INTO files VALUES(?,?,?,?,?,?)", rows)

    def _load(self) -> dict[str, tuple[StatKey, FileHash]]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> dict[str, tuple[StatKey, FileHash]]:
        if not self._database.is_file():
            return {}
        try:
            with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
                connection.execute("PRAGMA trusted_schema=OFF")
                if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                    raise sqlite3.DatabaseError("another version")
                refuse_foreign(connection)
                rows = connection.execute("SELECT path,size,mtime_ns,ctime_ns,inode,sha256 FROM files").fetchall()
                return {
                    name: (StatKey(size, mtime, ctime, int(inode)), FileHash(digest))
                    for name, size, mtime, ctime, inode, digest in rows
                    if is_digest(digest)
                }
        except (sqlite3.Error, ValueError, TypeError) as failure:
            if not (isinstance(failure, sqlite3.Error) and is_busy(failure)):
                self._discard()
        return {}

    def _discard(self) -> None:
        if not self._read_only:
            with suppress(OSError):
                self._database.unlink()
