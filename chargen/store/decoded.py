"""Which pictures can be shown to their last pixel, by the hash of the file: each is decoded once, whoever asks.

Laws: what this machine can't decode, for want of a codec or of memory, counts as whole and is not kept; the file may be
deleted or broken at any time and is made again; it holds hashes with yes or no, so that nothing in it is ever shown.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from chargen.errors import ChargenError
from chargen.model.values import FileHash, is_digest
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.store.files import make_folder, write_whole
from chargen.store.hashes import hash_bytes
from chargen.store.json_file import read_json
from chargen.store.pictures import is_whole

_FORMAT = 1
"""A new number where what can be decoded changes."""


class _Told(Struct, frozen=True):
    format: int = 0
    whole: dict[str, bool] = {}


class DecodedPictures:
    """The outcomes of a project, kept in one JSON file; `read_only` writes nothing. Safe to use from threads."""

    def __init__(self, root: Path, file: Path, *, read_only: bool = False) -> None:
        self._root = root
        self._file = file
        self._read_only = read_only
        self._lock = threading.Lock()
        self._known: dict[str, bool] | None = None
        self._is_changed = False

    def knows(self, digest: FileHash) -> bool:
        """Say whether a picture was decoded before, and was whole."""
        with self._lock:
            return self._outcomes().get(digest, False)

    def is_damaged(self, path: Path, digest: FileHash) -> bool:
        """Say whether the file at `path`, of that hash, is a picture with damaged pixels."""
        with self._lock:
            found = self._outcomes().get(digest)
        if found is None:
            try:
                data = read_plain(path, PICTURE_BYTES)
            except OSError:
                return False  # whoever looks at the file says so
            found = is_whole(data) if hash_bytes(data) == digest else None
            if found is not None:
                with self._lock:
                    self._outcomes()[digest] = found
                    self._is_changed = True
        return found is False

    def save(self) -> None:
        """Write what is new. A file that can't be written is no error."""
        with self._lock:
            if not self._is_changed or self._read_only:
                return
            self._is_changed = False
            told = json.dumps({"format": _FORMAT, "whole": self._outcomes()}, sort_keys=True)
        with suppress(OSError, ChargenError):
            make_folder(self._file.parent)
            write_whole(self._file, told.encode(), root=self._root)

    def _outcomes(self) -> dict[str, bool]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> dict[str, bool]:
        told = read_json(self._file, _Told, _Told())
        return {name: value for name, value in told.whole.items() if told.format == _FORMAT and is_digest(name)}
