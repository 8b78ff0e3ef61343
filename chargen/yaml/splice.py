"""Carrying out edits of slots in an author's file, byte-exactly, one entry at a time; or asking whether they could be.

Laws: only slots change, every other byte stays; an edit is verified by parsing what it made before anybody sees it;
what can't be verified is refused and nothing is changed. The file is held as one cell of bytes per entry, so an edit
costs what its entry costs, not what the file costs; only where anchors, aliases, tags or merge keys are involved is
the whole file parsed again. Pure: it gets bytes and gives bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import InputError, Problem, error
from chargen.model.entries import NodePath
from chargen.model.slots import SlotEdit
from chargen.yaml.document import BOM, MAX_BYTES, Document, parse
from chargen.yaml.edit import patches_of
from chargen.yaml.sharing import shared_parts
from chargen.yaml.tree import EditRefused, YamlNode, find, is_dash_line, line_start, read_nodes
from chargen.yaml.verify import edited

_ODD = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"[&*!](?<![^\s,:\[{?-].)(?:\S|(?<=!)\s)",
        r"^[\s-]*\?(?:\s|$)",
        r"^[\s-]*-\s+[\[{]",
        r"^[^\s#][^\r\n]*:\s*[\[{]",
        r":\s*\[\s*\{",
    )
)
"""Where an anchor, an alias, a tag, a `?` key or an entry in braces may stand; what looks like one costs a look.

Several expressions, because one of alternatives is tried at every character, and these skip to what they begin with.
"""


class SpliceError(InputError):
    """An edit that was refused; nothing was changed."""


class _Place(Struct, frozen=True):
    """Where a top-level key stands: its first cell, and for a list with a cell per item how many there are."""

    cell: int
    items: int | None


class Cell(Struct, frozen=True):
    """Lines of a file that hold one entry: which of its cells they are, and the path that leads on from their root."""

    number: int
    text: str
    path: NodePath
    line_break: str
    """The line end of the line before them; LF where there is none."""


class EditableText(Struct, frozen=True, eq=False):
    """An author's file held open for many edits; a value, every edit makes a new one.

    `cells` joined are the file without byte order mark. A cell starts at the start of a line.
    """

    file: str
    bom: bool
    cells: tuple[bytes, ...]
    places: Mapping[str, _Place]

    @classmethod
    def parse(cls, data: bytes, file: str) -> EditableText:
        """Read a file. Raises InputError where `chargen.yaml.document.parse` does."""
        return cls.of(parse(data, file))

    @classmethod
    def of(cls, document: Document) -> EditableText:
        """Hold a file open that was parsed already."""
        starts, places = _cells(document)
        edges = [*starts, len(document.text)]
        cells = tuple([document.text[start:end].encode() for start, end in pairwise(edges)])
        return cls(document.file, document.bom, cells, places)

    @property
    def data(self) -> bytes:
        """The file's bytes as they now should be, byte order mark and line ends as the author has them."""
        return (BOM.encode() if self.bom else b"") + b"".join(self.cells)

    def apply(self, edits: Sequence[SlotEdit]) -> EditableText:
        """Carry out all edits, in order, or none. Raises SpliceError."""
        text = self
        for edit in edits:
            text = text._apply_one(edit)
        if sum(map(len, text.cells)) > MAX_BYTES:
            raise self._refused(
                0, EditRefused(0, "the edit would make the file too large to be read", "split the file")
            )
        return text

    def _apply_one(self, edit: SlotEdit) -> EditableText:
        cell = self.cell_of(edit.path)
        if cell is None:
            return self._apply_to_whole(edit)
        try:
            new = edited(cell.text, replace(edit, path=cell.path), cell.line_break, alone=True)
        except EditRefused as refusal:
            raise self._refused(cell.number, refusal) from None
        if new is None:
            return self._apply_to_whole(edit)
        if new == cell.text:
            return self
        return replace(self, cells=(*self.cells[: cell.number], new.encode(), *self.cells[cell.number + 1 :]))

    def _apply_to_whole(self, edit: SlotEdit) -> EditableText:
        """Edit the file as one text, and parse the outcome as a reader would."""
        whole = b"".join(self.cells)
        try:
            first = tuple(shared_parts(find(read_nodes(whole.decode()), edit.path), edit))
            if first:
                return reduce(EditableText._apply_to_whole, (*first, edit), self)
            new = edited(whole.decode(), edit, "\n", alone=False)
        except EditRefused as refusal:
            raise self._refused(0, refusal) from None
        assert new is not None
        encoded = new.encode()
        if encoded == whole:
            return self
        try:
            return EditableText.parse((BOM.encode() if self.bom else b"") + encoded, self.file)
        except InputError as failure:
            message = f"the edit would make the file unreadable: {failure.problems[0].message}"
            raise self._refused(0, EditRefused(0, message)) from None

    def cell_of(self, path: NodePath) -> Cell | None:
        """Return the lines a path leads into; None where it needs the file as a whole."""
        place = self.places.get(path[0]) if path and isinstance(path[0], str) else None
        if place is None:
            return None
        number = place.cell
        if place.items is not None:
            if len(path) < 2 or not isinstance(path[1], int) or not 0 <= path[1] < place.items:
                return None
            number, path = place.cell + 1 + path[1], (0, *path[2:])
        before = self.cells[number - 1] if number else b""
        line_break = "\r\n" if before.endswith(b"\r\n") else "\r" if before.endswith(b"\r") else "\n"
        return Cell(number, self.cells[number].decode(), path, line_break)

    def start_of(self, cell: Cell) -> int:
        """Return the character of the file that a cell begins at."""
        return len(b"".join(self.cells[: cell.number]).decode())

    def _refused(self, cell: int, refusal: EditRefused) -> SpliceError:
        before = b"".join(self.cells[:cell]).decode()
        document = Document.unparsed(before + b"".join(self.cells[cell:]).decode(), self.file)
        return SpliceError(error(refusal.message, document.position(len(before) + refusal.index), refusal.hint))


class EditCheck(Struct, frozen=True, eq=False):
    """An author's file held open to ask whether edits would be refused, at a fraction of what carrying them out costs.

    Nothing is refused here that would be carried out; what is not refused here is refused later only where the file was
    changed, or grew too large. Lines without any sign of an anchor, alias, tag, `?` key or braces are not looked at:
    they are edited exactly, as the property tests of the splice show.
    """

    text: EditableText
    whole: str
    root: YamlNode | None

    @classmethod
    def parse(cls, data: bytes, file: str) -> EditCheck | None:
        """Read a file; None where nothing in it can be refused. Raises InputError where it can't be read."""
        if not _is_odd(data.decode(errors="replace")):
            return None
        document = parse(data, file)
        return cls(EditableText.of(document), document.text, read_nodes(document.text))

    def refusal(self, edit: SlotEdit) -> Problem | None:
        """Return why an edit would be refused, and where; None where it would be carried out."""
        found = self.text.cell_of(edit.path)
        if found is not None and not _is_odd(found.text):
            return None
        start = 0
        try:
            if found is not None:
                start = self.text.start_of(found)
                if edited(found.text, replace(edit, path=found.path), found.line_break, alone=True) is not None:
                    return None
                start = 0
            ancestors = find(self.root, edit.path)
            if any(shared_parts(ancestors, edit)):
                self.text.apply((edit,))
                return None
            patches_of(self.whole, ancestors, edit, "\n")
            if found is not None:
                start = self.text.start_of(found)
                edited(found.text, replace(edit, path=found.path), found.line_break, alone=True, tied=True)
            elif ancestors[-1].flow:
                start = ancestors[-1].start
                edited(self.whole[start : ancestors[-1].end], replace(edit, path=()), "\n", alone=True, tied=True)
        except SpliceError as refused:
            return refused.problems[0]
        except EditRefused as refusal:
            place = Document.unparsed(self.whole, self.text.file).position(start + refusal.index)
            return error(refusal.message, place, refusal.hint)
        return None


def _is_odd(text: str) -> bool:
    text = text.replace("\r", "\n")
    return any(odd.search(text) for odd in _ODD)


def _cells(document: Document) -> tuple[list[int], dict[str, _Place]]:
    """Cut a file into cells: where each starts, and which top-level key stands where.

    A file whose root is not a block mapping of plain form is one cell that no key leads to.
    """
    pairs = document.root.value if isinstance(document.root, MappingNode) else []
    keys = _key_starts(document)
    starts = [0]
    places: dict[str, _Place] = {}
    for (key, value), start in zip(pairs if keys else (), keys, strict=True):
        if start > starts[-1]:
            starts.append(start)
        dashes = _dash_lines(document.text, value)
        places[key.value] = _Place(len(starts) - 1, len(dashes) or None)
        starts += dashes
    return starts, places


def _key_starts(document: Document) -> list[int]:
    """Return the line starts of the root's keys, or nothing where one does not stand first in its line."""
    root = document.root
    if not isinstance(root, MappingNode) or root.flow_style or not root.value:
        return []
    if root.start_mark.index != root.value[0][0].start_mark.index:
        return []  # the root has an anchor or a tag
    if not all(isinstance(key, ScalarNode) for key, _ in root.value):
        return []
    starts: list[int] = []
    for key, _ in root.value:
        start = line_start(document.text, key.start_mark.index)
        if document.text[start : key.start_mark.index].strip(" ") or (starts and start <= starts[-1]):
            return []
        starts.append(start)
    return starts


def _dash_lines(text: str, node: Node) -> list[int]:
    """Return where the lines of a block list's dashes start, or nothing where that is not plain."""
    if not isinstance(node, SequenceNode) or node.flow_style or not text.startswith("-", node.start_mark.index):
        return []
    first = line_start(text, node.start_mark.index)
    indent = text[first : node.start_mark.index]
    lines: list[int] = []
    for item in node.value:
        start = line_start(text, item.start_mark.index)
        while start >= first and not is_dash_line(text, start, indent):
            start = line_start(text, start - 1)
        if indent.strip(" ") or start < first or (lines and start <= lines[-1]):
            return []
        lines.append(start)
    return lines
