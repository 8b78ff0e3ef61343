"""Edits of a file's bytes in one go."""

from __future__ import annotations

from collections.abc import Sequence

from chargen.model.slots import SlotEdit
from chargen.yaml.splice import EditableText


def splice(data: bytes, file: str, edits: Sequence[SlotEdit]) -> bytes:
    """Carry out edits. Raises InputError where the file can't be read, SpliceError where one is refused."""
    return EditableText.parse(data, file).apply(edits).data
