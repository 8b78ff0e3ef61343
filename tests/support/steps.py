"""Counts the durable operations of its own process, and can end it or break it at a chosen one.

A durable operation is what changes files for good: making, syncing, renaming, linking, exchanging or removing one, and
a commit of SQLite. The process is killed with SIGKILL *before* the n-th of them, so that killing before each in turn
stops it in every state between two of them. Used inside a child process only; see `forks`.
"""

# ruff: noqa: PTH100, PTH115, PTH118, PTH123 - what pathlib would call is what is being watched

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_CALLS = ("fsync", "rename", "replace", "link", "mkdir", "unlink", "remove", "rmdir")

_NOT_DURABLE = (".chargen/locks", ".chargen/chargen.log", ".chargen/cache.sqlite")
"""Files that may be lost or half written at any time."""

_CAN_T_FAIL = ("unlink", "remove", "rmdir", "commit")
"""Removing takes no space; what a callback of SQLite raises is not seen."""


@dataclass
class Steps:
    """What happens at durable operations: each is told to `path`; the one numbered `kill_at` (from 1) never happens."""

    root: str
    path: str
    kill_at: int = 0
    ends: str = "KILL"
    """The signals sent at `kill_at`, by name; after a KILL nothing follows, another one comes two operations later."""
    fail: str = ""
    """`OPERATION TEXT`: that operation fails with ENOSPC where what it is about contains TEXT."""
    fail_at: int = 0
    """The operation numbered so (from 1) fails; with `onwards` so do all later ones that would take space or a name."""
    error: str = "ENOSPC"
    onwards: bool = False
    pause: str = ""
    """`OPERATION TEXT`: the process stops itself (SIGSTOP) before the first such operation."""
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, operation: str, about: str) -> None:
        """An operation is about to happen."""
        if not about.startswith(self.root) or any(name in about for name in _NOT_DURABLE):
            return
        with self.lock:
            self.count += 1
            with open(self.path, "a") as told:
                told.write(f"{operation} {about.removeprefix(self.root)}\n")
            for number, name in enumerate(self.ends.split()):
                if self.count == self.kill_at + 2 * number:
                    os.kill(os.getpid(), signal.Signals[f"SIG{name}"])
            if self._means(self.pause, operation, about):
                self.pause = ""
                os.kill(os.getpid(), signal.SIGSTOP)
            broken = self.count == self.fail_at or (self.onwards and self.count > self.fail_at > 0)
        if (broken and operation not in _CAN_T_FAIL) or self._means(self.fail, operation, about):
            number = getattr(errno, self.error)
            raise OSError(number, os.strerror(number), about)

    def exchanging(self, _one: str, other: str) -> None:
        """Two files are about to change places."""
        self.at("exchange", other)

    def _means(self, rule: str, operation: str, about: str) -> bool:
        wanted, _, text = rule.partition(" ")
        return bool(rule) and wanted == operation and text in about

    def install(self) -> None:
        """Watch this process from now on."""
        for name in _CALLS:
            setattr(os, name, self._watched(name, getattr(os, name)))
        sys.addaudithook(self._audit)
        self._watch_exchange()
        self._watch_sqlite()

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(path: Any, *rest: Any, **named: Any) -> Any:
            about = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else self._absolute(path, named)
            destination = self._absolute(rest[0], named) if name in ("rename", "replace", "link") else ""
            self.at(name, destination or about)
            return call(path, *rest, **named)

        return watched

    def _absolute(self, path: Any, named: dict[str, Any]) -> str:
        text = os.fsdecode(path)
        if named.get("dir_fd") is not None:
            text = os.path.join(os.readlink(f"/proc/self/fd/{named['dir_fd']}"), text)
        return os.path.abspath(text)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and isinstance(arguments[2], int):
            writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and arguments[0] != self.path:
                self.at("write", os.path.abspath(arguments[0]))

    def _watch_exchange(self) -> None:
        steps, plain = self, ctypes.CDLL

        class Library(plain):  # type: ignore[misc, valid-type]
            def __getattr__(self, name: str) -> Any:
                call = super().__getattr__(name)
                return _Exchange(call, steps) if name == "renameat2" else call

        ctypes.CDLL = Library  # type: ignore[misc]

    def _watch_sqlite(self) -> None:
        steps, plain = self, sqlite3.connect

        def connect(database: Any, *rest: Any, **named: Any) -> sqlite3.Connection:
            connection = plain(database, *rest, **named)
            name = os.path.abspath(os.fsdecode(database))

            def told(statement: str) -> None:
                if statement.strip().upper().startswith("COMMIT"):
                    steps.at("commit", name)

            connection.set_trace_callback(told)
            return connection

        sqlite3.connect = connect  # type: ignore[assignment]


class _Exchange:
    """`renameat2`, told before it is called; takes the attributes that a foreign function takes."""

    def __init__(self, call: Any, steps: Steps) -> None:
        object.__setattr__(self, "_call", call)
        object.__setattr__(self, "_steps", steps)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._call, name, value)

    def __call__(self, *arguments: Any) -> int:
        self._steps.exchanging(os.path.abspath(os.fsdecode(arguments[1])), os.path.abspath(os.fsdecode(arguments[3])))
        result: int = self._call(*arguments)
        return result
