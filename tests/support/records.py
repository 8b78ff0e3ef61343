"""One record with all that a record must have, to be changed as a test wants it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chargen.model.record import Original, Record
from chargen.model.values import EntryId, Fingerprint, Size
from chargen.store.files import hash_bytes

_RECORD = Record(
    entry_id=EntryId("chapters/ch03/img-07"),
    kind="chapter",
    file="imagery/chapters/ch03/imagery.yaml",
    attempt="20261122T140807000123Z-1f2e3d4c",
    fingerprint=Fingerprint("a" * 64),
    prompt="A caucus race\nround the pool.",
    negative_prompt="",
    asked_size=Size(1792, 1024),
    provider="openai",
    model="gpt-image-2",
    sent_at="2026-11-22T14:08:07.000123Z",
    received_at="2026-11-22T14:08:20.000000Z",
    chargen_version="0.1.0",
)


def a_record(**changes: Any) -> Record:
    """Return the record, changed."""
    return replace(_RECORD, **changes)


def original_told(data: bytes) -> Original:
    """Tell of delivered bytes that nobody looks into."""
    return Original(hash_bytes(data), len(data), "image/png", 64, 64, "reply.png", False)
