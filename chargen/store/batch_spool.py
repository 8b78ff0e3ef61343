"""The lines of a job on the disk: requests as the vendor gets them, and beside them their records.

Law: a line is in both files or in none, also where the disk is full.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

from chargen.errors import InputError
from chargen.model.record import Record, RecordError, from_json, to_dict
from chargen.plain_file import open_plain
from chargen.store.batch_job import JobLine
from chargen.store.files import as_input_error, make_folder, sync_file, write_all
from chargen.store.temporaries import temporary_name

REQUESTS_FILE = "requests.jsonl"
"""The lines as the vendor gets them."""
RECORDS_FILE = "records.jsonl"
"""A record for each line, as far as it is known before it leaves."""
MOST_BYTES = 8 << 30
"""Of a file of lines: more than any vendor takes."""


class Spool:
    """The lines of a job that is being put together, in a folder of its own that a dead process leaves to be swept."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / temporary_name()
        make_folder(self.path)
        self.lines: list[JobLine] = []
        self.bytes = self._record_bytes = 0
        self._requests: FileIO = (self.path / REQUESTS_FILE).open("wb", buffering=0)
        self._records: FileIO = (self.path / RECORDS_FILE).open("wb", buffering=0)

    def add(self, line: JobLine, record: Record, request: bytes) -> None:
        """Add a request: its line as the vendor gets it, and its record. Raises InputError, and nothing is added."""
        told = json.dumps(to_dict(record), ensure_ascii=True, sort_keys=True).encode()
        try:
            with as_input_error(self.path / REQUESTS_FILE):
                write_all(self._requests, request + b"\n")
                write_all(self._records, told + b"\n")
        except InputError:
            _cut(self._requests, self.bytes)
            _cut(self._records, self._record_bytes)
            raise
        self.lines.append(line)
        self.bytes += len(request) + 1
        self._record_bytes += len(told) + 1

    def take_out(self, attempts: Collection[str]) -> list[JobLine]:
        """Take requests out again, and return their lines. Raises InputError."""
        out = [line for line in self.lines if line.attempt in attempts]
        kept = [line.attempt not in attempts for line in self.lines]
        with as_input_error(self.path / REQUESTS_FILE):
            self._requests = _kept_lines(self._requests, kept)
            self._records = _kept_lines(self._records, kept)
        self.lines = [line for line in self.lines if line.attempt not in attempts]
        self.bytes, self._record_bytes = self._requests.tell(), self._records.tell()
        return out

    def finish(self) -> None:
        """Bring the lines to the disk."""
        for file in (self._requests, self._records):
            file.close()
        for name in (REQUESTS_FILE, RECORDS_FILE):
            sync_file(self.path / name)

    def drop(self) -> None:
        """Forget it: nothing has left."""
        for file in (self._requests, self._records):
            file.close()
        shutil.rmtree(self.path, ignore_errors=True)


def _kept_lines(file: FileIO, kept: Iterable[bool]) -> FileIO:
    """Write a file of lines anew with some of them, and return it, open at its end. Raises OSError."""
    file.close()
    path = Path(file.name)
    whole = path.with_suffix(".whole")
    path.rename(whole)
    fewer = path.open("wb", buffering=0)
    with BufferedReader(open_plain(whole, MOST_BYTES)) as lines:
        for line in (line for line, is_kept in zip(lines, kept, strict=True) if is_kept):
            write_all(fewer, line)
    whole.unlink()
    return fewer


def _cut(file: FileIO, end: int) -> None:
    """Take off what a full disk took of a line."""
    file.truncate(end)
    file.seek(end)


class LineRecords:
    """The records of a job's lines by attempt, as far as they were known when it left; each is read when asked for."""

    def __init__(self, path: Path) -> None:
        self._places: dict[str, int] = {}
        try:
            self._file: BinaryIO = BufferedReader(open_plain(path, MOST_BYTES))
        except OSError:
            self._file = BytesIO()
        place = 0
        for line in self._file:
            with suppress(RecordError):
                self._places[from_json(line).attempt] = place
            place += len(line)

    def __enter__(self) -> LineRecords:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def get(self, attempt: str) -> Record | None:
        """Return the record of a line, None where there is none that can be read."""
        place = self._places.get(attempt)
        if place is None:
            return None
        self._file.seek(place)
        return from_json(self._file.readline())
