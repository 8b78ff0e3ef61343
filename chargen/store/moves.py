"""Moves that were begun: pictures on their way to entries, and an entry on its way from one file to another.

Laws: a move is on record, durably, before any of its files is replaced, and stays so until the last one is; what died
in between is finished by the next run. Of pictures only what no record tells of depends on it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from chargen.model.values import EntryId, FileHash
from chargen.plain_file import read_json
from chargen.store.files import as_input_error, write_durably


class BegunMove(Struct, frozen=True):
    """A move: `file` goes to the entry that names `named` as its picture and has a record of `recorded`."""

    named: str
    recorded: FileHash
    file: FileHash


class BegunEntryMove(Struct, frozen=True):
    """An entry that goes from one file to another: it stands in the new one first, then leaves the old one.

    `lines` is a digest of its lines in the old file.
    """

    before: EntryId
    old_file: str
    after: EntryId
    new_file: str
    lines: str


class Moves:
    """The moves under way of one project (`.chargen/moves.json`, `entry-move.json`); safe to use from threads."""

    def __init__(self, file: Path, entry_file: Path) -> None:
        self._file = file
        self._entry_file = entry_file
        self._lock = threading.Lock()

    def entry(self) -> BegunEntryMove | None:
        """Return the move of an entry that is not finished. A file that can't be read describes none."""
        return read_json(self._entry_file, BegunEntryMove, None)

    def begin_entry(self, move: BegunEntryMove) -> None:
        """Put an entry's move on record; on return it survives a power loss. Raises InputError."""
        row = asdict(move)
        write_durably(self._entry_file, (json.dumps(row, indent=1) + "\n").encode())

    def finish_entry(self) -> None:
        """Take an entry's move off the record. Raises InputError."""
        with as_input_error(self._entry_file, doing="remove"):
            self._entry_file.unlink(missing_ok=True)

    def begun(self) -> tuple[BegunMove, ...]:
        """Return the moves that are not finished. A file that can't be read describes none."""
        return read_json(self._file, tuple[BegunMove, ...], ())

    def begin(self, moves: Iterable[BegunMove]) -> None:
        """Put moves on record; on return they survive a power loss. Raises InputError."""
        with self._lock:
            self._write({*self.begun(), *moves})

    def finish(self, moves: Iterable[BegunMove]) -> None:
        """Take moves off the record. Raises InputError."""
        with self._lock:
            self._write(set(self.begun()).difference(moves))

    def _write(self, moves: set[BegunMove]) -> None:
        rows = [asdict(move) for move in moves]
        rows.sort(key=lambda row: (row["named"], row["recorded"], row["file"]))
        if moves or self._file.exists():
            write_durably(self._file, (json.dumps(rows, indent=1) + "\n").encode())
