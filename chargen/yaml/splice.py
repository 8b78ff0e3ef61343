"""Carrying out edits of slots in an author's file, byte-exactly, one entry at a time.

Laws: only slots change, every other byte stays; an edit is verified by parsing what it made before anybody sees it;
what can't be verified is refused and nothing is changed. The file is held as one cell of bytes per entry, so an edit
costs what its entry costs, not what the file costs; only where anchors, aliases, tags or merge keys are involved is
the whole file parsed again. Pure: it gets bytes and gives bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import InputError, error
from chargen.model.entries import NodePath
from chargen.model.slots import SetSlots, SlotEdit
from chargen.yaml.document import BOM, MAX_BYTES, Document, parse
from chargen.yaml.edit import Patch, append_patches, apply_patches, set_patches
from chargen.yaml.sharing import shared_parts
from chargen.yaml.tree import EditRefused, YamlNode, find, is_dash_line, is_entangled, line_start, read_nodes
from chargen.yaml.verify import verify_bytes, verify_cell, verify_tree

_SHALLOW = 100
"""Steps to an entry up to which no slot value can take the file beyond the levels of nesting that are read."""


class SpliceError(InputError):
    """An edit that was refused; nothing was changed."""


class _Place(Struct, frozen=True):
    """Where a top-level key stands: its first cell, and for a list with a cell per item how many there are."""

    cell: int
    items: int | None


class Cell(Struct, frozen=True):
    """Lines of a file that hold one entry, and begin at character `start`; `path` leads on from their root."""

    text: str
    start: int
    path: NodePath
    line_break: str


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
        local = self._local(edit.path)
        if local is None:
            return self._apply_to_whole(edit)
        cell, path = local
        old = self.cells[cell].decode()
        try:
            new = edited(old, replace(edit, path=path), self._line_break(cell), alone=True)
        except EditRefused as refusal:
            raise self._refused(cell, refusal) from None
        if new is None:
            return self._apply_to_whole(edit)
        if new == old:
            return self
        encoded = new.encode()
        return replace(self, cells=(*self.cells[:cell], encoded, *self.cells[cell + 1 :]))

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

    def _local(self, path: NodePath) -> tuple[int, NodePath] | None:
        """Return the cell a path leads into, and the path from that cell's root; None where it needs all cells."""
        place = self.places.get(path[0]) if path and isinstance(path[0], str) else None
        if place is None:
            return None
        if place.items is None:
            return place.cell, path
        if len(path) > 1 and isinstance(path[1], int) and 0 <= path[1] < place.items:
            return place.cell + 1 + path[1], (0, *path[2:])
        return None

    def cell_of(self, path: NodePath) -> Cell | None:
        """Return the lines a path leads into; None where it needs the file as a whole."""
        local = self._local(path)
        if local is None:
            return None
        cell, inner = local
        start = len(b"".join(self.cells[:cell]).decode())
        return Cell(self.cells[cell].decode(), start, inner, self._line_break(cell))

    def _line_break(self, cell: int) -> str:
        """Return the line end of the line before a cell; LF where there is none."""
        before = self.cells[cell - 1] if cell else b""
        if before.endswith(b"\r\n"):
            return "\r\n"
        return "\r" if before.endswith(b"\r") else "\n"

    def _refused(self, cell: int, refusal: EditRefused) -> SpliceError:
        before = b"".join(self.cells[:cell]).decode()
        document = Document.unparsed(before + b"".join(self.cells[cell:]).decode(), self.file)
        return SpliceError(error(refusal.message, document.position(len(before) + refusal.index), refusal.hint))


def edited(text: str, edit: SlotEdit, line_break: str, *, alone: bool, tied: bool = False) -> str | None:
    """Return `text` with the edit made and verified; None where it must not be done on a cell `alone`.

    With `tied` it is done all the same where anchors, aliases, tags or merge keys tie the cell to the rest of its file:
    what it shares with it is not seen then. Raises EditRefused.
    """
    try:
        root = read_nodes(text)
    except YAMLError:
        return None
    if alone and (root is None or (is_entangled(root) and not tied) or len(edit.path) > _SHALLOW):
        return None
    ancestors = find(root, edit.path)
    patches = patches_of(text, ancestors, edit, line_break)
    if not patches:
        return text
    new = apply_patches(text, patches)
    try:
        new_root = read_nodes(new)
    except YAMLError:
        message = "the edit would make this entry unreadable"
        raise EditRefused(
            ancestors[-1].start, message, "write the entry in a plainer form, one `key: value` a line"
        ) from None
    verify_tree(text, ancestors, new_root, edit)
    verify_bytes(text, new, patches)
    if alone:
        verify_cell(text, new, ancestors[0])
    return new


def patches_of(text: str, ancestors: Sequence[YamlNode], edit: SlotEdit, line_break: str) -> list[Patch]:
    """Return the patches of an edit of the last of `ancestors`. Raises EditRefused."""
    if isinstance(edit, SetSlots):
        return set_patches(text, ancestors, edit, line_break)
    return append_patches(text, ancestors, edit.key, edit.value, line_break)


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
