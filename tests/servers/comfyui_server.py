"""A ComfyUI as far as a client sees it: a queue, a history, uploads, validation of nodes, a cache of what was made.

As seen on a real one: an id sent twice runs twice; the same graph under another id gives the same file; the history of
a job is `{}` while it runs and where it is unknown; one broken output beside a good one is a 200 with `node_errors`;
history and queue are lost when it starts again. `queued` holds each prompt that was taken, as it was sent. Must not
import chargen.
"""

from __future__ import annotations

import base64
import hashlib
import json
import select
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from servers import pictures
from servers.loopback import Fault, LoopbackServer, Seen
from servers.openai_server import read_form

MODEL = "sd_xl_base_1.0.safetensors"
NODES: Mapping[str, Mapping[str, str]] = {
    "CheckpointLoaderSimple": {"ckpt_name": "model"},
    "CLIPTextEncode": {"text": "text", "clip": "link"},
    "EmptyLatentImage": {"width": "number", "height": "number", "batch_size": "number"},
    "EmptyImage": {"width": "number", "height": "number", "batch_size": "number", "color": "number"},
    "KSampler": {
        "seed": "number", "steps": "number", "cfg": "number", "sampler_name": "text", "scheduler": "text",
        "denoise": "number", "model": "link", "positive": "link", "negative": "link", "latent_image": "link",
    },
    "VAEDecode": {"samples": "link", "vae": "link"},
    "VAEEncode": {"pixels": "link", "vae": "link"},
    "LoadImage": {"image": "upload"},
    "ImageScale": {"image": "link", "width": "number", "height": "number"},
    "TextEncodeQwenImageEditPlus": {"prompt": "text", "clip": "link"},
    "SaveImage": {"images": "link", "filename_prefix": "text"},
    "PreviewImage": {"images": "link"},
}  # fmt: skip
"""Inputs that each class needs, and their sorts; others may be there too."""
OUTPUTS = ("SaveImage", "PreviewImage")


class ComfyUIServer(LoopbackServer):
    """Runs one job after another; `run` is cleared to let them wait in the queue."""

    def __init__(self, *, model: str = MODEL, **options: Any) -> None:
        """`model` is the one checkpoint that is installed."""
        super().__init__(**options)
        self.model = model
        self.queued: list[dict[str, Any]] = []
        self.uploads: list[str] = []
        self.removed: list[str] = []
        self.run = threading.Event()
        self.run.set()
        self.input: dict[str, bytes] = {}
        self._output: dict[str, bytes] = {}
        self._made: dict[str, str] = {}
        self._history: dict[str, Any] = {}
        self._pending: list[tuple[int, str, dict[str, Any], list[str]]] = []
        self._running: list[tuple[int, str, dict[str, Any], list[str]]] = []
        self._breaks: list[tuple[str, Callable[[str, dict[str, Any]], dict[str, Any]], int]] = []
        self._work = threading.Condition()
        self._lost = 0
        self.has_websocket = True
        self._said: list[bytes] = []
        self.before_queue: Callable[[], object] = int
        """Called when the queue is asked for."""
        self.before_upload: Callable[[], object] = int
        """Called when a picture is uploaded."""
        self._worker: threading.Thread | None = None

    def __enter__(self) -> ComfyUIServer:
        super().__enter__()
        self._worker = threading.Thread(target=self._run, daemon=True)
        self._worker.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stopping.set()
        with self._work:
            self._work.notify_all()
        self._worker.join(5)
        super().__exit__(*failure)

    @property
    def environ(self) -> dict[str, str]:
        return {"COMFYUI_BASE_URL": self.base_url}

    @property
    def prompts(self) -> list[str]:
        """The text at the marked node of each prompt that was taken."""
        return [_prompt(sent["prompt"]) for sent in self.queued]

    @property
    def ids(self) -> list[str]:
        """The id of each prompt that was taken."""
        return [sent["prompt_id"] for sent in self.queued]

    def breaks(self, words: str, how: Callable[[str, dict[str, Any]], dict[str, Any]], times: int = 1) -> None:
        """Let jobs whose prompt holds `words` end as `how` says, at most `times` times."""
        with self._work:
            self._breaks.append((words, how, times))

    def restart(self) -> None:
        """Forget queue and history, as a restart does; files stay."""
        with self._work:
            self._lost += 1
            self._history.clear()
            self._pending.clear()
            self._running.clear()
            self._made.clear()

    def lose_files(self) -> None:
        """Lose what was uploaded and what was made."""
        with self._work:
            self.input.clear()
            self._output.clear()

    def wait_done(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many jobs are in the history."""
        with self._work:
            assert self._work.wait_for(lambda: len(self._history) >= count, timeout), f"{len(self._history)} done"

    def wait_gets(self, path: str, count: int, timeout: float = 30.0) -> None:
        """Wait until a path was fetched so many times."""
        end = time.monotonic() + timeout
        while self.gets.count(path) < count:
            assert time.monotonic() < end, f"{path} was fetched {self.gets.count(path)} times"
            time.sleep(0.01)

    # requests

    def is_image_request(self, path: str) -> bool:
        return path == "/prompt"

    def read(self, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:  # noqa: ARG002
        sent = json.loads(body)
        return {"json": sent, "fields": {}, "files": (), "prompt": _prompt(sent.get("prompt", {})), "model": ""}

    def objection(self, seen: Seen) -> Fault | None:
        sent = seen.json
        name = sent.get("prompt_id")
        if name is not None and (not _is_uuid(name)):
            return _error(400, "invalid_prompt_id", "prompt_id must be a canonical UUID", {}, {})
        graph = sent.get("prompt") or {}
        for node, told in graph.items():
            if told["class_type"] not in NODES:
                message = f"Cannot execute because node {told['class_type']} does not exist."
                return _error(400, "invalid_prompt", message, {}, {}, f"Node ID '#{node}'")
        faults = {node: found for node, told in graph.items() if (found := self._faults(graph, told))}
        good = [
            node for node in graph if graph[node]["class_type"] in OUTPUTS and not _needs(graph, node) & set(faults)
        ]
        if not good:
            message = "Prompt outputs failed validation" if faults else "Prompt has no outputs"
            kind = "prompt_outputs_failed_validation" if faults else "prompt_no_outputs"
            return _error(400, kind, message, {}, faults)
        if faults:
            self._take(sent, good)
            return Fault(body={"prompt_id": name, "number": len(self.queued), "node_errors": faults})
        return None

    def usual(self, seen: Seen, number: int) -> tuple[dict[str, Any], dict[str, str]]:  # noqa: ARG002 - counts its own
        graph = seen.json["prompt"]
        self._take(seen.json, [node for node in graph if graph[node]["class_type"] in OUTPUTS])
        return {"prompt_id": seen.json["prompt_id"], "number": len(self.queued), "node_errors": {}}, {}

    def other(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any] | None:
        if path == "/upload/image":
            self.before_upload()
            fields, files = read_form(headers["content-type"], body)
            name = files[0].name
            with self._work:
                if (
                    fields.get("overwrite") not in ("true", "1")
                    and self.input.get(name, files[0].data) != files[0].data
                ):
                    name = f"{len(self.input)} {name}"
                self.input[name] = files[0].data
                self.uploads.append(name)
            return 200, {"name": name, "subfolder": "", "type": "input"}
        if path == "/queue":
            names = json.loads(body).get("delete", ())
            with self._work:
                self.removed += names
                self._pending = [item for item in self._pending if item[1] not in names]
            return 200, {}
        return None

    @property
    def waiting(self) -> list[str]:
        """The ids of what waits in the queue."""
        with self._work:
            return [item[1] for item in self._pending]

    def upgraded(self, handler: Any) -> bool:
        """Serve the websocket: what `says` was given, to whoever listens."""
        if not handler.path.startswith("/ws?") or not self.has_websocket:
            return False
        key = handler.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        handler.wfile.write(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            f"sec-websocket-accept: {accept}\r\n\r\n".encode()
        )
        heard = 0
        with suppress(OSError):
            while not self._stopping.is_set():
                if select.select([handler.connection], [], [], 0)[0] and handler.connection.recv(1024)[:1] != b"\x89":
                    break  # whoever listened is gone, or says goodbye; all else that comes is a ping
                with self._work:
                    if len(self._said) == heard:
                        self._work.wait(0.02)
                    new, heard = self._said[heard:], len(self._said)
                for data in new:
                    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
                    handler.wfile.write(b"\x81" + size + data)
        return True

    def says(self, kind: str, **data: Any) -> None:
        """Send a message over the websocket."""
        with self._work:
            self._said.append(json.dumps({"type": kind, "data": data}).encode())
            self._work.notify_all()

    def get(self, path: str) -> tuple[bytes, str] | None:
        parts = urlsplit(path)
        if parts.path == "/queue":
            self.before_queue()
        with self._work:
            if parts.path.startswith("/history/"):
                name = parts.path.removeprefix("/history/")
                return _json({name: self._history[name]} if name in self._history else {})
            if parts.path == "/queue":
                return _json({"queue_running": self._running, "queue_pending": self._pending})
            if parts.path == "/view":
                data = self._output.get(parse_qs(parts.query)["filename"][0])
                return None if data is None else (data, "image/png")
        return None

    # the queue

    def _take(self, sent: dict[str, Any], outputs: list[str]) -> None:
        with self._work:
            self.queued.append(sent)
            name = sent.get("prompt_id") or f"own-{len(self.queued)}"
            self._pending.append((len(self.queued), name, sent["prompt"], outputs))
            self._work.notify_all()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._work:
                if not self._pending or not self.run.is_set():
                    self._work.wait(0.02)
                    continue
                item = self._pending.pop(0)
                self._running.append(item)
                lost = self._lost
            end = time.monotonic() + self.latency
            while (not self.run.is_set() or time.monotonic() < end) and not self._stopping.wait(0.005):
                pass
            with self._work:
                if lost == self._lost:
                    self._history[item[1]] = self._result(item)
                    self._running.remove(item)
                self._work.notify_all()

    def _result(self, item: tuple[int, str, dict[str, Any], list[str]]) -> dict[str, Any]:
        number, name, graph, outputs = item
        entry = {"prompt": [number, name, graph, {}, outputs], "outputs": {}, "meta": {}}
        for index, (words, how, times) in enumerate(self._breaks):
            if words in _prompt(graph) and times > 0:
                self._breaks[index] = (words, how, times - 1)
                return {**entry, **how(name, graph)}
        made = {node: {"images": [self._picture(graph, node)]} for node in outputs}
        status = {"status_str": "success", "completed": True, "messages": [["execution_success", {"prompt_id": name}]]}
        return {**entry, "outputs": made, "status": status}

    def _picture(self, graph: dict[str, Any], node: str) -> dict[str, str]:
        key = json.dumps([graph, node], sort_keys=True)
        if key not in self._made:
            self.pictures += 1
            file = f"ComfyUI_{self.pictures:05}_.png"
            width, height = _size(graph)
            plain = pictures.png(width, height, self.pictures, self.pad)
            self._output[file] = plain[:33] + _text("prompt", json.dumps(graph)) + plain[33:]
            self._made[key] = file
        kind = "output" if graph[node]["class_type"] == "SaveImage" else "temp"
        return {"filename": self._made[key], "subfolder": "", "type": kind}

    def _faults(self, graph: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
        errors = []
        for name, sort in NODES[told["class_type"]].items():
            value = told["inputs"].get(name)
            details = f"{name}"
            if value is None:
                errors.append(_fault("required_input_missing", "Required input is missing", details, name))
            elif sort == "link" and not (isinstance(value, list) and str(value[0]) in graph):
                errors.append(_fault("bad_linked_input", "Bad linked input", f"{name}, {value}", name))
            elif sort == "number" and not isinstance(value, (int, float, list)):
                details = f"{name}, {value}, invalid literal"
                errors.append(_fault("invalid_input_type", "Failed to convert an input value", details, name))
            elif sort == "model" and value != self.model:
                errors.append(
                    _fault("value_not_in_list", "Value not in list", f"{name}: '{value}' not in ['{self.model}']", name)
                )
            elif sort == "upload" and value not in self.input:
                details = f"{name} - Invalid image file: {value}"
                errors.append(_fault("custom_validation_failed", "Custom validation failed for node", details, name))
        return {"errors": errors, "dependent_outputs": [], "class_type": told["class_type"]} if errors else {}


# How a job ends badly -------------------------------------------------------------------------------------------------


def raised(
    kind: str = "RuntimeError", message: str = "mat1 and mat2 shapes cannot be multiplied"
) -> Callable[..., Any]:
    """A node raised an exception."""

    def how(name: str, graph: dict[str, Any]) -> dict[str, Any]:
        node = next(iter(graph))
        told = {
            "prompt_id": name, "node_id": node, "node_type": graph[node]["class_type"], "executed": [],
            "exception_message": message, "exception_type": kind, "traceback": ["File nodes.py"],
            "current_inputs": {}, "current_outputs": {},
        }  # fmt: skip
        return _ended([["execution_start", {"prompt_id": name}], ["execution_error", told]])

    return how


def out_of_memory() -> Callable[..., Any]:
    """The graphics card has too little memory at the moment."""
    return raised("torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory.")


def interrupted(name: str, graph: dict[str, Any]) -> dict[str, Any]:
    """Somebody pressed the button on the page."""
    node = next(iter(graph))
    told = {"prompt_id": name, "node_id": node, "node_type": graph[node]["class_type"], "executed": []}
    return _ended([["execution_interrupted", told]])


def no_picture(name: str, graph: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as the others
    """Success, and nothing was saved."""
    return {"outputs": {}, "status": {"status_str": "success", "completed": True, "messages": []}}


def _ended(messages: list[Any]) -> dict[str, Any]:
    return {"outputs": {}, "status": {"status_str": "error", "completed": False, "messages": messages}}


# Values ---------------------------------------------------------------------------------------------------------------


def _error(
    status: int, kind: str, message: str, info: Mapping[str, Any], nodes: Mapping[str, Any], details: str = ""
) -> Fault:
    error = {"type": kind, "message": message, "details": details, "extra_info": dict(info)}
    return Fault(status, {"error": error, "node_errors": dict(nodes)})


def _fault(kind: str, message: str, details: str, name: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": {"input_name": name}}


def _is_uuid(name: object) -> bool:
    try:
        return isinstance(name, str) and str(UUID(name)) == name
    except ValueError:
        return False


def _needs(graph: dict[str, Any], node: str) -> set[str]:
    """Return a node and all it works on."""
    found, waiting = set(), [node]
    while waiting:
        name = waiting.pop()
        if name in graph and name not in found:
            found.add(name)
            waiting += [str(value[0]) for value in graph[name]["inputs"].values() if isinstance(value, list)]
    return found


def _prompt(graph: dict[str, Any]) -> str:
    for told in graph.values():
        if told.get("_meta", {}).get("title") == "chargen:prompt":
            return next(str(told["inputs"][key]) for key in ("text", "prompt", "value") if key in told["inputs"])
    return ""


def _size(graph: dict[str, Any]) -> tuple[int, int]:
    for told in graph.values():
        if told["class_type"] in ("EmptyLatentImage", "EmptyImage"):
            return told["inputs"]["width"], told["inputs"]["height"]
    return 64, 64


def _text(key: str, value: str) -> bytes:
    data = b"tEXt" + key.encode() + b"\0" + value.encode("latin-1", "replace")
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


def _json(value: object) -> tuple[bytes, str]:
    return json.dumps(value).encode(), "application/json; charset=utf-8"
