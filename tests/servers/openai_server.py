"""OpenAI's Images API on this machine: `/v1/images/generations` and `/v1/images/edits`.

Speaks the vendor's shapes, headers and error bodies, and those of servers compatible with it (`shape`). See `loopback`
for scripting faults and for pointing other processes at it:

    with OpenAIServer() as server:
        env = {**os.environ, **server.environ}    # OPENAI_API_KEY, OPENAI_BASE_URL
"""

# ruff: noqa: ARG002 - what the methods are for, and all they get, is said in `LoopbackServer`

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from servers import pictures
from servers.jobs import Jobs, told
from servers.loopback import KEY_HEADERS, Fault, File, LoopbackServer, Routed, Seen
from servers.openai_jobs import OpenAIJobs

Shape = Literal["openai", "localai", "vllm-omni", "sglang", "data-url"]
TEST_KEY = "sk-proj-LoopbackKey0123456789abcdef"
_TOKENS = {"low": 196, "medium": 439, "high": 1756, "xhigh": 3122, "max": 7024, "auto": 1756}
_JOBS = re.compile(r"/v1/(?:files|batches)\b")
_SIZE = re.compile(r"(\d+)x(\d+)")


class OpenAIServer(LoopbackServer):
    """`strict` objects to what the vendor objects to: `response_format`, sizes off the grid, more than 16 pictures."""

    path_prefix = "/v1"

    def __init__(
        self,
        *,
        shape: Shape = "openai",
        strict: bool = False,
        deliver: tuple[int, int] | None = None,
        state: Path | None = None,
        **rest: Any,
    ) -> None:
        """`deliver` makes every picture that size, whatever was asked; `state` keeps jobs for a server that follows."""
        super().__init__(**rest)
        self.shape = shape
        self.strict = strict
        self.deliver = deliver
        self._files: dict[str, bytes] = {}
        self._state = state

    @property
    def environ(self) -> dict[str, str]:
        return {"OPENAI_API_KEY": self.key or TEST_KEY, "OPENAI_BASE_URL": self.base_url}

    def is_image_request(self, path: str) -> bool:
        return path in ("/v1/images/generations", "/v1/images/edits")

    def read(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        content_type = headers.get("content-type", "")
        sent: Any = None
        fields: dict[str, str] = {}
        files: tuple[File, ...] = ()
        if content_type.startswith("multipart/form-data"):
            fields, files = read_form(content_type, body)
        else:
            sent = json.loads(body)
        facts = sent if isinstance(sent, dict) else fields
        prompt, model = str(facts.get("prompt", "")), str(facts.get("model", ""))
        return {"json": sent, "fields": fields, "files": files, "prompt": prompt, "model": model}

    def usual(self, seen: Seen, number: int) -> tuple[dict[str, Any], dict[str, str]]:
        asked = seen.json if isinstance(seen.json, dict) else seen.fields
        width, height = self._size(str(asked.get("size", "")))
        data = pictures.png(width, height, number, self.pad)
        headers = {
            "x-request-id": f"req_loopback{seen.number:04}",
            "openai-processing-ms": "17",
            "openai-version": "2020-10-01",
        }
        body: dict[str, Any] = {"created": 1_795_000_000 + seen.number, "data": [self._item(data, seen)]}
        if self.shape == "openai":
            quality = str(asked.get("quality") or "auto")
            body |= {"background": "opaque", "output_format": "png", "quality": quality, "size": f"{width}x{height}"}
            body["usage"] = usage(width * height, quality, len(seen.prompt), len(seen.files))
        elif self.shape == "localai":
            body["id"] = f"loopback-{seen.number}"
            body["usage"] = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        elif self.shape == "sglang":
            body["usage"] = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
        return body, headers if self.shape == "openai" else {}

    def objection(self, seen: Seen) -> Fault | None:
        if not self.strict:
            return None
        asked = seen.json if isinstance(seen.json, dict) else seen.fields
        if unknown := {"response_format", "seed", "negative_prompt", "style"} & asked.keys():
            return unknown_parameter(min(unknown))
        width, height = self._size(str(asked.get("size", "")))
        if width % 16 or height % 16:
            return invalid_size(f"{width}x{height}")
        if len(seen.files) > 16:
            return error(400, "Too many images: at most 16.", "invalid_request_error", "invalid_value", "image")
        return None

    result_prefix = "file-results"

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs it keeps."""
        return Jobs(self, self._state)

    @cached_property
    def spoken(self) -> OpenAIJobs:
        """How they are spelt."""
        return OpenAIJobs(self.jobs)

    def routed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Routed | None:
        if not _JOBS.match(path):
            return None
        key = next((headers[name] for name in KEY_HEADERS if name in headers), "").removeprefix("Bearer ")
        if self.key is not None and key != self.key:
            return told(self.wrong_key())

        def form(sent: Mapping[str, str]) -> Any:
            content_type = sent.get("content-type", "")
            if content_type.startswith("multipart/"):
                return read_form(content_type, body)
            return json.loads(body) if body else None

        return self.spoken.answer(method, path, headers, form)

    def cuts_off(self, method: str, path: str) -> bool:
        return _JOBS.match(path) is not None and self.jobs.fault("cut upload", path) is not None

    def line_files(self, request: Mapping[str, Any]) -> tuple[File, ...]:
        """Return the uploaded references that a line names."""
        ids = [image.get("file_id", "") for image in request.get("images", ())]
        stored = [self.jobs.files[file_id] for file_id in ids if file_id in self.jobs.files]
        return tuple(File("images", file.id, file.media_type, self.jobs.content(file.id)) for file in stored)

    def limited(self, wait: float) -> Fault:
        return rate_limited(wait)

    def wrong_key(self) -> Fault:
        return wrong_key("sk-proj-************************cdef")

    def get(self, path: str) -> tuple[bytes, str] | None:
        data = self._files.get(path)
        return None if data is None else (data, "image/png")

    def _size(self, text: str) -> tuple[int, int]:
        found = _SIZE.fullmatch(text)
        asked = (int(found[1]), int(found[2])) if found else (1024, 1024)
        return self.deliver or asked

    def _item(self, data: bytes, seen: Seen) -> dict[str, Any]:
        encoded = base64.b64encode(data).decode()
        if self.shape == "data-url":
            return {"b64_json": f"data:image/png;base64,{encoded}"}
        if self.shape in ("localai", "sglang"):
            path = f"/generated-images/b64{seen.number}.png"
            self._files[path] = data
            return {"url": self.address + path}
        return {"b64_json": encoded}


def usage(pixels: int, quality: str, characters: int, references: int) -> dict[str, Any]:
    """A usage block as the vendor's, without the details of output that it often leaves out."""
    output = round(_TOKENS.get(quality, 1756) * pixels / 1_048_576)
    text, image = characters // 4, references * 1500
    return {
        "input_tokens": text + image,
        "input_tokens_details": {"text_tokens": text, "image_tokens": image},
        "output_tokens": output,
        "total_tokens": text + image + output,
    }


def read_form(content_type: str, body: bytes) -> tuple[dict[str, str], tuple[File, ...]]:
    """Take a multipart form apart."""
    boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
    fields: dict[str, str] = {}
    files: list[File] = []
    for part in body.split(boundary)[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        data = data.removesuffix(b"\r\n")
        text = head.decode("utf-8")
        names = dict(re.findall(r'(\w+)="([^"]*)"', text))
        if "filename" in names:
            media_type = re.search(r"(?i)content-type:\s*(\S+)", text)
            files.append(File(names["name"], names["filename"], media_type[1] if media_type else "", data))
        else:
            fields[names["name"]] = data.decode("utf-8")
    return fields, tuple(files)


# The vendor's error answers -------------------------------------------------------------------------------------------


def error(
    status: int,
    message: str,
    kind: str | None,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Fault:
    """An error body as the vendor writes it."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Fault(status, body, {"x-request-id": "req_failed1", **(headers or {})})


def rate_limited(wait: float | None = None, *, words: str = "", headers: Mapping[str, str] | None = None) -> Fault:
    """Too many images per minute, with the seconds to wait in the headers, or only in words."""
    message = f"Rate limit reached for gpt-image in organization org-x on input-images per min. {words}".strip()
    sent = dict(headers or {})
    if wait is not None:
        sent |= {"retry-after-ms": str(max(1, round(wait * 1000))), "retry-after": str(max(1, round(wait + 0.5)))}
        sent |= {"x-ratelimit-limit-requests": "5", "x-ratelimit-remaining-requests": "0"}
    return error(429, message, "input-images", "rate_limit_exceeded", headers=sent)


def slow_down() -> Fault:
    """Ramping up too fast."""
    return error(429, "You are sending requests too quickly.", "rate_limit_error", "slow_down")


def no_quota(code: str = "insufficient_quota") -> Fault:
    """No more credit, as 429."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return error(429, message, "insufficient_quota", code)


def hard_limit() -> Fault:
    """No more credit, as 400."""
    return error(400, "Billing hard limit has been reached.", "billing_limit_user_error", "billing_hard_limit_reached")


def moderated(code: str = "moderation_blocked") -> Fault:
    """The prompt or the picture was refused."""
    message = (
        "Your request was rejected by the safety system. If you believe this is an error, contact us at "
        "help.openai.com and include the request ID req_failed1. safety_violations=[violence]."
    )
    return error(400, message, "image_generation_user_error", code)


def wrong_key(shown: str) -> Fault:
    """The key, as shown, is not accepted."""
    message = f"Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    return error(401, message, "invalid_request_error", "invalid_api_key")


def not_verified() -> Fault:
    """The organisation may not use the model."""
    message = "Your organization must be verified to use the model `gpt-image-2.6-flare`."
    return error(403, message, "invalid_request_error", None)


def unknown_model(model: str) -> Fault:
    """There is no such model."""
    message = f"The model '{model}' does not exist or you do not have access to it."
    return error(404, message, "invalid_request_error", "model_not_found", "model")


def invalid_size(size: str) -> Fault:
    """A size off the grid."""
    message = f"Invalid size '{size}'. Width and height must both be divisible by 16."
    return error(400, message, "image_generation_user_error", "invalid_value", "size")


def not_transparent() -> Fault:
    """An option the model lacks; same type as moderation, but no moderation."""
    message = "Transparent background is not supported for this model."
    return error(400, message, "image_generation_user_error", "invalid_value", "background")


def unknown_parameter(name: str) -> Fault:
    """A parameter the model does not know."""
    message = f"Unknown parameter: '{name}'."
    return error(400, message, "invalid_request_error", "unknown_parameter", name)


def overloaded() -> Fault:
    """The service is overloaded."""
    return error(503, "The server is overloaded.", "service_unavailable_error", "server_is_overloaded")


def server_error(status: int = 500) -> Fault:
    """An error on the vendor's side."""
    return error(status, "The server had an error while processing your request.", "server_error")


def error_text(status: int, text: str) -> Fault:
    """`{"error": "text"}`, as stable-diffusion.cpp writes it."""
    return Fault(status, {"error": text})


def detail(status: int, value: object) -> Fault:
    """`{"detail": ...}`, as FastAPI servers such as vLLM-Omni write it."""
    return Fault(status, {"detail": value})


def no_data() -> Fault:
    """Status 200 without any picture, as xAI answers what it moderated."""
    return Fault(change=lambda body: {**body, "data": []})


def null_data() -> Fault:
    """Status 200 with `data: null`."""
    return Fault(change=lambda body: {**body, "data": None})


def broken_base64() -> Fault:
    """Status 200 and a picture that is not base64."""
    return Fault(change=lambda body: {**body, "data": [{"b64_json": "@@@not base64@@@"}]})


def by_url(url: str) -> Fault:
    """Status 200 and an address instead of bytes."""
    return Fault(change=lambda body: {**body, "data": [{"url": url}]})
