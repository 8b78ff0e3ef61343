"""A vendor of jobs that is made up: it keeps them in memory across runs, and each can be let fail in its own way.

vendor = BatchVendor()
vendor.stand_in(monkeypatch)   # every session's `openai` makes jobs here
vendor.finish()                # what is there is made
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

import pytest
from servers import pictures

from chargen import providers
from chargen.model.batches import BatchResult, BatchState, BatchStatus, Upload
from chargen.model.request import FailureClass, ProviderError, Reply, Request, SentReference, Ticket
from chargen.model.values import FileHash
from chargen.store.files import hash_bytes

PRICE = Decimal("0.02")


@dataclass
class VendorsJob:
    """A job as the vendor has it; `outcomes` are errors of lines by a word of their prompt."""

    id: str
    name: str
    lines: dict[str, dict[str, Any]]
    state: BatchState = BatchState.RUNNING
    made: list[str] = field(default_factory=list)
    """Keys of the lines there is a picture of, which are charged."""
    failure: ProviderError | None = None


class BatchVendor:
    """What `Provider.batches` is; every job made is in `jobs`, in order."""

    def __init__(self) -> None:
        self.jobs: list[VendorsJob] = []
        self.price = PRICE
        self.answered_by: str | None = None
        """Who answers instead of the model that is asked."""
        self.untold = ""
        """Of a line whose prompt has this word no cost is told."""
        self.uploads: dict[str, Upload] = {}
        self.uploaded = 0
        self.uploads_end = ""
        """When uploads are deleted, ISO UTC."""
        self.calls: list[str] = []
        self.live: list[str] = []
        """The prompts that were sent live."""
        self.refusal: ProviderError | None = None
        """What `create` raises; where it is `in_transit` the job is made all the same if `loses_answers`."""
        self.refusals: list[ProviderError] = []
        """What the next calls of `create` raise, and of `upload`, one after the other."""
        self.upload_failures: list[ProviderError] = []
        self.loses_answers = False
        self.unlisted = False
        """Its list does not show what there is."""
        self.line_failures: dict[str, ProviderError] = {}
        """What becomes of a line whose prompt has this word."""
        self.breaks_after: int | None = None
        """The download breaks after so many lines."""
        self.dies_at = ""
        """A call in which the process dies: KeyboardInterrupt, which nobody catches."""

    # the protocol

    def group(self, request: Request) -> str:
        return f"{'edits' if request.references else 'generations'} {request.model}"

    def tokens(self, request: Request) -> int:
        return len(request.prompt)

    def upload(self, reference: SentReference) -> Upload:
        self._met("upload")
        if self.upload_failures:
            raise self.upload_failures.pop(0)
        self.uploaded += 1
        digest = hash_bytes(reference.data)
        name = f"file-{self.uploaded}"
        upload = Upload(digest, name, name, reference.media_type, self.uploads_end)
        self.uploads[upload.id] = upload
        return upload

    def line(self, key: str, request: Request, uploads: Mapping[FileHash, Upload]) -> bytes:
        named = [uploads[hash_bytes(reference.data)].uri for reference in request.references]
        return json.dumps({"key": key, "prompt": request.prompt, "references": named}).encode()

    def create(self, name: str, group: str, lines: BinaryIO) -> str:
        assert group
        self._met("create")
        if self.refusals:
            raise self.refusals.pop(0)
        if self.refusal is not None and not self.loses_answers:
            raise self.refusal
        found = {value["key"]: value for value in map(json.loads, lines)}
        assert not any(job.name == name for job in self.jobs), f"{name} was made twice"
        self.jobs.append(VendorsJob(f"batch_{len(self.jobs) + 1}", name, found))
        self._met("created")
        if self.refusal is not None:
            raise self.refusal
        return self.jobs[-1].id

    def find(self, name: str, since: str) -> str | None:
        assert since
        self._met("find")
        if self.unlisted:
            return None
        return next((job.id for job in self.jobs if job.name == name), None)

    def status(self, job_id: str) -> BatchStatus:
        self._met("status")
        job = self._job(job_id)
        return BatchStatus(job.state, len(job.lines), len(job.made), 0, failure=job.failure)

    def results(self, job_id: str, request_of: Callable[[str], Request | None]) -> Iterator[BatchResult]:
        self._met("results")
        job = self._job(job_id)
        for number, (key, line) in enumerate(reversed(job.lines.items())):
            if number == self.breaks_after:
                raise ProviderError(FailureClass.TRANSIENT, "the connection broke")
            if number:
                self._met("result")
            request = request_of(key)
            if request is None:
                continue
            assert line["prompt"] == request.prompt
            failure = next((told for word, told in self.line_failures.items() if word in line["prompt"]), None)
            if failure is not None:
                yield key, failure
            elif key in job.made:
                cost = None if self.untold and self.untold in line["prompt"] else self.price
                picture = self.picture(key)
                yield key, Reply(picture, request_id=f"req-{key}", cost_usd=cost, answered_by=self.answered_by)

    def cancel(self, job_id: str) -> None:
        self._met("cancel")
        self._job(job_id).state = BatchState.CANCELLING

    def discard(self, name: str, job_id: str | None, uploads: tuple[Upload, ...]) -> None:
        del name, job_id
        self._met("discard")
        for upload in uploads:
            self.uploads.pop(upload.id, None)

    # what a test does with it

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every adapter of `openai` make its jobs here."""
        real = providers.make

        def make(name: str, *given: Any, **more: Any) -> Any:
            made = real(name, *given, **more)
            return WithJobs(made, self) if name == "openai" else made

        monkeypatch.setattr(providers, "make", make)

    def finish(self, state: BatchState = BatchState.COMPLETED, *, but: str = "") -> None:
        """Make all pictures, but those with a word in their prompt, and end every job."""
        for job in self.jobs:
            if not job.state.is_over:
                job.made = [key for key, line in job.lines.items() if not (but and but in line["prompt"])]
                job.state = state

    @property
    def prompts(self) -> list[str]:
        """The prompts of all lines there ever were."""
        return [line["prompt"] for job in self.jobs for line in job.lines.values()]

    @staticmethod
    def picture(key: str) -> bytes:
        return pictures.png(128, 96, int(key[-8:], 16) % 1_000_000)

    def _job(self, job_id: str) -> VendorsJob:
        for job in self.jobs:
            if job.id == job_id:
                return job
        raise ProviderError(FailureClass.INVALID, f"there is no {job_id}")

    def _met(self, call: str) -> None:
        self.calls.append(call)
        if call == self.dies_at:
            self.dies_at = ""
            raise KeyboardInterrupt


class WithJobs:
    """A vendor's own adapter that makes its jobs elsewhere; what is sent live is answered at once."""

    def __init__(self, real: Any, vendor: BatchVendor) -> None:
        self._real = real
        self.batches = vendor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def submit(self, request: Request, name: str) -> Ticket:
        self.batches.live.append(request.prompt)
        picture = pictures.png(128, 96, 1_000_000 + len(self.batches.live))
        return Ticket(reply=Reply(picture, request_id=name, cost_usd=2 * PRICE))
