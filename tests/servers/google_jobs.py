"""Gemini's Files and batches: how the jobs that a loopback server keeps are spelt there. Must not import chargen."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.jobs import Job, Jobs, Line, StoredFile, carried_out, paged, told
from servers.loopback import Routed
from servers.scripted import Fault

_RPC = {
    "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9, "INTERNAL": 13, "UNAVAILABLE": 14,
}  # fmt: skip
STATES = {
    "validating": "PENDING", "in_progress": "RUNNING", "cancelling": "CANCELLING", "completed": "SUCCEEDED",
    "failed": "FAILED", "expired": "EXPIRED", "cancelled": "CANCELLED",
}  # fmt: skip
FILE_SECONDS = 48 * 3600


class GoogleJobs:
    """Answers the calls of both versions of the address; `partly` lets jobs with failed lines say so in their state."""

    def __init__(self, jobs: Jobs, server: Any) -> None:
        self.jobs = jobs
        self._server = server
        self.partly = False
        self.processing = "ACTIVE"
        """What state uploaded files are in."""
        self._open: dict[str, tuple[dict[str, Any], bytearray]] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Routed | None:
        """Answer a call about files or batches, None where it is about something else."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for way, pattern, operation, does in (
            ("POST", r"/upload/v1\w*/files", "upload", self._upload),
            ("GET", r"/v1\w*/files", "files", self._files),
            ("GET", r"/v1\w*/(files/[^/:]+):download", "content", self._content),
            ("DELETE", r"/v1\w*/(files/[^/:]+)", "delete", self._delete_file),
            ("POST", r"/v1\w*/models/([^/:]+):batchGenerateContent", "create", self._create),
            ("GET", r"/v1\w*/batches", "list", self._list),
            ("GET", r"/v1\w*/(batches/[^/:]+)", "status", self._status),
            ("POST", r"/v1\w*/(batches/[^/:]+):cancel", "cancel", self._cancel),
            ("DELETE", r"/v1\w*/(batches/[^/:]+)", "delete", self._delete),
        ):
            found = re.fullmatch(pattern, parts.path)
            if method == way and found:
                name = "piece" if "upload_id" in query else operation
                return carried_out(self.jobs, name, path, partial(does, *found.groups(), query, headers, body))
        return None

    def _upload(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Any:
        """Begin an upload, or take a piece of it; the last one makes the file."""
        if "upload_id" not in query:
            number = self.jobs.new_id("upload-")
            self._open[number] = json.loads(body).get("file", {}), bytearray()
            address = f"{self._server.address}/upload/v1beta/files?upload_id={number}"
            return Routed(200, b"{}", {"x-goog-upload-url": address, "x-goog-upload-status": "active"})
        facts, data = self._open[query["upload_id"]]
        assert int(headers["x-goog-upload-offset"]) == len(data)
        data += body
        if "finalize" not in headers["x-goog-upload-command"]:
            return Routed(200, b"{}", {"x-goog-upload-status": "active"})
        now = time.time()
        file = StoredFile(
            facts.get("name") or self.jobs.new_id("files/f"), _either(facts, "displayName", "display_name"),
            _either(facts, "mimeType", "mime_type"), "", len(data), now, now + FILE_SECONDS,
        )  # fmt: skip
        self.jobs.keep(file, bytes(data))
        return told(Fault(body={"file": self._file(file)}, headers={"x-goog-upload-status": "final"}))

    def _files(self, query: Mapping[str, str], *_: Any) -> Any:
        page, token = self._page(list(self.jobs.files.values()), query)
        return {"files": [self._file(file) for file in page], **token}

    def _content(self, file_id: str, *_: Any) -> Any:
        for job in self.jobs.live:
            if file_id in job.results[:1]:
                lines = [line for kind in (0, 1) for line in self.jobs.lines_of(job, kind)]
                return Routed(
                    200, self.jobs.streamed(self._result(line, job) for line in lines), {"content-type": "text/plain"}
                )
        return _error(403, "PERMISSION_DENIED", f"You do not have permission to access {file_id} or it may not exist.")

    def _result(self, line: Line, job: Job) -> dict[str, Any]:
        if line.status == 200:
            return {"response": self.jobs.body(line, job), "key": line.key}
        if line.status < 0:
            return {"key": line.key, "error": {"code": 4, "message": f"The batch has {line.body}."}}
        error = dict(line.body["error"]) if isinstance(line.body, dict) else {"message": "An internal error."}
        return {"key": line.key, "error": {**error, "code": _RPC.get(error.pop("status", ""), 13)}}

    def _delete_file(self, file_id: str, *_: Any) -> Any:
        for job in self.jobs.live:
            if file_id in job.results:
                job.results = []
                return {}
        if not self.jobs.drop(file_id):
            return _error(403, "PERMISSION_DENIED", f"You do not have permission to access {file_id}.")
        return {}

    def _create(self, model: str, _: Any, __: Any, body: bytes) -> Any:
        sent = json.loads(body)["batch"]
        file = self.jobs.files.get(sent["inputConfig"]["fileName"])
        if file is None:
            return _error(404, "NOT_FOUND", f"File {sent['inputConfig']['fileName']} was not found.")
        lines = [json.loads(line) for line in self.jobs.content(file.id).splitlines()]
        if self.jobs.room is not None and self.jobs.queued() + len(lines) > self.jobs.room:
            return _error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota: enqueued tokens.")
        job = Job(self.jobs.new_id("batches/b"), sent["displayName"], model, "", file.id, time.time())
        job.lines = [Line(line["key"], _prompt(line["request"]), line["request"]) for line in lines]
        return self._operation(self.jobs.add(job))

    def _list(self, query: Mapping[str, str], *_: Any) -> Any:
        page, token = self._page(list(reversed(self.jobs.live)), query)
        return {"operations": [self._operation(job) for job in page], **token}

    def _page(self, items: list[Any], query: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
        size = min(int(query.get("pageSize", 10)), self.jobs.page)
        page, more = paged(items, lambda item: item.id, query.get("pageToken", ""), size)
        return page, {"nextPageToken": page[-1].id} if more else {}

    def _status(self, job_id: str, *_: Any) -> Any:
        job = self.jobs.get(job_id)
        return _error(404, "NOT_FOUND", f"{job_id} was not found.") if job is None else self._operation(job)

    def _cancel(self, job_id: str, *_: Any) -> Any:
        job = next((job for job in self.jobs.live if job.id == job_id), None)
        if job is None:
            return _error(404, "NOT_FOUND", f"{job_id} was not found.")
        if job.ended:
            return _error(400, "FAILED_PRECONDITION", f"{job_id} has ended.")
        self.jobs.cancel(job)
        return {}

    def _delete(self, job_id: str, *_: Any) -> Any:
        job = next((job for job in self.jobs.live if job.id == job_id), None)
        if job is None:
            return _error(404, "NOT_FOUND", f"{job_id} was not found.")
        self.jobs.delete(job)
        return {}

    def _operation(self, job: Job) -> dict[str, Any]:
        counted = [line for line in job.lines if line.status]
        good = [line for line in counted if line.status == 200]
        state = STATES[job.state]
        if self.partly and state == "SUCCEEDED" and len(good) < len(counted):
            state = "PARTIALLY_SUCCEEDED"
        told = {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "model": f"models/{job.model}",
            "displayName": job.name,
            "inputConfig": {"fileName": job.file},
            "createTime": _iso(job.created),
            "batchStats": {
                "requestCount": str(len(job.lines)),
                "successfulRequestCount": str(len(good)),
                "failedRequestCount": str(len(counted) - len(good)),
                "pendingRequestCount": str(len(job.lines) - len(counted)),
            },
            "state": f"BATCH_STATE_{state}",
            "name": job.id,
        }
        operation: dict[str, Any] = {"name": job.id, "metadata": told}
        if job.ended:
            told["endTime"] = _iso(job.ended)
            operation["done"] = True
            if job.results:
                told["output"] = {"responsesFile": job.results[0]}
                operation["response"] = {"responsesFile": job.results[0]}
            if job.error:
                operation["error"] = job.error
        return operation

    def _file(self, file: StoredFile) -> dict[str, Any]:
        return {
            "name": file.id,
            "displayName": file.title,
            "mimeType": file.media_type,
            "sizeBytes": str(file.size),
            "createTime": _iso(file.created),
            "expirationTime": _iso(file.expires),
            "uri": f"{self._server.address}/v1beta/{file.id}",
            "state": self.processing,
        }


def _either(facts: Mapping[str, Any], *names: str) -> str:
    """Both spellings are taken; the SDK uses the second for files."""
    return next((str(facts[name]) for name in names if name in facts), "")


def _prompt(request: Mapping[str, Any]) -> str:
    parts = [part for content in request.get("contents", []) for part in content.get("parts", [])]
    return "\n".join(part["text"] for part in parts if "text" in part)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def _error(status: int, name: str, message: str) -> Fault:
    return Fault(status, {"error": {"code": status, "message": message, "status": name}})
