"""Jobs at OpenAI (its Batch API): a file of lines and a batch of it, found by its name in the batch's metadata.

A batch is of one endpoint and one model. Its lines are the bodies that are sent live; in place of files they name
references that were uploaded. Results come in two files, of what was made and of what was not, in any order.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from chargen.images.sniff import PNG
from chargen.model.batches import BatchResult, BatchState, BatchStatus, Upload
from chargen.model.request import FailureClass, ProviderError, Reply, Request, SentReference
from chargen.model.values import FileHash
from chargen.providers.catalogue.model_checks import media_type
from chargen.providers.http.answers import as_dict, dicts
from chargen.providers.http.batches import (
    CALL_SECONDS,
    as_job,
    digest,
    end_job,
    free,
    free_bytes,
    is_before,
    iso,
    known,
    making,
    named_job,
    results,
    split_lines,
    unbilled,
    upload_seconds,
)
from chargen.providers.http.failures import Answer
from chargen.providers.openai import failures, requests

if TYPE_CHECKING:
    from openai import OpenAI

    from chargen.providers.openai.adapter import OpenAIProvider

T = TypeVar("T")
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
NAME_KEY = "chargen_job"
REFERENCE_DAYS = 7
"""A job waits for one day; the author's next jobs may name the same references."""
RESULT_DAYS = 30
"""How long the vendor keeps files of results."""
NOT_YET_THERE = (0.5, 1.0, 2.0, 4.0)
"""Seconds before a batch is tried again whose file, just uploaded, is not known to the vendor yet."""
_NO_ROOM = frozenset({"token_limit_exceeded", "rate_limit_exceeded"})
_STATES: Mapping[str, BatchState] = {
    "validating": BatchState.QUEUED,
    "in_progress": BatchState.RUNNING,
    "finalizing": BatchState.RUNNING,
    "completed": BatchState.COMPLETED,
    "failed": BatchState.FAILED,
    "expired": BatchState.EXPIRED,
    "cancelling": BatchState.CANCELLING,
    "cancelled": BatchState.CANCELLED,
}
_ENDED = {"batch_expired": "the job ran out of time", "batch_cancelled": "the job was cancelled"}


class OpenAIBatches:
    """The jobs of one provider, by its client."""

    def __init__(self, vendor: OpenAIProvider, wait: Callable[[float], None] = time.sleep) -> None:
        self._vendor = vendor
        self._wait = wait

    def group(self, request: Request) -> str:
        """Return endpoint and model."""
        return f"{EDITS if request.references else GENERATIONS} {request.model}"

    def tokens(self, request: Request) -> int:
        """Estimate the tokens of the prompt and its references, which are what the vendor counts."""
        prices = self._vendor.prices(request.model)
        each = 0 if prices is None else max(prices.reference_tokens, prices.reference_tokens_most)
        return len(request.prompt) + len(request.references) * each

    def upload(self, reference: SentReference) -> Upload:
        """Bring a reference to the vendor, for some days."""
        kind = media_type(reference)
        sent: tuple[str, bytes, str] = (requests.file_name("reference", kind), reference.data, kind)
        lives: Any = {"anchor": "created_at", "seconds": REFERENCE_DAYS * 86_400}
        seconds = upload_seconds(len(reference.data))
        file = self._free(
            lambda client: client.files.create(file=sent, purpose="vision", expires_after=lives, timeout=seconds)
        )
        return Upload(digest(reference), file.id, file.id, kind, iso(file.expires_at))

    def line(self, key: str, request: Request, uploads: Mapping[FileHash, Upload]) -> bytes:
        """Write the body that is sent live, with uploaded references by their ids."""
        body = requests.body(request)
        url = GENERATIONS
        if request.references:
            url = EDITS
            ids = (uploads[digest(reference)].uri for reference in request.references)
            body["images"] = [{"file_id": file_id} for file_id in ids]
        if request.mask is not None:  # at most 4 MB, and of this one image
            body["mask"] = {"image_url": f"data:{PNG};base64,{b64encode(request.mask.data).decode()}"}
        line = {"custom_id": key, "method": "POST", "url": url, "body": body}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()

    def create(self, name: str, group: str, lines: BinaryIO) -> str:
        """Upload the file of lines and make the batch."""
        size = lines.seek(0, 2)
        lines.seek(0)
        sent: Any = (f"{name}.jsonl", lines, "application/jsonl")
        seconds = upload_seconds(size)
        file = self._free(lambda client: client.files.create(file=sent, purpose="batch", timeout=seconds))
        for seconds in NOT_YET_THERE:
            try:
                return making(lambda: self._made(name, group, file.id))
            except ProviderError as failure:
                if failure.status != 400 or "cannot find file" not in failure.message.lower():
                    raise
            self._wait(seconds)
        return making(lambda: self._made(name, group, file.id))

    def _made(self, name: str, group: str, file_id: str) -> str:
        endpoint: Any = group.partition(" ")[0]
        answer = self._vendor.answered(
            lambda client: client.batches.with_raw_response.create(
                input_file_id=file_id,
                endpoint=endpoint,
                completion_window="24h",
                metadata={NAME_KEY: name},
                timeout=CALL_SECONDS,
            )
        )
        return named_job(as_dict(answer.json).get("id"))

    def find(self, name: str, since: str) -> str | None:
        """Look for the batch with this name in its metadata; the newest come first."""

        def look(client: OpenAI) -> str | None:
            for batch in client.batches.list(limit=100, timeout=CALL_SECONDS):
                if (batch.metadata or {}).get(NAME_KEY) == name:
                    return str(batch.id)
                if is_before(batch.created_at, since):
                    break
            return None

        return self._free(look)

    def status(self, job_id: str) -> BatchStatus:
        """Ask how far a batch is."""
        batch = self._batch(job_id)
        state = _STATES.get(str(batch.get("status")), BatchState.RUNNING)
        counts = as_dict(batch.get("request_counts"))
        ends = iso(batch.get("expires_at"))
        if state.is_over:
            ended = next((batch[at] for at in ("completed_at", "expired_at", "cancelled_at") if batch.get(at)), None)
            ends = iso(ended, timedelta(days=RESULT_DAYS))
        return BatchStatus(
            state,
            total=counts.get("total"),
            done=counts.get("completed"),
            failed=counts.get("failed"),
            expires_at=ends,
            failure=self._why_failed(batch) if state is BatchState.FAILED else None,
        )

    def _why_failed(self, batch: Mapping[str, Any]) -> ProviderError:
        """Read why a batch was not begun, as an answer to a request would be read."""
        told = dicts(as_dict(batch.get("errors")).get("data"))
        first = told[0] if told else {"message": "the vendor does not say why"}
        more = f" (and {len(told) - 1:,} more like it)" if len(told) > 1 else ""
        said = f"{first.get('message') or first.get('code')}{more}"
        full = first.get("code") in _NO_ROOM
        answer = Answer(429 if full else 400, "", parsed={"error": {**first, "message": said}}, of_http=False)
        return unbilled(failures.classify(answer, self._vendor.secrets))

    def results(self, job_id: str, request_of: Callable[[str], Request | None]) -> Iterator[BatchResult]:
        """Yield what was made, then what was not."""
        batch = self._batch(job_id)
        for file_id in (batch.get("output_file_id"), batch.get("error_file_id")):
            if file_id:
                yield from results(split_lines(self._content(str(file_id))), "custom_id", request_of, self._read)

    def _content(self, file_id: str) -> Iterator[bytes]:
        return free_bytes(
            self._vendor.fetch(
                lambda client: client.files.with_streaming_response.content(file_id, timeout=CALL_SECONDS)
            )
        )

    def _read(self, line: Mapping[str, Any], request: Request) -> Reply:
        """Read a line as the answer to its request. Raises ProviderError."""
        response, error = line.get("response"), line.get("error")
        if not isinstance(response, dict):
            code = str(error.get("code")) if isinstance(error, dict) else ""
            ended = _ENDED.get(code)
            if ended or not isinstance(error, dict):
                raise ProviderError(
                    FailureClass.TRANSIENT, ended or "the line of this image was not answered", code=code
                )
            raise unbilled(
                failures.classify(Answer(400, "", parsed={"error": error}, of_http=False), self._vendor.secrets)
            )
        status, body = response.get("status_code"), response.get("body")
        if not isinstance(status, int) or status == 0:  # seen in the wild: counted as done, and nothing in it
            raise ProviderError(FailureClass.TRANSIENT, "the line of this image was not answered (status 0)")
        headers = {"x-request-id": str(response["request_id"])} if response.get("request_id") else {}
        answer = Answer(status, body, headers) if isinstance(body, str) else Answer(status, "", headers, parsed=body)
        try:
            return self._vendor.read(answer, request, self._vendor.job_prices)
        except ProviderError as failure:
            if status != 200:  # the vendor itself says so: only what was made is charged
                unbilled(failure)
            raise

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a batch; one that has ended needs none."""
        cancel = partial(self._vendor.ask, lambda client: client.batches.cancel(job_id, timeout=CALL_SECONDS))
        end_job(cancel, lambda: self.status(job_id))

    def discard(self, name: str, job_id: str | None, uploads: tuple[Upload, ...]) -> None:
        """Delete the files of a batch; the batch itself can't be deleted, and tells nothing of its lines."""
        files = [upload.id for upload in uploads]
        batch = None if job_id is None else known(lambda: self._batch(job_id))
        if batch is None:
            files += self._free(lambda client: _named(client, name))
        else:
            ids = (batch.get(of) for of in ("input_file_id", "output_file_id", "error_file_id"))
            files += [str(file_id) for file_id in ids if file_id]
        for file_id in files:
            known(partial(self._delete, file_id))

    def _delete(self, file_id: str) -> None:
        self._vendor.ask(lambda client: client.files.delete(file_id, timeout=CALL_SECONDS))

    def _free(self, call: Callable[[OpenAI], T]) -> T:
        return free(lambda: self._vendor.ask(call))

    def _batch(self, job_id: str) -> dict[str, Any]:
        answer = free(
            lambda: self._vendor.answered(
                lambda client: client.batches.with_raw_response.retrieve(job_id, timeout=CALL_SECONDS)
            )
        )
        return as_job(answer)


def _named(client: Any, name: str) -> list[str]:
    """Return the ids of the files of lines that were uploaded under this name."""
    listed = client.files.list(purpose="batch", limit=100, timeout=CALL_SECONDS)
    return [file.id for file in listed if file.filename == f"{name}.jsonl"]
