"""SHA-256 of bytes and of files. Must not know what they mean; light to import."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from chargen.model.values import FileHash
from chargen.plain_file import PICTURE_BYTES, open_plain
from chargen.store.files import StatKey

_BLOCK = 1 << 20


def hash_bytes(data: bytes) -> FileHash:
    """Return the SHA-256 of bytes in memory."""
    return FileHash(hashlib.sha256(data).hexdigest())


def hash_file(path: Path | str) -> tuple[FileHash, StatKey]:
    """Read a file and return its SHA-256 with the key it had all the while. Raises OSError.

    A file that changes while it is read is read again.
    """
    while True:
        digest = hashlib.sha256()
        with open_plain(path, PICTURE_BYTES) as file:
            before = StatKey.of(os.fstat(file.fileno()))
            while block := file.read(_BLOCK):
                digest.update(block)
            after = StatKey.of(os.fstat(file.fileno()))
        if before == after:
            return FileHash(digest.hexdigest()), after
