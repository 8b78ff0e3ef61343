"""Moves of pictures that were begun: what each brings to which entry, until the entry says that it has it.

Laws: a move is on record, durably, before any of its files is replaced, and stays so until its slots are written; a
run that died in between is finished by the next one. Only what no record tells of depends on it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chargen.model.values import FileHash
from chargen.plain_file import read_plain
from chargen.store.files import write_durably


@dataclass(frozen=True, slots=True)
class BegunMove:
    """A move: `file` goes to the entry that names `named` as its picture and has a record of `recorded`."""

    named: str
    recorded: FileHash
    file: FileHash


class Moves:
    """The moves under way of one project, in one file (`.chargen/moves.json`); safe to use from threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def begun(self) -> tuple[BegunMove, ...]:
        """Return the moves that are not finished. A file that can't be read tells of none."""
        try:
            found = json.loads(read_plain(self._file))
            return tuple(
                BegunMove(str(row["named"]), FileHash(str(row["recorded"])), FileHash(str(row["file"])))
                for row in found
            )
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return ()

    def begin(self, moves: Iterable[BegunMove]) -> None:
        """Put moves on record; on return they survive a power loss. Raises InputError."""
        with self._lock:
            self._write({*self.begun(), *moves})

    def finish(self, moves: Iterable[BegunMove]) -> None:
        """Take moves off the record. Raises InputError."""
        with self._lock:
            self._write(set(self.begun()).difference(moves))

    def _write(self, moves: set[BegunMove]) -> None:
        rows = [{name: getattr(move, name) for name in BegunMove.__slots__} for move in moves]
        rows.sort(key=lambda row: (row["named"], row["recorded"], row["file"]))
        if moves or self._file.exists():
            write_durably(self._file, (json.dumps(rows, indent=1) + "\n").encode())
