"""Whether the slots of an image could be written, asked before its request leaves and is paid for.

Laws: the edit is that of a delivered picture, with a made-up record; nothing is written. It is asked of every entry of
a plan, and by the write-back once more, of the file as it is when a request is about to leave.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from chargen import kinds
from chargen.config.project import Project
from chargen.errors import InputError, Problem, error
from chargen.model.entries import Entry
from chargen.model.slots import SlotEdit, SlotValue, SlotValues
from chargen.model.values import Route
from chargen.store.places import read_inside
from chargen.yaml.splice import EditCheck

_RECORD = f"2 in={'A' * 43} file={'A' * 43} size=1 by=a/b at=2026-01-01T00:00:00Z of={'A' * 43} try=x"
_METADATA: Mapping[str, SlotValue] = {"record": _RECORD, "usage": {"tokens": 1}, "references": ["a.png"]}


def made_up_edit(entry: Entry, target: str, route: Route) -> SlotEdit:
    """Return the edit of a picture at `target` that could have been delivered by `route`."""
    name = target.rpartition("/")[2]
    return kinds.named(entry.kind).slots(
        entry, SlotValues("2026-01-01T00:00:00Z", name, target, route.provider, route.model, _METADATA)
    )


def unwritable(refusal: Problem) -> Problem:
    """Say of a refused edit that it keeps an image from being made."""
    return error(f"its slots could not be written back: {refusal.message}", refusal.position, refusal.hint)


class WriteBackCheck(Struct, frozen=True):
    """The files of one plan, each read once if at all; safe to use from threads."""

    project: Project
    _files: dict[str, EditCheck | None] = field(default_factory=dict)

    def refusal(self, entry: Entry, target: str, route: Route | None) -> Problem | None:
        """Return why the slots could not be written of an entry whose picture by a route would stand at `target`.

        None where nothing is known against it.
        """
        file = self._file(entry.file)
        if file is None or route is None:
            return None
        found = file.refusal(made_up_edit(entry, target, route))
        return None if found is None else unwritable(found)

    def _file(self, name: str) -> EditCheck | None:
        if name not in self._files:
            self._files[name] = self._read(name)
        return self._files[name]

    def _read(self, name: str) -> EditCheck | None:
        try:
            data = read_inside(self.project.root, name)
            return EditCheck.parse(data, name)
        except InputError:
            return None  # it was read a moment ago; if it stays so, the write-back finds it
