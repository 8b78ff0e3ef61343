"""Gemini's `generateContent` on this machine: `/v1/models/MODEL:generateContent` (and `/v1beta`).

Speaks the vendor's shapes and error bodies; pictures are JPEG as the 3.x models deliver them (PNG from 2.5), a few
per cent off their ratio as there. See `loopback` for scripting faults and for pointing other processes at it:

    with GoogleServer() as server:
        env = {**os.environ, **server.environ}    # GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL
"""

# ruff: noqa: ARG002 - what the methods are for, and all they get, is said in `LoopbackServer`

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from servers import pictures
from servers.google_jobs import GoogleJobs
from servers.jobs import Jobs, told
from servers.loopback import KEY_HEADERS, Fault, File, LoopbackServer, Routed, Seen

TEST_KEY = "AIzaLoopbackKey0123456789abcdef0123456"
_PATH = re.compile(r"/v1(?:beta)?/models/([^:/]+):generateContent")
_JOBS = re.compile(r"(?:/upload)?/v1(?:beta)?/(?:files|batches|models/[^/:]+:batchGenerateContent)\b")
_BUCKETS = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
_TOKENS = {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}


class GoogleServer(LoopbackServer):
    """`media_type` overrides what pictures are declared as; the bytes stay what they are."""

    def __init__(self, *, media_type: str | None = None, state: Path | None = None, **rest: Any) -> None:
        """`state` is a folder that keeps jobs for a server that follows."""
        super().__init__(**rest)
        self._state = state
        self.media_type = media_type

    @property
    def environ(self) -> dict[str, str]:
        return {"GEMINI_API_KEY": self.key or TEST_KEY, "GOOGLE_GEMINI_BASE_URL": self.base_url}

    def is_image_request(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def read(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        sent = json.loads(body)
        parts = [part for content in sent.get("contents", []) for part in content.get("parts", [])]
        prompt = "\n".join(part["text"] for part in parts if "text" in part)
        files = [_file(part["inlineData"], index) for index, part in enumerate(parts) if "inlineData" in part]
        found = _PATH.fullmatch(path)
        model = found[1] if found else ""
        return {"json": sent, "fields": {}, "files": tuple(files), "prompt": prompt, "model": model}

    def usual(self, seen: Seen, number: int) -> tuple[dict[str, Any], dict[str, str]]:
        image = seen.json.get("generationConfig", {}).get("imageConfig", {})
        bucket = str(image.get("imageSize", "1K"))
        width, height = frame(str(image.get("aspectRatio", "1:1")), bucket)
        is_png = seen.model.startswith("gemini-2.5")
        data = (pictures.png if is_png else pictures.jpeg)(width, height, number, self.pad)
        declared = self.media_type or ("image/png" if is_png else "image/jpeg")
        candidate = {
            "content": {"parts": [inline(data, declared)], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
        body = {
            "candidates": [candidate],
            "usageMetadata": usage(len(seen.prompt), len(seen.files), _TOKENS.get(bucket, 1120)),
            "modelVersion": seen.model,
            "responseId": f"loopback{seen.number:04}",
        }
        return body, {}

    result_prefix = "files/batch-"

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs it keeps."""
        return Jobs(self, self._state)

    @cached_property
    def spoken(self) -> GoogleJobs:
        """How they are spelt."""
        return GoogleJobs(self.jobs, self)

    def routed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Routed | None:
        if not _JOBS.match(path):
            return None
        key = next((headers[name] for name in KEY_HEADERS if name in headers), "").removeprefix("Bearer ")
        if self.key is not None and key != self.key and "upload_id=" not in path:  # the address is the secret
            return told(self.wrong_key())
        return self.spoken.answer(method, path, headers, body)

    def cuts_off(self, method: str, path: str) -> bool:
        return _JOBS.match(path) is not None and self.jobs.fault("cut upload", path) is not None

    def line_files(self, request: Mapping[str, Any]) -> tuple[File, ...]:
        """Return the uploaded references that a line names."""
        parts = [part for content in request.get("contents", ()) for part in content.get("parts", ())]
        names = ["files/" + part["fileData"]["fileUri"].rpartition("/")[2] for part in parts if "fileData" in part]
        stored = [self.jobs.files[name] for name in names if name in self.jobs.files]
        return tuple(File("fileData", file.id, file.media_type, self.jobs.content(file.id)) for file in stored)

    def limited(self, wait: float) -> Fault:
        return per_minute(wait)

    def wrong_key(self) -> Fault:
        return bad_key()


def _file(inline_data: Mapping[str, Any], index: int) -> File:
    """URL-safe base64 and a snake-case type are what the SDK sends."""
    text = str(inline_data["data"]).replace("-", "+").replace("_", "/")
    data = base64.b64decode(text + "=" * (-len(text) % 4))
    media_type = str(inline_data.get("mimeType") or inline_data.get("mime_type"))
    return File("inlineData", str(index), media_type, data)


def frame(ratio: str, bucket: str) -> tuple[int, int]:
    """The pixels of a ratio and a resolution, on a grid of 16 as the vendor's are: not quite the ratio."""
    across, down = (int(number) for number in ratio.split(":"))
    height = _BUCKETS.get(bucket, 1024) * (down / across) ** 0.5
    return round(height * across / down / 16) * 16, round(height / 16) * 16


def inline(data: bytes, media_type: str) -> dict[str, Any]:
    """A part that holds a picture."""
    return {"inlineData": {"mimeType": media_type, "data": base64.b64encode(data).decode()}}


def usage(characters: int, references: int, tokens: int) -> dict[str, Any]:
    """A usage block as the vendor's, with some thinking."""
    text, image = characters // 4, references * 560
    return {
        "promptTokenCount": text + image,
        "candidatesTokenCount": tokens,
        "thoughtsTokenCount": 100,
        "totalTokenCount": text + image + tokens + 100,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": text},
            {"modality": "IMAGE", "tokenCount": image},
        ],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": tokens}],
    }


# Replies with status 200 that are not simply a picture ----------------------------------------------------------------


def blocked(reason: str = "PROHIBITED_CONTENT", message: str = "") -> Fault:
    """The prompt itself was refused; there are no candidates."""
    feedback = {"blockReason": reason, **({"blockReasonMessage": message} if message else {})}
    return Fault(body={"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}})


def finished(reason: str, message: str = "", *, text: str | None = None) -> Fault:
    """The model stopped for a reason, without a picture and, unless it says something, without content."""

    def change(body: dict[str, Any]) -> object:
        candidate: dict[str, Any] = {"finishReason": reason, "index": 0}
        if message:
            candidate["finishMessage"] = message
        if text is not None:
            candidate["content"] = {"parts": [{"text": text}], "role": "model"}
        spent = {"promptTokenCount": 40, "candidatesTokenCount": 25, "totalTokenCount": 65}
        return {**body, "candidates": [candidate], "usageMetadata": spent}

    return Fault(change=change)


def parts(make: Any) -> Fault:
    """`make` gets the usual parts and returns those to answer with."""

    def change(body: dict[str, Any]) -> object:
        candidate = body["candidates"][0]
        content = {**candidate["content"], "parts": make(candidate["content"]["parts"])}
        return {**body, "candidates": [{**candidate, "content": content}]}

    return Fault(change=change)


def null_content() -> Fault:
    """`content` is null although the model stopped well."""
    return Fault(change=lambda body: {**body, "candidates": [{"content": None, "finishReason": "STOP"}]})


def no_candidates() -> Fault:
    """An empty list of candidates and no reason."""
    return Fault(change=lambda body: {**body, "candidates": []})


# The vendor's error answers -------------------------------------------------------------------------------------------


def error(
    status: int, name: str, message: str, details: list[dict[str, Any]] | None = None, *, in_list: bool = False
) -> Fault:
    """An error body as the vendor writes it, alone or in a list of one."""
    body: dict[str, Any] = {"error": {"code": status, "message": message, "status": name}}
    if details:
        body["error"]["details"] = details
    return Fault(status, [body] if in_list else body)


def quota(quota_id: str, value: str = "10") -> dict[str, Any]:
    """The detail that says which quota was hit."""
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": quota_id,
        "quotaValue": value,
    }
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}


def retry_info(delay: str) -> dict[str, Any]:
    """The detail that says how long to wait."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


_QUOTA_WORDS = "You exceeded your current quota, please check your plan and billing details."


def per_minute(wait: float | None, *, words: str = "") -> Fault:
    """Too many requests per minute; the words are the same as for a day's quota."""
    details = [quota("GenerateRequestsPerMinutePerProjectPerModel")]
    if wait is not None:
        details.append(retry_info(f"{max(wait, 0.001):.3f}s"))
    return error(429, "RESOURCE_EXHAUSTED", f"{_QUOTA_WORDS} {words}".strip(), details)


def per_day() -> Fault:
    """The day's quota is used up."""
    details = [quota("GenerateRequestsPerDayPerProjectPerModel", "250"), retry_info("41s")]
    return error(429, "RESOURCE_EXHAUSTED", _QUOTA_WORDS, details)


def none_allowed() -> Fault:
    """An account of the free tier: no images at all."""
    details = [quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "0"), retry_info("20s")]
    return error(429, "RESOURCE_EXHAUSTED", f"{_QUOTA_WORDS} Quota exceeded for metric: images, limit: 0", details)


def credits_used_up(status: int = 402) -> Fault:
    """Prepaid credit is gone."""
    return error(status, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted. Please add funds in AI Studio.")


def bad_key(message: str = "API key not valid. Please pass a valid API key.") -> Fault:
    """A key that is none comes as 400."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    return error(400, "INVALID_ARGUMENT", message, [info])


def forbidden() -> Fault:
    """The key may not use this."""
    return error(403, "PERMISSION_DENIED", "Generative Language API has not been used in project 1 before.")


def wrong_region() -> Fault:
    """The account's region or billing does not allow it."""
    return error(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")


def invalid(message: str = "Request contains an invalid argument.") -> Fault:
    """Something in the request is wrong."""
    return error(400, "INVALID_ARGUMENT", message)


def unknown_model(model: str) -> Fault:
    """There is no such model."""
    message = f"models/{model} is not found for API version v1, or is not supported for generateContent."
    return error(404, "NOT_FOUND", message)


def overloaded() -> Fault:
    """The model is overloaded."""
    return error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


def deadline() -> Fault:
    """The server's own deadline passed."""
    return error(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.")


def internal() -> Fault:
    """An error on the vendor's side."""
    return error(500, "INTERNAL", "An internal error has occurred.")
