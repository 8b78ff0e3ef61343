"""What is to change in an author's file: the only edits the program ever makes there.

Pure values; `chargen.yaml.splice` carries them out, `chargen.kinds` says which ones an image needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from chargen.model.entries import NodePath

SlotValue: TypeAlias = "str | int | float | bool | Sequence[SlotValue] | Mapping[str, SlotValue] | None"
"""What a slot can hold: JSON values."""

INHERITED = frozenset({"status"})
"""Keys that an edit may set and that mean something where they are merged in (`<<`): an author's word for many entries.
A picture's slots are one entry's own."""


METADATA = frozenset(
    {"record", "request_id", "seed", "revised_prompt", "usage", "cost_usd", "quality", "asked_size", "delivered_size",
     "references"}
)  # fmt: skip
"""Keys of `provider_metadata` that the program writes; others there are the author's, and stay."""


class SlotValues(Struct, frozen=True):
    """An image that is safely on disk, as its slots tell it: each by its name, in the order they are written.

    `generated_at` is ISO 8601 in UTC, `file_path` project-relative with `/`. When and by what it was made is None where
    nobody knows.
    """

    generated_at: str | None
    file_name: str
    file_path: str
    provider: str | None
    model: str | None
    provider_metadata: Mapping[str, SlotValue]


class SetSlots(Struct, frozen=True):
    """Give keys of the mapping at `path` these values, replacing what stands there or inserting the missing key."""

    path: NodePath
    values: Mapping[str, SlotValue]
    filled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Keys whose value, a mapping, is filled into the one that stands there, each with the names in it that are the
    program's: what is there under other names stays as written, and one of these without a value becomes null."""

    def inside(self, key: str, present: Collection[str]) -> SetSlots:
        """Return the edit of the mapping under a key of `filled`, which holds the names `present`."""
        value = self.values[key]
        assert isinstance(value, Mapping)
        gone = {name: None for name in present if name in self.filled[key] and name not in value}
        return SetSlots((*self.path, key), {**value, **gone})


class AppendSlot(Struct, frozen=True):
    """Append an object to the list under `key` of the mapping at `path`, inserting the key where it is missing."""

    path: NodePath
    key: str
    value: Mapping[str, SlotValue]


SlotEdit: TypeAlias = SetSlots | AppendSlot
