"""How far a ComfyUI server says its jobs are, heard over its websocket: for people who wait, and never the truth.

Laws: what is heard decides nothing; where there is no websocket, or no library for one, nothing is heard and nothing
fails. The library is imported when the first job waits.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

PATIENCE = 5.0
"""Seconds for the connection to come about."""
LONGEST = 16 * 1024 * 1024
"""Bytes of a message: the server sends previews of pictures too, which are passed over."""


class Progress:
    """Listens at one server from the first question on; safe to use from threads."""

    def __init__(self, address: str, client_id: str) -> None:
        self._url = f"ws{address.removeprefix('http')}/ws?{urlencode({'clientId': client_id})}"
        self._lock = threading.Lock()
        self._done: dict[str, float] = {}
        self._closed = threading.Event()
        self._listener: threading.Thread | None = None
        self._socket: Any = None

    def of(self, prompt_id: str) -> float | None:
        """Return which part of a prompt is done, from 0 to 1; None where nothing was heard of it."""
        with self._lock:
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="comfyui-progress", daemon=True)
                self._listener.start()
            return self._done.get(prompt_id)

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        with self._lock:
            listener, socket = self._listener, self._socket
        if socket is not None:
            with suppress(Exception):  # it may be closed from the other end by now
                socket.close()
        if listener is not None:
            listener.join(PATIENCE)

    def _listen(self) -> None:
        with suppress(Exception):  # a nicety: whatever goes wrong, the history says how a job ended
            from websockets.sync.client import connect  # noqa: PLC0415 - see above

            with connect(self._url, open_timeout=PATIENCE, close_timeout=0.2, max_size=LONGEST, proxy=None) as socket:
                with self._lock:
                    self._socket = socket
                while not self._closed.is_set():
                    self._hear(socket.recv())

    def _hear(self, message: Any) -> None:
        if not isinstance(message, str):
            return
        with suppress(ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError, RecursionError):
            told = json.loads(message)
            if told["type"] == "progress":
                data = told["data"]
                part = min(max(float(data["value"]) / float(data["max"]), 0.0), 1.0)
                with self._lock:
                    self._done[str(data["prompt_id"])] = part
