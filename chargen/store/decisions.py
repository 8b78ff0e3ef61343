"""Decisions on pictures, each with the state before it: a list that only grows, so that any of them can be taken back.

Laws: a decision is on record, durably, before the author's file is replaced; what then was not written is withdrawn;
no line is ever changed or removed. A line that can't be read hides no other. Of one machine, like all of `.chargen/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, convert, field
from msgspec.structs import asdict, replace

from chargen.config.layout import DECISIONS
from chargen.model.values import EntryId, FileHash
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.store.clock import Clock, stamp
from chargen.store.files import as_input_error, make_folder, sync_file
from chargen.store.locks import file_lock
from chargen.yaml.difference import Difference


class Decided(Struct, frozen=True):
    """What one decision did to one image: lines of its file, and the picture at its target (None for none).

    `before` and `after` are the words it is told by: statuses, notes, versions.
    """

    id: EntryId
    file: str
    before: str = ""
    after: str = ""
    lines: tuple[Difference, ...] = ()
    pictures: tuple[FileHash | None, FileHash | None] | None = None


class Decision(Struct, frozen=True):
    """One decision: `number` counts from 1, `at` is ISO UTC, `undoes` the number of the one it took back."""

    number: int
    at: str
    command: str
    images: Mapping[EntryId, Decided] = field(default_factory=dict)
    undoes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """One element of `decisions[]`."""
        return {
            "number": self.number,
            "at": self.at,
            "command": self.command,
            "undoes": self.undoes,
            "images": [
                {"id": item.id, "file": item.file, "before": item.before or None, "after": item.after or None}
                for item in self.images.values()
            ],
        }


class Decisions:
    """All decisions of one project (`.chargen/decisions.jsonl`); safe to use from several processes."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._file = root / DECISIONS
        self._clock = clock

    def all(self) -> tuple[Decision, ...]:
        """Return the decisions, oldest first; those of which nothing was written are left out. Raises InputError."""
        found: dict[int, Decision] = {}
        for row in self._rows():
            try:
                number = row["number"]
                undoes = row.get("undoes") if _is_number(row.get("undoes")) else None
                old = found.get(number) or Decision(number, str(row["at"]), str(row["command"]), {}, undoes)
                images = {
                    **old.images,
                    **{item.id: item for item in convert(row.get("images", ()), tuple[Decided, ...])},
                }
                for name in row.get("withdrawn", ()):
                    images.pop(EntryId(name), None)
            except (KeyError, TypeError, ValueError):
                continue
            found[number] = Decision(number, old.at, old.command, images, old.undoes)
        return tuple(decision for _, decision in sorted(found.items()) if decision.images)

    def begin(self, command: str, undoes: int | None = None) -> Recorder:
        """Begin a decision; nothing is written before it does something."""
        return Recorder(self, command, undoes)

    def append(self, number: int | None, row: dict[str, Any]) -> int:
        """Write a line, under a new number if it has none; return its number. Raises InputError."""
        with file_lock(self._root, DECISIONS), as_input_error(self._file):
            make_folder(self._file.parent)
            number = number or 1 + max((row["number"] for row in self._rows()), default=0)
            at = stamp(self._clock.now(), microseconds=True)
            with self._file.open("a+b") as out:
                if size := out.tell():
                    out.seek(size - 1)
                    if out.read() != b"\n":
                        out.write(b"\n")  # whoever wrote last died over it
                out.write(json.dumps({"number": number, "at": at, **row}, ensure_ascii=False).encode() + b"\n")
            sync_file(self._file)
            return number

    def _rows(self) -> list[dict[str, Any]]:
        """Return what the lines say; a list that can't be read is not taken for an empty one. Raises InputError."""
        with as_input_error(self._file, self._root, doing="read"):
            lines = read_plain(self._file, PICTURE_BYTES).splitlines() if self._file.exists() else []
        rows = []
        for line in lines:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict) and _is_number(row.get("number")):
                rows.append(row)
        return rows


class Recorder:
    """One decision while it is carried out."""

    def __init__(self, decisions: Decisions, command: str, undoes: int | None) -> None:
        self._decisions = decisions
        self._head = {"command": command, "undoes": undoes}
        self.number: int | None = None

    def note(self, images: Iterable[Decided]) -> None:
        """Put on record what is about to be done. Raises InputError."""
        rows = [{**asdict(item), "lines": [asdict(line) for line in item.lines]} for item in images]
        if rows:
            self.number = self._decisions.append(self.number, {**self._head, "images": rows})

    def lines(self, file: str, changes: Sequence[tuple[EntryId, Difference]], words: Mapping[EntryId, Decided]) -> None:
        """Put on record the lines that are about to change in a file; `words` say what it is. Raises InputError."""
        found: dict[EntryId, Decided] = {}
        for name, change in changes:
            item = found.get(name) or words.get(name) or Decided(name, file)
            found[name] = replace(item, lines=(*item.lines, change))
        self.note(found.values())

    @contextmanager
    def attempt(self, name: EntryId) -> Iterator[None]:
        """Do to one image in the block what is put on record; what fails is withdrawn."""
        try:
            yield
        except Exception:
            self.withdraw([name])
            raise

    def withdraw(self, names: Iterable[EntryId]) -> None:
        """Put on record that nothing came of it. Raises InputError."""
        withdrawn = list(names)
        if self.number is not None and withdrawn:
            self._decisions.append(self.number, {**self._head, "withdrawn": withdrawn})


def _is_number(value: object) -> bool:
    """Say whether a value is a decision's number; a larger one is none that was ever given."""
    return type(value) is int and 0 < value < 10**9
