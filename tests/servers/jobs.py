"""The jobs that a loopback vendor keeps: files, jobs, lines, what each line came to and what was billed for it.

With a folder its state stands there, so that a server that starts again knows all. What became of a line is decided
once, when its job ends, by the same script that live requests meet (`server.when`, `server.then`); its picture is made
while it is fetched, so that results of hundreds of megabytes cost no memory. Must not import chargen.

    server.jobs.hold = True                       # jobs run until `end`
    server.jobs.ends("expired", finished=3)       # the next job ends so, three lines done
    server.jobs.fails("create", cut_before_headers(), after=True)  # the job is made, its answer is lost
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from servers.loopback import Routed
from servers.scripted import Fault, Seen

OVER = ("completed", "failed", "expired", "cancelled")


@dataclass
class Line:
    """One line of a job and what it came to: a picture of that number, or an answer of that status."""

    key: str
    prompt: str
    request: dict[str, Any]
    picture: int = 0
    status: int = 0
    body: Any = None


@dataclass
class Job:
    """A job; `state` is one of `validating`, `in_progress`, `cancelling` and those of `OVER`."""

    id: str
    name: str
    model: str
    endpoint: str
    file: str
    created: float
    state: str = "validating"
    ending: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    """Ids of its files of results: of what was made, and of what was not."""
    error: dict[str, Any] | None = None
    ended: float = 0.0
    deleted: bool = False
    asked: int = 0

    @property
    def made(self) -> list[Line]:
        """The lines that brought a picture."""
        return [line for line in self.lines if line.picture]


@dataclass
class StoredFile:
    """What is known of a file; its bytes stand beside."""

    id: str
    title: str
    media_type: str
    purpose: str
    size: int
    created: float
    expires: float = 0.0


class Jobs:
    """Thread-safe; a vendor's server says how all of it is spelt."""

    def __init__(self, server: Any, folder: Path | None) -> None:
        """`server` answers lines: `line_fault(seen)`, `usual(seen, number)`, `next_picture()`."""
        self._server = server
        self._folder = folder
        self._memory: dict[str, bytes] = {}
        self.hold = False
        """Jobs run until `end` is called."""
        self.polls = 0
        """How often a job says that it runs before it is over, where nothing holds it."""
        self.room: int | None = None
        """Lines of all jobs that are not over; what is more than that is refused."""
        self.page = 100
        """Jobs or files on one page of a list, whatever is asked."""
        self.calls: list[str] = []
        """Each operation as it came: upload, create, list, status, content, cancel, delete, files."""
        self.watch: Callable[[str, bool], object] = lambda *_: None
        """Called before and after an operation is carried out, and before each line of results (`line`) is sent."""
        self._endings: list[dict[str, Any]] = []
        self._faults: list[tuple[str, Fault, int, bool, str]] = []
        self._lock = threading.RLock()
        self.all: dict[str, Job] = {}
        self.files: dict[str, StoredFile] = {}
        self._count = 0
        self._load()

    # What a test says and asks -------------------------------------------------------------------------------------

    def ends(self, state: str, *, finished: int | None = None, output: bool = True, error: Any = None) -> None:
        """Let the next job that is made end so: `finished` lines done (all), with files of results or without."""
        self._endings.append({"state": state, "finished": finished, "output": output, "error": error})

    def end(self, *names: str) -> None:
        """End jobs that are held, all or by name."""
        with self._lock:
            for job in self.all.values():
                if job.state not in OVER and (not names or job.name in names):
                    self._end(job)

    def fails(self, operation: str, fault: Fault, times: int = 1, *, after: bool = False, words: str = "") -> None:
        """Let calls of an operation meet a fault, before or `after` it is carried out: those of paths with `words`."""
        with self._lock:
            self._faults.append((operation, fault, times, after, words))

    @property
    def live(self) -> list[Job]:
        """The jobs there are, in the order they were made."""
        with self._lock:
            return [job for job in self.all.values() if not job.deleted]

    @property
    def billed(self) -> Counter[str]:
        """How often each prompt was billed: once for every line that brought a picture, fetched or not."""
        with self._lock:
            return Counter(line.prompt for job in self.all.values() for line in job.made)

    @property
    def billed_keys(self) -> Counter[str]:
        """How often each line's key was billed."""
        with self._lock:
            return Counter(line.key for job in self.all.values() for line in job.made)

    def lose_jobs(self) -> None:
        """Know no job any more."""
        with self._lock:
            for job in self.all.values():
                job.deleted = True
            self._save()

    def lose_files(self, title: str = "") -> None:
        """Delete all files whose title begins so, as their time were over."""
        with self._lock:
            for file in [file for file in self.files.values() if file.title.startswith(title)]:
                self.drop(file.id)

    # What a vendor's server does -----------------------------------------------------------------------------------

    def fault(self, operation: str, path: str = "", *, after: bool = False) -> Fault | None:
        """Return the fault that a call meets, and use it up."""
        with self._lock:
            for index, (name, fault, times, late, words) in enumerate(self._faults):
                if name == operation and late is after and times > 0 and words in path:
                    self._faults[index] = (name, fault, times - 1, late, words)
                    return fault
        return None

    def new_id(self, kind: str) -> str:
        """Return an id that was never given."""
        with self._lock:
            self._count += 1
            return f"{kind}{self._count:05}"

    def keep(self, file: StoredFile, data: bytes) -> StoredFile:
        """Keep a file that was uploaded."""
        with self._lock:
            self.files[file.id] = file
            if self._folder is None:
                self._memory[file.id] = data
            else:
                self._path(file.id).write_bytes(data)
            self._save()
        return file

    def content(self, file_id: str) -> bytes:
        """Return the bytes of a file that was uploaded."""
        return self._memory[file_id] if self._folder is None else self._path(file_id).read_bytes()

    def drop(self, file_id: str) -> bool:
        """Delete a file; say whether it was there."""
        with self._lock:
            if self.files.pop(file_id, None) is None:
                return False
            self._memory.pop(file_id, None)
            if self._folder is not None:
                self._path(file_id).unlink(missing_ok=True)
            self._save()
            return True

    def add(self, job: Job) -> Job:
        """Begin a job that was created; what it is to end with was said before."""
        with self._lock:
            job.ending = self._endings.pop(0) if self._endings else {"state": "completed", "finished": None}
            self.all[job.id] = job
            self._save()
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job and let it go on by one step, as if time had passed since it was last asked for."""
        with self._lock:
            job = self.all.get(job_id)
            if job is None or job.deleted:
                return None
            if job.state not in OVER and not self.hold:
                if job.asked >= self.polls:
                    self._end(job)
                else:
                    job.state = "in_progress"
            job.asked += 1
            self._save()
            return job

    def cancel(self, job: Job) -> None:
        """Cancel a job: it says `cancelling` until it is asked for again."""
        with self._lock:
            finished = job.ending.get("finished") if job.ending.get("state") == "cancelled" else 0
            job.ending = {**job.ending, "state": "cancelled", "finished": finished}
            job.state = "cancelling"
            self._save()

    def delete(self, job: Job) -> None:
        """Forget a job, but not its bill."""
        with self._lock:
            job.deleted = True
            self._save()

    def queued(self) -> int:
        """Count the lines of jobs that are not over."""
        with self._lock:
            return sum(len(job.lines) for job in self.all.values() if job.state not in OVER and not job.deleted)

    def lines_of(self, job: Job, kind: int) -> list[Line]:
        """Return the lines in a job's first or second file of results, last ones first: order is not promised."""
        with self._lock:
            return [line for line in reversed(job.lines) if line.status and (line.status == 200) is (kind == 0)]

    def body(self, line: Line, job: Job) -> Any:
        """Return what answers a line."""
        if line.body is not None or not line.picture:
            return line.body
        return self._server.usual(self._seen(line, job), line.picture)[0]

    def streamed(self, values: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
        """Write values as lines, one at a time."""
        for value in values:
            self.watch("line", False)
            yield json.dumps(value).encode() + b"\n"

    def _end(self, job: Job) -> None:
        ending = job.ending
        state, finished = ending.get("state", "completed"), ending.get("finished")
        job.state, job.ended, job.error = state, time.time(), ending.get("error")
        if state != "failed" or finished:  # one that failed half way has charged for what it had made
            for index, line in enumerate(job.lines):
                if finished is not None and index >= finished:
                    line.status, line.body = -1, state
                    continue
                fault = self._server.line_fault(self._seen(line, job))
                line.status, line.body = fault.status, fault.body
                if fault.status == 200 and fault.body is None:
                    line.picture = self._server.next_picture()
                    if fault.change is not None:
                        line.body = fault.change(self._server.usual(self._seen(line, job), line.picture)[0])
        if state != "failed" and ending.get("output", True):
            job.results = [self.new_id(self._server.result_prefix) for _ in range(2)]
        self._save()

    def _seen(self, line: Line, job: Job) -> Seen:
        facts: dict[str, Any] = {"json": line.request, "fields": {}, "files": self._server.line_files(line.request)}
        return Seen(0, 0.0, job.endpoint, {}, has_key=True, prompt=line.prompt, model=job.model, **facts)

    # On the disk -----------------------------------------------------------------------------------------------------

    def _path(self, file_id: str) -> Path:
        assert self._folder is not None
        return self._folder / file_id.replace("/", "_")

    def _save(self) -> None:
        if self._folder is None:
            return
        told = {
            "count": self._count,
            "pictures": self._server.pictures,
            "jobs": [asdict(job) for job in self.all.values()],
            "files": [asdict(file) for file in self.files.values()],
        }
        (self._folder / "state.json").write_text(json.dumps(told))

    def _load(self) -> None:
        path = None if self._folder is None else self._folder / "state.json"
        if path is None or not path.exists():
            return
        told = json.loads(path.read_text())
        self._count, self._server.pictures = told["count"], told["pictures"]
        for values in told["jobs"]:
            lines = [Line(**line) for line in values.pop("lines")]
            self.all[values["id"]] = Job(**values, lines=lines)
        self.files = {values["id"]: StoredFile(**values) for values in told["files"]}


def paged(items: list[Any], after: Callable[[Any], str], token: str, size: int) -> tuple[list[Any], bool]:
    """Return a page of a list that begins behind the item of that id, and whether there are more."""
    start = next((index + 1 for index, item in enumerate(items) if after(item) == token), 0) if token else 0
    return items[start : start + size], start + size < len(items)


def carried_out(jobs: Jobs, operation: str, path: str, do: Callable[[], Routed | Fault | Any]) -> Routed:
    """Answer a call as scripted: with a fault instead, with one after it was done, or with what `do` returns."""
    jobs.calls.append(operation)
    jobs.watch(operation, False)
    fault = jobs.fault(operation, path)
    if fault is not None and fault.cut != "mid body":
        return told(fault)
    done = do()
    jobs.watch(operation, True)
    answer = done if isinstance(done, Routed) else told(done if isinstance(done, Fault) else Fault(body=done))
    late = fault or jobs.fault(operation, path, after=True)
    if late is None:
        return answer
    return replace(answer, cut=late.cut) if late.cut == "mid body" else told(late)


def told(fault: Fault) -> Routed:
    """Write a scripted answer."""
    body = fault.body if isinstance(fault.body, bytes | str) else json.dumps(fault.body)
    data = body.encode() if isinstance(body, str) else body
    return Routed(fault.status, data, {"content-type": fault.content_type, **fault.headers}, fault.cut)
