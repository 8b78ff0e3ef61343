"""A YAML file as text plus nodes with spans: what every reader of the author's files starts from.

Laws: scalars are the text as written, never converted; an index counts characters of `text`; line and column are
computed here, because the parser counts U+2028 and U+0085 as line ends and authors' editors do not. Pure: it gets
bytes and a name, and knows nothing of files or of what the keys mean.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml.cyaml import CBaseLoader
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.core.traced import Traced
from chargen.errors import InputError, Position, Problem, error

BOM = "\ufeff"
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
MERGE_KEY = "<<"
_LINE_START = re.compile(r"\r\n|\n|\r")
_CONFLICT = re.compile(r"^(?:<{7} |={7}\r?$|>{7} )", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One parsed YAML file: `text` is decoded and without its byte order mark (`bom` says whether there was one)."""

    file: str
    text: str
    bom: bool
    root: Node | None
    line_starts: tuple[int, ...]

    def position(self, index: int) -> Position:
        """Say which line and column (both from 1) the character at `index` stands in."""
        line = bisect_right(self.line_starts, index)
        return Position(self.file, line, index - self.line_starts[line - 1] + 1)

    def at(self, node: Node) -> Position:
        """Say where `node` starts."""
        return self.position(node.start_mark.index)

    def traced(self, node: Node | None, name: str) -> Traced | None:
        """Return a scalar's text with its source, or None for no node, a null or a collection."""
        text = scalar(node)
        return None if text is None or node is None else Traced.of(text, name, self.at(node))


def scalar(node: Node | None) -> str | None:
    """Return a scalar's text as written, or None for no node, a plain null, or a collection."""
    if not isinstance(node, ScalarNode):
        return None
    if node.style is None and node.value in NULLS:
        return None
    return str(node.value)


def is_null(node: Node | None) -> bool:
    """Say whether there is no node, or it is a plain `null`, `~` or nothing."""
    return node is None or (isinstance(node, ScalarNode) and node.style is None and node.value in NULLS)


def pairs(node: Node | None) -> Iterator[tuple[str, Node, Node]]:
    """Yield (key text, key node, value node) of a mapping as written, merge keys left out; nothing for other nodes."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value != MERGE_KEY:
                yield str(key.value), key, value


def get(node: Node | None, key: str) -> Node | None:
    """Return the value node of `key` in a mapping, looking through merge keys (`<<`) last; None where absent."""
    if not isinstance(node, MappingNode):
        return None
    merged: list[Node] = []
    for name, value in node.value:
        if isinstance(name, ScalarNode):
            if name.value == key:
                found: Node = value
                return found
            if name.value == MERGE_KEY:
                merged.extend(value.value if isinstance(value, SequenceNode) else [value])
    for source in merged:
        if source is not node and (inherited := get(source, key)) is not None:
            return inherited
    return None


def items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a sequence; a null or missing node has none; any other node is a sequence of itself."""
    if isinstance(node, SequenceNode):
        return tuple(node.value)
    return () if node is None or is_null(node) else (node,)


def parse(data: bytes, file: str) -> Document:
    """Parse one YAML document.

    Raises InputError, with every problem positioned in `file`: not UTF-8, git conflict markers, not valid YAML,
    more than one document, duplicate keys, limits of depth or aliases passed.
    """
    text = _decode(data, file)
    bom = text.startswith(BOM)
    text = text.removeprefix(BOM)
    starts = (0, *(match.end() for match in _LINE_START.finditer(text)))
    blank = Document(file, text, bom, None, starts)
    if conflict := _CONFLICT.search(text):
        raise InputError(
            error(
                "git conflict markers are in this file",
                blank.position(conflict.start()),
                "keep either side of the conflict: both are safe, records are one line each",
            )
        )
    try:
        root = CBaseLoader(text).get_single_node()
    except YAMLError as failure:
        raise InputError(_syntax_problem(blank, failure)) from None
    document = Document(file, text, bom, root, starts)
    if duplicates := tuple(_duplicate_keys(document)):
        raise InputError(duplicates)
    return document


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as failure:
        before = data[: failure.start].decode("utf-8")
        line = len(_LINE_START.findall(before)) + 1
        column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
        raise InputError(
            error("this file is not UTF-8", Position(file, line, column), "save it as UTF-8 in your editor")
        ) from None


def _syntax_problem(document: Document, failure: YAMLError) -> Problem:
    mark = getattr(failure, "problem_mark", None) or getattr(failure, "context_mark", None)
    message = getattr(failure, "problem", None) or str(failure)
    position = document.position(min(mark.index, len(document.text))) if mark else Position(document.file)
    return error(f"not valid YAML: {message}", position)


def _duplicate_keys(document: Document) -> Iterator[Problem]:
    seen: set[int] = set()
    waiting: list[Node] = [document.root] if document.root is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ScalarNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            waiting.extend(node.value)
            continue
        keys: dict[str, Node] = {}
        for key, value in node.value:
            waiting.append(value)
            if not isinstance(key, ScalarNode):
                continue
            if key.value in keys and key.value != MERGE_KEY:
                first = document.at(keys[key.value])
                yield error(f"duplicate key `{key.value}` (first in line {first.line})", document.at(key))
            keys[key.value] = key
