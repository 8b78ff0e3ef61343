"""Edits of what is there already: the record line of an adopted picture, the new place of a moved one, another name.

Laws: what the author or an earlier run wrote beside it stays. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from chargen.kinds.registry import named
from chargen.kinds.view import View
from chargen.model.entries import Entry, NodePath
from chargen.model.slots import AppendSlot, SetSlots, SlotEdit, SlotValue


def record_edit(entry: Entry, record: str, file_path: str) -> SlotEdit:
    """Put a record line into the slots of the entry's present picture at `file_path`, and nothing else."""
    place = outputs_path(entry)
    if place is None:
        value: Mapping[str, SlotValue] = {
            "file_name": file_path.rpartition("/")[2],
            "file_path": file_path,
            "provider_metadata": {"record": record},
        }
        return AppendSlot(entry.path, named(entry.kind).slot_list, value)
    filled = {"provider_metadata": frozenset({"record"})}
    return SetSlots(place, {"provider_metadata": {"record": record}}, filled)


def unrecorded_edit(entry: Entry) -> SlotEdit | None:
    """Take the record line out of the slots of the entry's present picture, and nothing else; None for none."""
    place, told = outputs_path(entry), metadata_of(slots_of(entry))
    if place is None or "record" not in told:
        return None
    filled = {"provider_metadata": frozenset({"record"})} if len(told) > 1 else {}
    return SetSlots(place, {"provider_metadata": {}}, filled)


def moved_edit(entry: Entry, file_path: str) -> SlotEdit | None:
    """Say that the entry's picture, with the record it has, now stands at `file_path`."""
    place = outputs_path(entry)
    if place is None:
        return None
    moved: dict[str, SlotValue] = {"file_name": file_path.rpartition("/")[2], "file_path": file_path}
    return SetSlots(place, {**moved, **named(entry.kind).place(entry, file_path)})


def renamed_edit(entry: Entry, name: str) -> SlotEdit:
    """Give an entry another name in its id."""
    keys = named(entry.kind).name_keys
    owned = entry.data.owns if isinstance(entry.data, View) else entry.data.__contains__
    return SetSlots(entry.path, {next((key for key in keys if owned(key)), keys[0]): name})


def adopted_edit(entry: Entry, file_path: str) -> SlotEdit:
    """Say that a picture of the author's at `file_path` is the entry's; of how it was made nothing is known."""
    kind = named(entry.kind)
    if portrait := kind.place(entry, file_path):
        return SetSlots(entry.path, portrait)
    values: Mapping[str, SlotValue] = {"file_name": file_path.rpartition("/")[2], "file_path": file_path}
    place = outputs_path(entry)
    return AppendSlot(entry.path, kind.slot_list, values) if place is None else SetSlots(place, values)


def outputs_path(entry: Entry) -> NodePath | None:
    """Return the mapping that holds the slots of the entry's current picture; None where there is none yet."""
    if not (key := named(entry.kind).slot_list):
        return entry.path
    images = entry.data.get(key)
    if not isinstance(images, tuple) or not images or not isinstance(images[-1], Mapping):
        return None
    return (*entry.path, key, len(images) - 1)


def slots_of(entry: Entry) -> Mapping[str, object]:
    """Return the mapping that holds the slots of the entry's current picture; empty where there is none yet."""
    if not (key := named(entry.kind).slot_list):
        return entry.data
    images = entry.data.get(key)
    return images[-1] if isinstance(images, tuple) and images and isinstance(images[-1], Mapping) else {}


def metadata_of(slots: Mapping[str, object]) -> Mapping[str, object]:
    """Return what slots tell of how their picture was made: its record, its price; empty where they tell nothing."""
    found = slots.get("provider_metadata")
    return found if isinstance(found, Mapping) else {}


def all_slots_of(entry: Entry) -> tuple[Mapping[str, object], ...]:
    """Return the mappings that hold slots of the entry's pictures, oldest first: a list keeps those of all."""
    if not (key := named(entry.kind).slot_list):
        return (entry.data,)
    images = entry.data.get(key)
    return tuple(item for item in images if isinstance(item, Mapping)) if isinstance(images, tuple) else ()
