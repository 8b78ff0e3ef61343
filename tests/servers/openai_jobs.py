"""OpenAI's Files and Batches: how the jobs that a loopback server keeps are spelt there. Must not import chargen."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.jobs import Job, Jobs, Line, StoredFile, carried_out, paged
from servers.loopback import Routed
from servers.scripted import Fault

ENDPOINTS = ("/v1/images/generations", "/v1/images/edits")
_EXPIRED = "This request could not be executed before the completion window expired."
_TIMES = {"completed": "completed_at", "failed": "failed_at", "expired": "expired_at", "cancelled": "cancelled_at"}


class OpenAIJobs:
    """Answers the calls; `server` reads forms and says what a wrong key gets."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def answer(self, method: str, path: str, headers: Mapping[str, str], form: Any) -> Routed | None:
        """Answer a call about files or batches, None where it is about something else."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for way, pattern, operation, does in (
            ("POST", r"/v1/files", "upload", self._upload),
            ("GET", r"/v1/files", "files", self._files),
            ("GET", r"/v1/files/([^/]+)/content", "content", self._content),
            ("DELETE", r"/v1/files/([^/]+)", "delete", self._delete),
            ("POST", r"/v1/batches", "create", self._create),
            ("GET", r"/v1/batches", "list", self._list),
            ("GET", r"/v1/batches/([^/]+)", "status", self._status),
            ("POST", r"/v1/batches/([^/]+)/cancel", "cancel", self._cancel),
        ):
            found = re.fullmatch(pattern, parts.path)
            if method == way and found:
                facts = (*found.groups(), query, form(headers))
                return carried_out(self.jobs, operation, path, partial(does, *facts))
        return None

    def _upload(self, _: Any, sent: Any) -> Any:
        fields, files = sent
        lives = int(fields.get("expires_after[seconds]", 0))
        now = time.time()
        file = StoredFile(
            self.jobs.new_id("file-"), files[0].name, files[0].media_type, fields["purpose"], len(files[0].data), now,
            now + lives if lives else 0.0,
        )  # fmt: skip
        return _file(self.jobs.keep(file, files[0].data))

    def _files(self, query: Mapping[str, str], _: Any) -> Any:
        of = [file for file in self.jobs.files.values() if file.purpose == query.get("purpose", file.purpose)]
        return self._page(list(reversed(of)), query, _file)

    def _content(self, file_id: str, _: Any, __: Any) -> Any:
        for job in self.jobs.live:
            if file_id in job.results:
                lines = self.jobs.lines_of(job, job.results.index(file_id))
                body = self.jobs.streamed(self._result(line, job) for line in lines)
                return Routed(200, body, {"content-type": "application/octet-stream"})
        return _missing(f"No such File object: {file_id}")

    def _result(self, line: Line, job: Job) -> dict[str, Any]:
        head = {"id": f"batch_req_{line.key}", "custom_id": line.key}
        if line.status < 0:
            code = f"batch_{line.body}"
            return {**head, "response": None, "error": {"code": code, "message": _EXPIRED}}
        response = {"status_code": line.status, "request_id": f"req_{line.key}", "body": self.jobs.body(line, job)}
        return {**head, "response": response, "error": None}

    def _delete(self, file_id: str, _: Any, __: Any) -> Any:
        for job in self.jobs.live:
            if file_id in job.results:
                job.results = [other if other != file_id else "" for other in job.results]
                return {"id": file_id, "object": "file", "deleted": True}
        if not self.jobs.drop(file_id):
            return _missing(f"No such File object: {file_id}")
        return {"id": file_id, "object": "file", "deleted": True}

    def _create(self, _: Any, sent: Any) -> Any:
        file = self.jobs.files.get(sent["input_file_id"])
        if file is None or file.purpose != "batch":
            message = f"Cannot find file {sent['input_file_id']}, or project does not have access to it."
            return _error(400, message, "invalid_request_error")
        now = time.time()
        job = Job(self.jobs.new_id("batch_"), "", "", sent["endpoint"], file.id, now)
        job.name = next(iter((sent.get("metadata") or {}).values()), "")
        problem = self._read(job, self.jobs.content(file.id))
        if self.jobs.room is not None and self.jobs.queued() + len(job.lines) > self.jobs.room:
            problem = ("token_limit_exceeded", f"Enqueued token limit reached for {job.model} in organization org-1.")
        self.jobs.add(job)
        if problem is not None:
            errors = [{"code": problem[0], "message": problem[1], "line": None, "param": None}]
            job.ending = {"state": "failed", "error": {"object": "list", "data": errors}}
        return self._batch(job)

    def _read(self, job: Job, data: bytes) -> tuple[str, str] | None:
        """Read the lines of a job, and say what is wrong with them."""
        lines = [json.loads(line) for line in data.splitlines()]
        job.model = lines[0]["body"]["model"] if lines else ""
        job.lines = [Line(line["custom_id"], line["body"]["prompt"], line["body"]) for line in lines]
        if not lines or job.endpoint not in ENDPOINTS:
            return "invalid_request", "The batch is empty, or its endpoint takes none."
        if any(line["url"] != job.endpoint or line["method"] != "POST" for line in lines):
            return "mismatched_endpoint", "The URL provided for this request does not match the batch endpoint."
        if len({line["custom_id"] for line in lines}) < len(lines):
            return "duplicate_custom_id", "The custom_id for this request is a duplicate of another request."
        if {line["body"]["model"] for line in lines} != {job.model}:
            return "mismatched_model", "The provided model does not match the other requests of the batch."
        return None

    def _list(self, query: Mapping[str, str], _: Any) -> Any:
        return self._page(list(reversed(self.jobs.live)), query, self._batch)

    def _page(self, items: list[Any], query: Mapping[str, str], tell: Any) -> dict[str, Any]:
        size = min(int(query.get("limit", 20)), self.jobs.page)
        page, more = paged(items, lambda item: item.id, query.get("after", ""), size)
        ends = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
        return {"object": "list", "data": [tell(item) for item in page], "has_more": more, **ends}

    def _status(self, job_id: str, _: Any, __: Any) -> Any:
        job = self.jobs.get(job_id)
        return _missing(f"No batch found with id '{job_id}'.") if job is None else self._batch(job)

    def _cancel(self, job_id: str, _: Any, __: Any) -> Any:
        job = next((job for job in self.jobs.live if job.id == job_id), None)
        if job is None:
            return _missing(f"No batch found with id '{job_id}'.")
        if job.ended:
            return _error(409, f"Cannot cancel a batch with status '{job.state}'.", "invalid_request_error")
        self.jobs.cancel(job)
        return self._batch(job)

    def _batch(self, job: Job) -> dict[str, Any]:
        over = bool(job.ended)
        # A file of no lines is not there at all.
        kinds = [bool(job.results and job.results[kind] and self.jobs.lines_of(job, kind)) for kind in (0, 1)]
        told = {
            "id": job.id,
            "object": "batch",
            "endpoint": job.endpoint,
            "model": job.model,
            "errors": job.error,
            "input_file_id": job.file,
            "completion_window": "24h",
            "status": job.state,
            "output_file_id": job.results[0] if kinds[0] else None,
            "error_file_id": job.results[1] if kinds[1] else None,
            "created_at": int(job.created),
            "expires_at": int(job.created) + 86_400,
            "request_counts": {
                "total": 0 if job.state in ("validating", "failed") else len(job.lines),
                "completed": len(job.made),
                "failed": len([line for line in job.lines if line.status and line.status != 200]),
            },
            "metadata": {"chargen_job": job.name},
        }
        return {**told, _TIMES[job.state]: int(job.ended)} if over else told


def _error(status: int, message: str, kind: str, code: str | None = None) -> Fault:
    return Fault(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})


def _missing(message: str) -> Fault:
    return _error(404, message, "invalid_request_error")


def _file(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": int(file.created),
        "expires_at": int(file.expires) or None,
        "filename": file.title,
        "purpose": file.purpose,
        "status": "processed",
    }
