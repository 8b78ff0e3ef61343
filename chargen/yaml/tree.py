"""A node of YAML as the places its parts take in the text: exact where each value starts and ends.

Laws: an index counts characters of the text that was read; ends are those of what is written, not the parser's end
marks, which swallow the blank lines, comments and indentation after a block; aliases stay aliases. Pure; knows nothing
of slots, and never changes a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct, field
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
from chargen.yaml.parser import read_screened

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+#[^\r\n]*)?\s*)*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")
_TO_COLON = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*+:")
_BLANKS = " \t\r\n"


class EditRefused(Exception):  # noqa: N818 (it is an answer, caught where positions are known)
    """An edit that can't be made exactly: why, and where in the text at hand."""

    def __init__(self, index: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint


class Shape(Enum):
    """What a node is."""

    SCALAR = "scalar"
    SEQUENCE = "list"
    MAPPING = "mapping"
    ALIAS = "alias"


class YamlNode(Struct, eq=False):
    """One node as it is written; built once, then only read.

    `start` counts anchor and tag in. `body` is behind them: the header of a block scalar, the first dash or key of a
    block, the place after the opening bracket of a flow collection. `end` is behind the last character that is not
    blank. `tail` is the place on whose line more may be added after this node without becoming part of it: `end`,
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
    children: list[YamlNode] = field(default_factory=list)
    """Items, or keys and values in turn."""

    def pairs(self) -> Iterator[tuple[YamlNode, YamlNode]]:
        """Yield the keys and values of a mapping."""
        parts = iter(self.children)
        return zip(parts, parts, strict=True)

    def values(self) -> list[YamlNode]:
        """Return the values of a mapping, the items of a list; nothing of a scalar."""
        return self.children[1::2] if self.shape is Shape.MAPPING else self.children

    def value_of(self, key: str) -> tuple[YamlNode, YamlNode] | None:
        """Return the mapping's own key and value for `key`; what it inherits through `<<` is not its own."""
        for name, value in self.pairs():
            if name.shape is Shape.SCALAR and name.text == key:
                return name, value
        return None

    def walk(self) -> Iterator[YamlNode]:
        """Yield this node and all below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children)

    @property
    def block_collection(self) -> bool:
        """True for a list or mapping written over lines."""
        return self.shape in (Shape.SEQUENCE, Shape.MAPPING) and not self.flow

    @property
    def block_scalar(self) -> bool:
        """True for a text after `|` or `>`."""
        return self.style in ("|", ">")


def read_nodes(text: str) -> YamlNode | None:
    """Read one document; None where it is empty. Raises YAMLError where it is not valid or not one document."""
    root, screen = read_screened(text, lambda screened: _read(screened, text))
    if screen and root is not None:
        for node in root.walk():
            node.text = node.text.translate(screen)
            node.anchor = node.anchor and node.anchor.translate(screen)
    return root


def find(root: YamlNode | None, path: NodePath) -> list[YamlNode]:
    """Return the nodes from the root to the one at `path`. Raises EditRefused where one is absent or an alias."""
    if root is None:
        raise EditRefused(0, "the file is empty")
    ancestors = [root]
    for step in path:
        here = ancestors[-1]
        _refuse_alias(here)
        if isinstance(step, int):
            below = here.children[step] if here.shape is Shape.SEQUENCE and 0 <= step < len(here.children) else None
        else:
            pair = here.value_of(step) if here.shape is Shape.MAPPING else None
            below = pair[1] if pair else None
        if below is None:
            shown = ".".join(map(str, path))
            raise EditRefused(here.start, f"`{shown}` is no longer here", "the file was changed: run again")
        ancestors.append(below)
    _refuse_alias(ancestors[-1])
    return ancestors


def is_entangled(root: YamlNode) -> bool:
    """Say whether anchors, aliases, tags or merge keys tie this text to the rest of its file."""
    return any(
        node.anchor is not None
        or node.tag is not None
        or node.shape is Shape.ALIAS
        or (node.shape is Shape.SCALAR and node.text == MERGE_KEY)
        for node in root.walk()
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


def is_dash_line(text: str, start: int, indent: str) -> bool:
    """Say whether the line that starts at `start` is the first of an item of a list whose dashes stand at `indent`."""
    dash = start + len(indent)
    return text.startswith(f"{indent}-", start) and text[dash + 1 : dash + 2] in ("", " ", "\t", "\r", "\n")


def previous_line_end(text: str, index: int) -> int | None:
    """Return where the line before that of `index` ends, before its line end; None in the first line."""
    start = line_start(text, index)
    if start == 0:
        return None
    return start - 2 if text.startswith("\r\n", start - 2) else start - 1


def header_end(text: str, node: YamlNode) -> int:
    """Return where the indicators of a block scalar (`|`, `>-`, `|2+`) end."""
    match = _BLOCK_HEADER.match(text, node.body)
    return match.end() if match else node.body


def ends_open(text: str, node: YamlNode) -> bool:
    """Say whether a node ends, with the text, in a block scalar that lines added after it would give a line end.

    Without a final line end such a text is another value than with one, unless its header says `-`.
    """
    leaf = node
    while leaf.block_collection:
        last = leaf.children[-1]
        implied = leaf.shape is Shape.MAPPING and last.start == last.end == leaf.children[-2].end
        leaf = leaf.children[-2] if implied else last
    if not leaf.block_scalar or line_end(text, leaf.tail) < len(text):
        return False
    header = text[leaf.body : header_end(text, leaf)]
    return "+" in header or ("-" not in header and leaf.text != "")


def _read(screened: str, text: str) -> YamlNode | None:
    loader = CBaseLoader(screened)
    root: YamlNode | None = None
    documents = 0
    stack: list[YamlNode] = []
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise YAMLError("more than one document")
        elif isinstance(event, CollectionEndEvent):
            node = stack.pop()
            if node.flow:
                node.end = node.tail = event.end_mark.index
            else:
                node.end, node.tail = node.children[-1].end, node.children[-1].tail
        elif isinstance(event, NodeEvent):
            node = _open(event, text)
            if stack:
                _add(stack[-1], node, text)
            else:
                root = node
            if isinstance(event, CollectionStartEvent):
                stack.append(node)
    return root


def _refuse_alias(node: YamlNode) -> None:
    if node.shape is Shape.ALIAS:
        raise EditRefused(
            node.start,
            f"this entry is an alias (`*{node.text}`): filling it would change what it stands for",
            "write the entry out, or use a merge key: `<<: *name`",
        )


def _open(event: NodeEvent, text: str) -> YamlNode:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, AliasEvent):
        return YamlNode(Shape.ALIAS, start, start, end, end, str(event.anchor))
    if isinstance(event, ScalarEvent):
        node = YamlNode(Shape.SCALAR, start, start, end, end, event.value, event.style or "")
        if node.block_scalar:
            _measure_block_scalar(node, text)
    else:
        assert isinstance(event, CollectionStartEvent)
        shape = Shape.MAPPING if isinstance(event, MappingStartEvent) else Shape.SEQUENCE
        flow = bool(event.flow_style)
        if shape is Shape.SEQUENCE and not flow and text[end - 1 : end] == "-" and end > start:
            end -= 1  # the first dash of a list that is not indented is counted in
        node = YamlNode(shape, start, end, end, end, flow=flow)
    node.anchor = event.anchor
    node.tag = event.tag
    return node


def _add(parent: YamlNode, node: YamlNode, text: str) -> None:
    """Append a child; an empty value that only its `?` key implies is marked at the next token, and put behind its key.

    In flow the next token is still within the brackets, so there the mark does no harm.
    """
    is_value = parent.shape is Shape.MAPPING and not parent.flow and len(parent.children) % 2 == 1
    if is_value and node.shape is Shape.SCALAR and node.start == node.end:
        key = parent.children[-1]
        colon = _TO_COLON.match(text, key.end)
        if colon is None or colon.end() != node.start:
            node.start = node.body = node.end = key.end
            node.tail = key.tail
    parent.children.append(node)


def _measure_block_scalar(node: YamlNode, text: str) -> None:
    """Set the end to that of the last line with something on it, the tail to that of the last line that counts."""
    match = _PROPERTIES.match(text, node.start)
    marked_end = node.end
    node.body = match.end() if match else node.start
    header = header_end(text, node)
    first = line_end(text, header)
    written = text[first:marked_end]
    content = written.rstrip(_BLANKS)
    node.end = node.tail = first + len(content) if content else header
    if "+" in text[node.body : header]:
        ended = text[marked_end - 1 : marked_end] in ("\n", "\r")
        before = previous_line_end(text, marked_end) if ended else marked_end
        node.tail = max(node.end, before if before is not None else marked_end)
        return
    indent = _content_indent(content, node.text)
    for match in re.finditer(r"[^\r\n]+", written[len(content) :]):
        # Blanks deeper than the text are text: what is inserted before them would change it.
        if column(text, node.end + match.end()) > indent:
            node.tail = node.end + match.end()


def _content_indent(content: str, value: str) -> int:
    """Return the columns that every line of a block scalar is indented by."""
    for line in re.split(r"[\r\n]+", content):
        if line.strip(_BLANKS):
            shown = next(part for part in value.split("\n") if part.strip(_BLANKS))
            return (len(line) - len(line.lstrip(" "))) - (len(shown) - len(shown.lstrip(" ")))
    return len(content)
