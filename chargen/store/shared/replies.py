"""Replies in the shared store: delivered bytes by hash, and numbered records under the fingerprint of their inputs.

Laws: bytes are there before a record names them; a record is written once and never changed; what is fetched is only
used if its bytes have the hash that its record tells, and its record is of the inputs that were asked for. Numbers
begin at 1 and have no gaps, so that nothing is ever listed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, convert, to_builtins

from chargen.model.record import Original, Record, from_dict, to_dict
from chargen.model.values import FileHash, Fingerprint, is_attempt_id, is_digest
from chargen.store.files import hash_bytes
from chargen.store.shared.objects import TRIES, DamagedObjectError, Objects, ever_changing

_LOG = logging.getLogger("chargen")

DONE = "done"
"""Where records are, below the prefix."""
BYTES = "cas"
"""Where delivered bytes are."""


class FurtherPicture(Struct, frozen=True, array_like=True):
    """One that was delivered beside a reply's first: hash, and size in bytes."""

    sha256: FileHash
    size: int


class _Told(Struct, frozen=True):
    """What an object holds."""

    who: str
    record: dict[str, Any]
    others: tuple[FurtherPicture, ...] = ()


class SharedReply(Struct, frozen=True):
    """A reply that is in the store: its record, and who put it there."""

    record: Record
    original: Original
    who: str
    others: tuple[FurtherPicture, ...] = ()

    @property
    def bytes_keys(self) -> tuple[str, ...]:
        """Under which keys its pictures are, the first one first."""
        return bytes_key(self.original), *(bytes_key(other) for other in self.others)

    @property
    def size(self) -> int:
        """What its pictures take, in bytes."""
        return self.original.size + sum(other.size for other in self.others)


class Replies:
    """The replies of one project; safe to use from threads. Every method raises StoreError."""

    def __init__(self, objects: Objects, who: str) -> None:
        self._objects = objects
        self._who = who

    def under(self, fingerprint: Fingerprint) -> tuple[SharedReply, ...]:
        """Return the replies to these inputs, in the order in which they were put there; damaged ones left out."""
        return tuple(reply for reply, _ in self.numbered(fingerprint))

    def numbered(self, fingerprint: Fingerprint) -> tuple[tuple[SharedReply, str], ...]:
        """Return the same, each with the key of its record."""
        every = self._objects.numbered(f"{DONE}/{fingerprint}", _read)
        return tuple(
            (reply, key) for key, _, reply in every if reply is not None and reply.record.fingerprint == fingerprint
        )

    def fetch(self, reply: SharedReply) -> tuple[bytes, tuple[bytes, ...]]:
        """Return delivered bytes, verified, and the further pictures; of these none that is damaged."""
        data = self._fetch(reply, reply.original)
        others: list[bytes] = []
        for other in reply.others:
            try:
                others.append(self._fetch(reply, other))
            except DamagedObjectError as failure:
                _LOG.warning("a further picture is left out: %s", failure)
        return data, tuple(others)

    def _fetch(self, reply: SharedReply, picture: Original | FurtherPicture) -> bytes:
        there = self._objects.get(bytes_key(picture))
        if there is None:
            raise DamagedObjectError(f"the bytes of {reply.record.attempt} are not in the store")
        if hash_bytes(there.data) != picture.sha256:
            raise DamagedObjectError(f"the bytes of {reply.record.attempt} in the store are damaged: not used")
        return there.data

    def put(self, record: Record, data: bytes, others: Sequence[bytes] = ()) -> bool:
        """Put a reply there with the further pictures of it, if it is not; say whether it was not.

        Bytes of it that are lost there, or not these, are put there again.
        """
        original = record.original
        assert original is not None
        further = [FurtherPicture(hash_bytes(other), len(other)) for other in others]
        told = {"format": 1, "who": self._who, "record": to_dict(record)}
        if further:
            told["others"] = to_builtins(further)
        text = json.dumps(told, sort_keys=True).encode()
        self._place(original, data)
        for picture, content in zip(further, others, strict=True):
            self._place(picture, content)
        folder = f"{DONE}/{record.fingerprint}"
        for _ in range(TRIES):
            known = [reply for _, _, reply in self._objects.numbered(folder, _read)]
            if any(reply is not None and reply.record.attempt == record.attempt for reply in known):
                return False
            if self._objects.create(f"{folder}/{len(known) + 1}", text) is not None:
                return True
        raise ever_changing(folder)

    def _place(self, picture: Original | FurtherPicture, data: bytes) -> None:
        """Put delivered bytes there; what is under their hash and is not these is replaced."""
        key = bytes_key(picture)
        if self._objects.create(key, data) is None:
            self._objects.put(key, data)


def bytes_key(picture: Original | FurtherPicture) -> str:
    """Say under which key delivered bytes are."""
    return f"{BYTES}/{picture.sha256}"


def _read(data: bytes) -> SharedReply | None:
    """Read a record as it is kept; None for what is none."""
    try:
        told = convert(json.loads(data), _Told)
        record = from_dict(told.record)
    except (ValueError, RecursionError):  # a RecordError is a ValueError
        return None
    whole = is_attempt_id(record.attempt) and all(is_digest(other.sha256) for other in told.others)
    return (
        SharedReply(record, record.original, told.who, told.others) if record.original is not None and whole else None
    )
