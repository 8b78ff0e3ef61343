"""A piece of YAML as the places its parts take in the text: exact where each value starts and ends.

Laws: an index counts characters of the text that was read; ends are those of what is written, not the parser's end
marks, which swallow the blank lines, comments and indentation after a block; aliases stay aliases. Pure; knows nothing
of slots, and never changes a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from ruamel.yaml.cyaml import CBaseLoader
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from chargen.model.entries import NodePath
from chargen.yaml.document import MERGE_KEY
from chargen.yaml.screen import read_screened

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+#[^\r\n]*)?\s*)*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")
_TO_COLON = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*+:")
_BLANKS = " \t\r\n"


class Refusal(Exception):  # noqa: N818 (it is an answer, caught where positions are known)
    """An edit that can't be made exactly: why, and where in the text at hand."""

    def __init__(self, index: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint


class Shape(Enum):
    """What a piece is."""

    SCALAR = "scalar"
    SEQUENCE = "list"
    MAPPING = "mapping"
    ALIAS = "alias"


@dataclass(slots=True, eq=False)
class Piece:
    """One node as it is written; built once, then only read.

    `start` counts anchor and tag in. `body` is behind them: the header of a block scalar, the first dash or key of a
    block, the place after the opening bracket of a flow collection. `end` is behind the last character that is not
    blank. `tail` is the place on whose line more may be added after this piece without becoming part of it: `end`,
    but for a block scalar that keeps blank lines.
    """

    shape: Shape
    start: int
    body: int
    end: int
    tail: int
    text: str = ""
    """A scalar's value, or an alias's name."""
    style: str = ""
    flow: bool = False
    anchor: str | None = None
    tag: str | None = None
    children: list[Piece] = field(default_factory=list)
    """Items, or keys and values in turn."""

    def pairs(self) -> Iterator[tuple[Piece, Piece]]:
        """Yield the keys and values of a mapping."""
        parts = iter(self.children)
        return zip(parts, parts, strict=True)

    def values(self) -> list[Piece]:
        """Return the values of a mapping, the items of a list; nothing of a scalar."""
        return self.children[1::2] if self.shape is Shape.MAPPING else self.children

    def value_of(self, key: str) -> tuple[Piece, Piece] | None:
        """Return the mapping's own key and value for `key`; what it inherits through `<<` is not its own."""
        for name, value in self.pairs():
            if name.shape is Shape.SCALAR and name.text == key:
                return name, value
        return None

    def walk(self) -> Iterator[Piece]:
        """Yield this piece and all below it."""
        waiting = [self]
        while waiting:
            piece = waiting.pop()
            yield piece
            waiting.extend(piece.children)

    @property
    def block_collection(self) -> bool:
        """True for a list or mapping written over lines."""
        return self.shape in (Shape.SEQUENCE, Shape.MAPPING) and not self.flow

    @property
    def block_scalar(self) -> bool:
        """True for a text after `|` or `>`."""
        return self.style in ("|", ">")


def read_pieces(text: str) -> Piece | None:
    """Read one document; None where it is empty. Raises YAMLError where it is not valid or not one document."""
    root, screen = read_screened(text, lambda screened: _read(screened, text))
    if screen and root is not None:
        for piece in root.walk():
            piece.text = piece.text.translate(screen)
            piece.anchor = piece.anchor and piece.anchor.translate(screen)
    return root


def find(root: Piece | None, path: NodePath) -> list[Piece]:
    """Return the pieces from the root to the one at `path`. Raises Refusal where the way ends or an alias is on it."""
    if root is None:
        raise Refusal(0, "the file is empty")
    way = [root]
    for step in path:
        here = way[-1]
        _refuse_alias(here)
        if isinstance(step, int):
            below = here.children[step] if here.shape is Shape.SEQUENCE and 0 <= step < len(here.children) else None
        else:
            pair = here.value_of(step) if here.shape is Shape.MAPPING else None
            below = pair[1] if pair else None
        if below is None:
            shown = ".".join(map(str, path))
            raise Refusal(here.start, f"`{shown}` is no longer here", "the file was changed: run again")
        way.append(below)
    _refuse_alias(way[-1])
    return way


def is_entangled(root: Piece) -> bool:
    """Say whether anchors, aliases, tags or merge keys tie this text to the rest of its file."""
    return any(
        piece.anchor is not None
        or piece.tag is not None
        or piece.shape is Shape.ALIAS
        or (piece.shape is Shape.SCALAR and piece.text == MERGE_KEY)
        for piece in root.walk()
    )


def line_start(text: str, index: int) -> int:
    """Return where the line of `index` starts."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def line_end(text: str, index: int) -> int:
    """Return where the line of `index` ends, before its line end."""
    ends = [place for place in (text.find("\n", index), text.find("\r", index)) if place >= 0]
    return min(ends, default=len(text))


def column(text: str, index: int) -> int:
    """Return how many characters stand before `index` in its line."""
    return index - line_start(text, index)


def line_break_at(text: str, index: int) -> str | None:
    """Return the line end of the line of `index`, or where it is the last of the one before; None for a single line."""
    end: int | None = line_end(text, index)
    if end == len(text):
        end = previous_line_end(text, index)
    if end is None:
        return None
    return "\r\n" if text.startswith("\r\n", end) else text[end]


def previous_line_end(text: str, index: int) -> int | None:
    """Return where the line before that of `index` ends, before its line end; None in the first line."""
    start = line_start(text, index)
    if start == 0:
        return None
    return start - 2 if text.startswith("\r\n", start - 2) else start - 1


def header_end(text: str, piece: Piece) -> int:
    """Return where the indicators of a block scalar (`|`, `>-`, `|2+`) end."""
    match = _BLOCK_HEADER.match(text, piece.body)
    return match.end() if match else piece.body


def ends_open(text: str, piece: Piece) -> bool:
    """Say whether a piece ends, with the text, in a block scalar that lines added after it would give a line end.

    Without a final line end such a text is another value than with one, unless its header says `-`.
    """
    leaf = piece
    while leaf.block_collection:
        last = leaf.children[-1]
        implied = leaf.shape is Shape.MAPPING and last.start == last.end == leaf.children[-2].end
        leaf = leaf.children[-2] if implied else last
    if not leaf.block_scalar or line_end(text, leaf.tail) < len(text):
        return False
    header = text[leaf.body : header_end(text, leaf)]
    return "+" in header or ("-" not in header and leaf.text != "")


def _read(screened: str, text: str) -> Piece | None:
    loader = CBaseLoader(screened)
    root: Piece | None = None
    documents = 0
    stack: list[Piece] = []
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise YAMLError("more than one document")
        elif isinstance(event, CollectionEndEvent):
            _close(stack.pop(), event.end_mark.index)
        elif isinstance(event, NodeEvent):
            piece = _open(event, text)
            if stack:
                _add(stack[-1], piece, text)
            else:
                root = piece
            if isinstance(event, CollectionStartEvent):
                stack.append(piece)
    return root


def _refuse_alias(piece: Piece) -> None:
    if piece.shape is Shape.ALIAS:
        raise Refusal(
            piece.start,
            f"this entry is an alias (`*{piece.text}`): filling it would change what it stands for",
            "write the entry out, or use a merge key: `<<: *name`",
        )


def _open(event: NodeEvent, text: str) -> Piece:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, AliasEvent):
        return Piece(Shape.ALIAS, start, start, end, end, str(event.anchor))
    if isinstance(event, ScalarEvent):
        piece = Piece(Shape.SCALAR, start, start, end, end, event.value, event.style or "")
        if piece.block_scalar:
            _measure_block_scalar(piece, text)
    else:
        assert isinstance(event, CollectionStartEvent)
        shape = Shape.MAPPING if isinstance(event, MappingStartEvent) else Shape.SEQUENCE
        flow = bool(event.flow_style)
        if shape is Shape.SEQUENCE and not flow and text[end - 1 : end] == "-" and end > start:
            end -= 1  # the first dash of a list that is not indented is counted in
        piece = Piece(shape, start, end, end, end, flow=flow)
    piece.anchor = event.anchor
    piece.tag = event.tag
    return piece


def _add(parent: Piece, piece: Piece, text: str) -> None:
    """Append a child; an empty value that only its `?` key implies is marked at the next token, and put behind its key.

    In flow the next token is still within the brackets, so there the mark does no harm.
    """
    is_value = parent.shape is Shape.MAPPING and not parent.flow and len(parent.children) % 2 == 1
    if is_value and piece.shape is Shape.SCALAR and piece.start == piece.end:
        key = parent.children[-1]
        colon = _TO_COLON.match(text, key.end)
        if colon is None or colon.end() != piece.start:
            piece.start = piece.body = piece.end = key.end
            piece.tail = key.tail
    parent.children.append(piece)


def _close(piece: Piece, end: int) -> None:
    if piece.flow:
        piece.end = piece.tail = end
        return
    last = piece.children[-1]
    piece.end, piece.tail = last.end, last.tail


def _measure_block_scalar(piece: Piece, text: str) -> None:
    """Set the end to that of the last line with something on it, the tail to that of the last line that counts."""
    match = _PROPERTIES.match(text, piece.start)
    marked_end = piece.end
    piece.body = match.end() if match else piece.start
    header = header_end(text, piece)
    first = line_end(text, header)
    written = text[first:marked_end]
    content = written.rstrip(_BLANKS)
    piece.end = piece.tail = first + len(content) if content else header
    if "+" in text[piece.body : header]:
        ended = text[marked_end - 1 : marked_end] in ("\n", "\r")
        before = previous_line_end(text, marked_end) if ended else marked_end
        piece.tail = max(piece.end, before if before is not None else marked_end)
        return
    indent = _content_indent(content, piece.text)
    for match in re.finditer(r"[^\r\n]+", written[len(content) :]):
        # Blanks deeper than the text are text: what is inserted before them would change it.
        if column(text, piece.end + match.end()) > indent:
            piece.tail = piece.end + match.end()


def _content_indent(content: str, value: str) -> int:
    """Return the columns that every line of a block scalar is indented by."""
    for line in re.split(r"[\r\n]+", content):
        if line.strip(_BLANKS):
            shown = next(part for part in value.split("\n") if part.strip(_BLANKS))
            return (len(line) - len(line.lstrip(" "))) - (len(shown) - len(shown.lstrip(" ")))
    return len(content)
