"""Jobs of many requests at a vendor: what is known of each on the disk, from before it is made until it is collected.

Laws: a job's folder `<name>/` is filled aside, synced, and renamed into place, so it is there whole or not at all, and
before the vendor hears of it; that its creation begins, and the id it got, are each on the disk before the next step.
So whatever dies, the next run knows which requests may be at the vendor and by which name to ask for them. What can't
be read of a folder is taken from the rest of it, its lines from their records.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from msgspec.structs import asdict, replace

from chargen.model.amounts import amount_of
from chargen.model.batches import Upload
from chargen.model.record import RecordError, from_json
from chargen.model.values import EntryId, FileHash, Fingerprint, Route
from chargen.plain_file import open_plain, read_json, read_plain
from chargen.store.batch_job import BatchJob, JobLine, LastState
from chargen.store.batch_spool import MOST_BYTES, RECORDS_FILE, REQUESTS_FILE, LineRecords, Spool
from chargen.store.clock import stamp
from chargen.store.files import (
    as_input_error,
    make_folder,
    sync_folder,
    write_durably,
    write_whole,
)
from chargen.store.journal_rows import amount_text
from chargen.store.temporaries import temporary_name

JOB_FILE = "job.json"
CREATING_FILE = "creating"
"""There from before the request that makes the job; when that was."""
ID_FILE = "id"
"""The id that the vendor gave it."""
STATE_FILE = "state.json"
"""What the vendor said of it last; it decides nothing."""
SETTLED_FILE = "settled"
"""Attempts of which it is known what became of them, one a line."""
ROOM_FILE = "room.json"
"""Beside the jobs: how many lines of a model its vendor may have room for."""
_TEXTS = ("name", "provider", "model", "server", "group", "run", "begun_at")
_FORMAT = 1


class BatchJobs:
    """The jobs of one project, a folder each in `folder` (`.chargen/jobs`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def spool(self) -> Spool:
        """Begin to put a job together. Raises InputError."""
        with as_input_error(self.folder):
            make_folder(self.folder)
            return Spool(self.folder)

    def begin(self, spool: Spool, job: BatchJob) -> BatchJob:
        """Put a job on record with its lines; on return it survives a power loss. Returns it with its lines.

        Raises InputError.
        """
        job = replace(job, lines=tuple(spool.lines))
        with as_input_error(spool.path):
            spool.finish()
            write_durably(spool.path / JOB_FILE, _job_text(job).encode())
            sync_folder(spool.path)
            spool.path.rename(self.folder / job.name)
            sync_folder(self.folder)
        return job

    def creating(self, job: BatchJob, at: str) -> BatchJob:
        """Note, durably, that the job is about to be made."""
        write_durably(self._path(job, CREATING_FILE), f"{at}\n".encode())
        return replace(job, creating_at=at)

    def created(self, job: BatchJob, job_id: str) -> BatchJob:
        """Note, durably, the id that the vendor gave it."""
        write_durably(self._path(job, ID_FILE), f"{job_id}\n".encode())
        return replace(job, id=job_id)

    def saw(self, job: BatchJob, last: LastState) -> BatchJob:
        """Note what the vendor says of it."""
        values = {**asdict(last), "state": last.state.value}
        write_whole(self._path(job, STATE_FILE), f"{json.dumps(values)}\n".encode())
        return replace(job, last=last)

    def settle(self, job: BatchJob, attempts: list[str]) -> BatchJob:
        """Note that these lines need not be asked for again. It is not synced: asking again tells the same."""
        with self._path(job, SETTLED_FILE).open("ab") as file:
            file.write("".join(f"{attempt}\n" for attempt in attempts).encode())
        return replace(job, settled=job.settled.union(attempts))

    def end(self, job: BatchJob) -> None:
        """Take a job off the record, at once. It is not synced: a vendor that is asked again tells the same."""
        gone = self.folder / temporary_name()
        with suppress(FileNotFoundError):
            (self.folder / job.name).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def requests(self, job: BatchJob) -> BinaryIO:
        """Open the file of lines."""
        return BufferedReader(open_plain(self._path(job, REQUESTS_FILE), MOST_BYTES))

    def records(self, job: BatchJob) -> LineRecords:
        """Open the records of the lines."""
        return LineRecords(self._path(job, RECORDS_FILE))

    def note_room(self, route: Route, lines: int | None) -> None:
        """Remember how many lines of a model a vendor may have room for; None forgets it. It only saves a try."""
        known = _rooms(self.folder / ROOM_FILE)
        if known.pop(str(route), None) == lines:
            return
        if lines is not None:
            known[str(route)] = lines
        make_folder(self.folder)
        write_whole(self.folder / ROOM_FILE, f"{json.dumps(known, sort_keys=True)}\n".encode())

    def room(self, route: Route) -> int | None:
        """Return how many lines of a model its vendor may have room for, None where it never refused any."""
        return _rooms(self.folder / ROOM_FILE).get(str(route))

    def look(self) -> tuple[tuple[BatchJob, ...], tuple[str, ...]]:
        """Return every job, oldest first, and the folders of those of which nothing tells all requests they hold."""
        read = {name: _read(self.folder / name) or _mended(self.folder / name) for name in _names(self.folder)}
        jobs = sorted((job for job in read.values() if job is not None), key=lambda job: (job.begun_at, job.name))
        return tuple(jobs), tuple(name for name, job in read.items() if job is None)

    def remains(self, name: str) -> BatchJob:
        """Return what is known of a job whose folder does not tell what it is of: no lines, and nobody to ask."""
        path = self.folder / name
        try:
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError:
            at = datetime.now(UTC)
        return _with_progress(path, BatchJob(name, "", "", "", "", "", stamp(at), ()))

    def all(self) -> tuple[BatchJob, ...]:
        """Return every job, oldest first. A folder that tells nothing is none."""
        return self.look()[0]

    def _path(self, job: BatchJob, name: str) -> Path:
        return self.folder / job.name / name


def new_job_name() -> str:
    """Make a name that no other job of any project has."""
    return f"chargen-{secrets.token_hex(8)}"


def jobs_state(folder: Path) -> str:
    """Return a text that changes with what is known of the jobs in a folder, and is empty where there are none."""
    files = SETTLED_FILE, JOB_FILE, RECORDS_FILE, REQUESTS_FILE
    return "\n".join(f"{name} {' '.join(_state(folder / name / file) for file in files)}" for name in _names(folder))


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_size}:{found.st_mtime_ns}"


def _names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.startswith("chargen-"))  # noqa: PTH208 - every plan asks
    except FileNotFoundError:
        return []
    except OSError:
        return ["."]  # what is in it is lost: the folder itself is a job that can't be read


def _job_text(job: BatchJob) -> str:
    value: dict[str, Any] = {name: getattr(job, name) for name in _TEXTS}
    value["format"] = _FORMAT
    value["uploads"] = [asdict(upload) for upload in job.uploads]
    value["lines"] = [
        [
            *(line.attempt, line.entry_id, line.fingerprint, line.after),
            *(amount_text(line.estimate_usd), amount_text(line.most_usd), line.named, line.before, line.status),
        ]
        for line in job.lines
    ]
    return json.dumps(value, sort_keys=True, indent=0) + "\n"


def _read(path: Path) -> BatchJob | None:
    try:
        found = json.loads(read_plain(path / JOB_FILE, MOST_BYTES))
        if found["format"] != _FORMAT or found["name"] != path.name or not _is_moment(found["begun_at"]):
            return None
        texts: dict[str, Any] = {name: str(found[name]) for name in _TEXTS}
        job = BatchJob(
            **texts,
            lines=tuple(map(_line, found["lines"])),
            uploads=tuple(Upload(**{**one, "sha256": FileHash(one["sha256"])}) for one in found["uploads"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return _with_progress(path, job)


def _mended(path: Path) -> BatchJob | None:
    """Put a job together from the records of its lines; None where one of them can't be read, or is not there."""
    try:
        with BufferedReader(open_plain(path / RECORDS_FILE, MOST_BYTES)) as file:
            records = [from_json(line) for line in file]
        with BufferedReader(open_plain(path / REQUESTS_FILE, MOST_BYTES)) as file:
            requests = sum(1 for _ in file)
        first = records[0]
    except (OSError, RecordError, IndexError):
        return None
    if len(records) != requests:
        return None
    lines = tuple(
        JobLine(
            record.attempt,
            record.entry_id,
            record.fingerprint,
            record.after,
            record.cost_estimate_usd,
            record.cost_estimate_usd,
        )
        for record in records
    )
    job = BatchJob(
        path.name, first.provider, first.model, "", "", first.run, first.sent_at, lines, mended=True
    )  # fmt: skip
    return _with_progress(path, job) if _is_moment(job.begun_at) else None


def _with_progress(path: Path, job: BatchJob) -> BatchJob:
    """Return a job with how far it is. When its creation began may be unreadable, but not whether."""
    creating_at = _one_line(path / CREATING_FILE)
    if not _is_moment(creating_at):
        creating_at = job.begun_at if os.path.lexists(path / CREATING_FILE) else ""
    return replace(
        job,
        creating_at=creating_at,
        id=_one_line(path / ID_FILE),
        last=read_json(path / STATE_FILE, LastState, None),
        settled=frozenset(_whole_lines(path / SETTLED_FILE)),
    )


def _is_moment(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


def _line(values: Any) -> JobLine:
    attempt, entry_id, fingerprint, after, estimate, most, named, before, status = values
    usd, most_usd = (None if amount is None else amount_of(amount) for amount in (estimate, most))
    return JobLine(
        str(attempt), EntryId(entry_id), Fingerprint(fingerprint), after, usd, most_usd, named, before, status
    )


def _one_line(path: Path) -> str:
    try:
        return read_plain(path).decode().strip()
    except (OSError, ValueError):
        return ""


def _whole_lines(path: Path) -> list[str]:
    try:
        return read_plain(path).decode().split("\n")[:-1]
    except (OSError, ValueError):
        return []


def _rooms(path: Path) -> dict[str, int]:
    return {name: max(lines, 1) for name, lines in read_json(path, dict[str, int], {}).items()}
