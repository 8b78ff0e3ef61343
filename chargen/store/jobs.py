"""Requests under way at a server that can be asked for them again, by any process: what is known of each beforehand.

Laws: a job is here, durably, before its request leaves, and until its reply is stored or the server knows it no more;
so a run that died is finished by the next one, and nothing is queued twice. Only for providers that can be asked again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from chargen.model.record import Record, RecordError, from_dict, to_dict
from chargen.plain_file import read_plain
from chargen.store.files import write_durably

SUFFIX = ".json"


class Job(Struct, frozen=True):
    """A request that may be under way: its record as far as it is known, and the server's address."""

    record: Record
    server: str

    @property
    def name(self) -> str:
        """The attempt, under whose name it was sent."""
        return self.record.attempt


class Jobs:
    """The jobs of one project, a file each in `folder` (`.chargen/jobs`); safe to use from threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._taken: set[str] = set()

    def begin(self, job: Job) -> None:
        """Put a job on record, whose image waits for it; on return it survives a power loss. Raises InputError."""
        text = json.dumps({**to_dict(job.record), "server": job.server}, ensure_ascii=True, sort_keys=True, indent=1)
        write_durably(self._path(job.name), f"{text}\n".encode())
        with self._lock:
            self._taken.add(job.name)

    def take(self, wanted: Callable[[Job], bool]) -> Job | None:
        """Return the first job that is wanted and that no other image of this process waits for."""
        for job in self.all():
            with self._lock:
                if job.name in self._taken or not wanted(job):
                    continue
                self._taken.add(job.name)
            return job
        return None

    def let_go(self, name: str) -> None:
        """Let an image no longer wait for a job, which goes on."""
        with self._lock:
            self._taken.discard(name)

    def end(self, name: str) -> None:
        """Take a job off the record. It is not synced: a server that is asked once more says the same again."""
        with suppress(FileNotFoundError):
            self._path(name).unlink()

    def all(self) -> tuple[Job, ...]:
        """Return every job, oldest first. A file that can't be read tells of none."""
        return tuple(job for path in sorted(self._folder.glob(f"*{SUFFIX}")) if (job := _read(path)) is not None)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def _read(path: Path) -> Job | None:
    try:
        found = json.loads(read_plain(path))
        job = Job(from_dict(found), str(found["server"]))
    except (OSError, ValueError, KeyError, TypeError, RecordError, RecursionError):
        return None
    return job if job.name == path.stem else None
