"""Jobs at Google (Gemini's Batch API): an uploaded file of lines and a batch of it, found by its display name.

A batch is of one model. Its lines are the bodies that are sent live; references that were uploaded stand in them by
their addresses. Lines go as a file and never inline: results of an inline batch stand in the batch itself, twice, and
from about 150 pictures on it can't be read any more. The batch is asked for without the SDK, which keeps neither its
counts nor why it failed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from chargen.model.batches import BatchResult, BatchState, BatchStatus, Upload
from chargen.model.request import FailureClass, ProviderError, Reply, Request, SentReference
from chargen.model.values import FileHash
from chargen.providers.catalogue.model_checks import media_type
from chargen.providers.catalogue.prices import TokensByBucket
from chargen.providers.google import failures, requests
from chargen.providers.http.answers import as_dict
from chargen.providers.http.batches import (
    CALL_SECONDS,
    as_job,
    digest,
    end_job,
    free,
    free_bytes,
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

if TYPE_CHECKING:
    from google.genai import Client

    from chargen.providers.google.adapter import GoogleProvider

T = TypeVar("T")
VERSION = "v1beta"
"""Where Google's pages have batches and files; of `v1` they say nothing."""
PIECE = 8 * 1024 * 1024
"""Bytes of an upload that the SDK sends at once."""
LIFE = timedelta(hours=48)
"""How long a job may wait, and how long files are kept."""
_STATES: Mapping[str, BatchState] = {
    "PENDING": BatchState.QUEUED,
    "RUNNING": BatchState.RUNNING,
    "CANCELLING": BatchState.CANCELLING,
    "SUCCEEDED": BatchState.COMPLETED,
    "PARTIALLY_SUCCEEDED": BatchState.COMPLETED,
    "FAILED": BatchState.FAILED,
    "CANCELLED": BatchState.CANCELLED,
    "EXPIRED": BatchState.EXPIRED,
}


class GoogleBatches:
    """The jobs of one provider, by its client."""

    def __init__(self, vendor: GoogleProvider) -> None:
        self._vendor = vendor

    def group(self, request: Request) -> str:
        """Return the model."""
        return request.model

    def tokens(self, request: Request) -> int:
        """Estimate the tokens of prompt, references and picture, all of which the vendor counts."""
        prices = self._vendor.prices(request.model)
        if prices is None:
            return len(request.prompt)
        made = 0
        if isinstance(prices.image, TokensByBucket):
            bucket = request.requested_size.rpartition(" ")[2]
            made = prices.image.tokens.get(bucket, max(prices.image.tokens.values()))
        each = max(prices.reference_tokens, prices.reference_tokens_most)
        return len(request.prompt) + len(request.references) * each + made

    def upload(self, reference: SentReference) -> Upload:
        """Bring a reference to the vendor, which keeps it for two days."""
        kind = media_type(reference)
        file = self._uploaded(BytesIO(reference.data), len(reference.data), kind, "reference")
        if not file.name or not file.uri:
            raise ProviderError(FailureClass.TRANSIENT, "what the vendor answered names no file")
        if file.state is not None and file.state.value == "FAILED":
            message = f"the vendor can't read the reference {reference.label}"
            raise ProviderError(FailureClass.INVALID, message, hint="save this picture anew as a PNG")
        ends = file.expiration_time.isoformat() if file.expiration_time else None
        return Upload(digest(reference), file.name, file.uri, kind, iso(ends))

    def line(self, key: str, request: Request, uploads: Mapping[FileHash, Upload]) -> bytes:
        """Write the body that is sent live, with uploaded references by their addresses."""

        def part(reference: SentReference) -> dict[str, Any]:
            upload = uploads[digest(reference)]
            return {"fileData": {"fileUri": upload.uri, "mimeType": upload.media_type}}

        body = {"contents": requests.contents(request, part), "generationConfig": dict(request.parameters)}
        return json.dumps({"key": key, "request": body}, ensure_ascii=False, separators=(",", ":")).encode()

    def create(self, name: str, group: str, lines: BinaryIO) -> str:
        """Upload the file of lines and make the batch."""
        size = lines.seek(0, 2)
        lines.seek(0)
        file = self._uploaded(lines, size, "application/jsonl", name)
        if not file.name:
            raise ProviderError(FailureClass.TRANSIENT, "what the vendor answered names no file")
        return making(lambda: self._made(name, group, str(file.name)))

    def _uploaded(self, data: Any, size: int, kind: str, title: str) -> Any:
        seconds = upload_seconds(min(size, PIECE))
        told: Any = {"mime_type": kind, "display_name": title, "http_options": _options(seconds)}
        return self._free(lambda client: client.files.upload(file=data, config=told))

    def _made(self, name: str, model: str, file: str) -> str:
        told: Any = {"display_name": name, "http_options": _options(CALL_SECONDS)}
        job = self._vendor.ask(lambda client: client.batches.create(model=model, src=file, config=told))
        return named_job(job.name)

    def find(self, name: str, since: str) -> str | None:  # noqa: ARG002 - the order of the list is not promised
        """Look for the batch with this display name, on every page."""
        told: Any = {"page_size": 100, "http_options": _options(CALL_SECONDS)}

        def look(client: Client) -> str | None:
            return next((job.name for job in client.batches.list(config=told) if job.display_name == name), None)

        return self._free(look)

    def status(self, job_id: str) -> BatchStatus:
        """Ask how far a batch is."""
        operation = self._batch(job_id)
        told = as_dict(operation.get("metadata"))
        error, done = operation.get("error"), operation.get("done") is True
        state = _STATES.get(str(told.get("state")).rpartition("STATE_")[2])
        if state is None:  # a state of tomorrow
            state = BatchState.FAILED if error else BatchState.COMPLETED if done else BatchState.RUNNING
        counts = as_dict(told.get("batchStats"))
        since = told.get("endTime") if state.is_over else told.get("createTime")
        failure = None
        if state is BatchState.FAILED:
            said = error or {"code": 3, "message": "the vendor does not say why"}
            failure = unbilled(self._vendor.failure(failures.status_answer(said)))
        return BatchStatus(
            state,
            total=_count(counts, "requestCount"),
            done=_count(counts, "successfulRequestCount"),
            failed=_count(counts, "failedRequestCount"),
            expires_at=iso(since, LIFE),
            failure=failure,
        )

    def results(self, job_id: str, request_of: Callable[[str], Request | None]) -> Iterator[BatchResult]:
        """Yield what became of the lines, if there is a file of it."""
        file = _result_file(self._batch(job_id))
        if file:
            chunks = free_bytes(self._vendor.fetch(f"{VERSION}/{file}:download?alt=media", CALL_SECONDS))
            yield from results(split_lines(chunks), "key", request_of, self._read)

    def _read(self, line: Mapping[str, Any], request: Request) -> Reply:
        """Read a line as the answer to its request. Raises ProviderError."""
        response = line.get("response")
        if not isinstance(response, dict):
            if not isinstance(line.get("error"), dict):
                raise ProviderError(FailureClass.TRANSIENT, "the line of this image was not answered")
            raise unbilled(self._vendor.failure(failures.status_answer(line["error"])))
        return self._vendor.read(Answer(200, "", parsed=response), request, self._vendor.job_prices)

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a batch; one that has ended needs none."""
        told: Any = {"http_options": _options(CALL_SECONDS)}
        cancel = partial(self._vendor.ask, lambda client: client.batches.cancel(name=job_id, config=told))
        end_job(cancel, lambda: self.status(job_id))

    def discard(self, name: str, job_id: str | None, uploads: tuple[Upload, ...]) -> None:
        """Delete the files of a batch, and the batch last: as long as it is there, it can be asked for what is left."""
        told: Any = {"http_options": _options(CALL_SECONDS)}
        files = [upload.id for upload in uploads]
        files += self._free(lambda client: _named(client, name))
        operation = None if job_id is None else known(lambda: self._batch(job_id))
        if operation is not None:
            files += filter(None, [_result_file(operation)])
        for file in files:
            known(partial(self._delete, file))
        if operation is not None:
            known(lambda: self._vendor.ask(lambda client: client.batches.delete(name=str(job_id), config=told)))

    def _delete(self, file: str) -> None:
        told: Any = {"http_options": _options(CALL_SECONDS)}
        self._vendor.ask(lambda client: client.files.delete(name=file, config=told))

    def _free(self, call: Callable[[Client], T]) -> T:
        return free(lambda: self._vendor.ask(call))

    def _batch(self, job_id: str) -> dict[str, Any]:
        read = b"".join(free_bytes(self._vendor.fetch(f"{VERSION}/{job_id}", CALL_SECONDS)))
        return as_job(Answer(200, read.decode("utf-8", "replace")))


def _options(seconds: float) -> dict[str, Any]:
    return {"api_version": VERSION, "timeout": round(seconds * 1000)}


def _named(client: Client, name: str) -> list[str]:
    """Return the files of lines that were uploaded under this name."""
    told: Any = {"page_size": 100, "http_options": _options(CALL_SECONDS)}
    return [str(file.name) for file in client.files.list(config=told) if file.display_name == name]


def _result_file(operation: Mapping[str, Any]) -> str:
    output = as_dict(as_dict(operation.get("metadata")).get("output")) or as_dict(operation.get("response"))
    return str(output.get("responsesFile") or "")


def _count(table: Mapping[str, Any], name: str) -> int | None:
    """Read a number that the vendor writes as text."""
    text = str(table.get(name, ""))
    return int(text) if text.isdigit() else None
