"""What is noted of delivered bytes as they are kept, and of the attempt that brought them."""

from __future__ import annotations

import os
from datetime import datetime

from chargen.images import png
from chargen.images.sniff import PNG, SUFFIXES, carries_credentials, header, sniff
from chargen.model.record import Original
from chargen.store.clock import compact_stamp
from chargen.store.hashes import hash_bytes


def new_attempt_id(moment: datetime) -> str:
    """Make the id of an attempt, which sorts by time: `20261122T140807000123Z-1f2e3d4c`."""
    return f"{compact_stamp(moment)}-{os.urandom(4).hex()}"


def original_of(data: bytes) -> Original:
    """Describe delivered bytes as they are kept."""
    seen = header(data)
    name = "reply" + SUFFIXES.get(seen.media_type, ".bin")
    return Original(hash_bytes(data), len(data), seen.media_type, seen.width, seen.height, name, _is_signed(data))


def _is_signed(data: bytes) -> bool:
    try:
        return carries_credentials(data) and (sniff(data) != PNG or png.has_chunk(data, png.CREDENTIALS))
    except png.PngError:
        return False
