"""An entry as it was read, as bytes to compare: every field, every text with its name and place. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from chargen.kinds.view import View
from chargen.model.entries import Entry
from chargen.model.traced import Traced


def as_read(entry: Entry) -> bytes:
    """Return what an entry was read as. Raises UnicodeEncodeError for a text that can't be written.

    Of entries of files in which nothing stands for something elsewhere (no alias, no merge key), these bytes are equal
    only where the entries are.
    """
    return msgspec.msgpack.encode(entry, enc_hook=_written)


def _written(value: Any) -> Any:
    if isinstance(value, Traced):
        return str(value), value.name, value.position
    if isinstance(value, View):
        return value.written
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)
