"""A YAML file as text plus nodes with spans: what every reader of the author's files starts from.

Laws: scalars are the text as written, never converted; an index counts characters of `text`; line and column are
computed here, because the parser counts U+2028 and U+0085 as line ends and authors' editors do not; what `parse`
returns is small enough to walk: no cycle, no deeper than `MAX_DEPTH`, no more than `MAX_EXPANDED` nodes with every
alias followed. Pure: it gets bytes and a name, and knows nothing of files or of what the keys mean.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

from msgspec import Struct
from ruamel.yaml.cyaml import CBaseLoader
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import InputError, Position, Problem, error, not_utf8
from chargen.model.entries import NodePath
from chargen.model.traced import Traced
from chargen.yaml.parser import LimitPassed, every_node, read_screened, too_deep_to_compose, too_deep_to_walk, unscreen

BOM = "\ufeff"
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
MERGE_KEY = "<<"
MAX_BYTES = 32 * 2**20
"""Larger than any book's plan by far; a file above it is something else, and would take seconds to read."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_CONFLICT = re.compile(r"(?:<{7}|\|{7}|>{7}) |(?:<{7}|={7}|\|{7}|>{7})(?=[\r\n]|$)")
_CONFLICT_SIGNS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_GLUED = re.compile(r"\s*[\w.-]+:(?!//)[^\s,\[\]{}]")
_MAY_BE_GLUED = re.compile(r"[{,\n][ \t]*[\w.-]+:(?!//)[^\s,\[\]{}]")
"""A key of a flow map that lacks the blank after its colon, which makes all of it a key; what may be one."""
_LEFT_OPEN = re.compile(r"""[:,\[{-]\s*(?:[&!]\S*\s+)*(?:"(?:[^"\\\r\n]|\\.)*|'(?:[^'\r\n]|'')*)\\?[\r\n]""")
"""What may be a quoted text of several lines."""
_ALIAS = re.compile(r"""#[^\r\n]*|(?P<alias>\*[^\s,\[\]{}]+)""")
"""An alias among items; comments are passed over."""
_COMMENT = re.compile(r"[ \t]*(#[^\r\n]*)")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Document(Struct, frozen=True, eq=False):
    """One parsed YAML file: `text` is decoded and without its byte order mark (`bom` says whether there was one)."""

    file: str
    text: str
    bom: bool
    root: Node | None
    line_starts: tuple[int, ...]

    @classmethod
    def unparsed(cls, text: str, file: str) -> Document:
        """Return a document that only knows its text, for positions in it."""
        bom = text.startswith(BOM)
        text = text.removeprefix(BOM)
        return cls(file, text, bom, None, _lines(text)[1])

    def position(self, index: int) -> Position:
        """Say which line and column (both from 1) the character at `index` stands in."""
        line = bisect_right(self.line_starts, index)
        return Position(self.file, line, index - self.line_starts[line - 1] + 1)

    def at(self, node: Node) -> Position:
        """Say where `node` starts."""
        return self.position(node.start_mark.index)

    def written(self, node: Node) -> str:
        """Return the text of `node`, as far as the next thing behind it."""
        return self.text[node.start_mark.index : node.end_mark.index]

    def items_at(self, sequence: SequenceNode) -> list[Position]:
        """Say where each item of a sequence starts; of an alias (`*first`) that is its own place, not its anchor's."""
        found, end = [], sequence.start_mark.index
        for node in sequence.value:
            start, stop = node.start_mark.index, node.end_mark.index
            if start < end or start >= sequence.end_mark.index:
                alias = next((match for match in _ALIAS.finditer(self.text, end) if match["alias"]), None)
                start, stop = alias.span() if alias is not None else (end, end)
            found.append(self.position(start))
            end = stop
        return found

    def comment_behind(self, node: Node) -> str:
        """Return the comment on the line of a value that is empty (`key: # words`); nothing where there is none."""
        is_empty = isinstance(node, ScalarNode) and not node.style and not node.value
        comment = _COMMENT.match(self.text, node.end_mark.index) if is_empty else None
        return comment[1].rstrip() if comment else ""

    def traced(self, node: Node | None, name: str) -> Traced | None:
        """Return a scalar's text with its source, or None for no node, a null or a collection."""
        text = scalar(node)
        return None if text is None or node is None else Traced.of(text, name, self.at(node))


def scalar(node: Node | None) -> str | None:
    """Return a scalar's text as written, or None for no node, a plain null, or a collection."""
    if not isinstance(node, ScalarNode):
        return None
    if not node.style and node.value in NULLS:  # the C parser writes a plain style as ''
        return None
    return str(node.value)


def is_null(node: Node | None) -> bool:
    """Say whether there is no node, or it is a plain `null`, `~` or nothing."""
    return node is None or (isinstance(node, ScalarNode) and not node.style and node.value in NULLS)


def pairs(node: Node | None) -> Iterator[tuple[str, Node, Node]]:
    """Yield (key text, key node, value node) of a mapping as written, merge keys left out; nothing for other nodes."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value != MERGE_KEY:
                yield str(key.value), key, value


def get(node: Node | None, key: str) -> Node | None:
    """Return the value node of `key` in a mapping, looking through merge keys (`<<`) last; None where absent.

    Every merged mapping is looked at once at most, whatever the aliases.
    """
    waiting = [node]
    seen: set[int] = set()
    while waiting:
        source = waiting.pop()
        if not isinstance(source, MappingNode) or id(source) in seen:
            continue
        merged: list[Node] = []
        for name, value in source.value:
            if name.value == key and isinstance(name, ScalarNode):
                found: Node = value
                return found
            if name.value == MERGE_KEY:
                merged.extend(value.value if isinstance(value, SequenceNode) else [value])
        seen.add(id(source))
        waiting.extend(reversed(merged))
    return None


def node_at(root: Node | None, path: NodePath) -> Node:
    """Return the node at the end of a path of keys and numbers, which must be there."""
    node = root
    for step in path:
        assert isinstance(node, MappingNode | SequenceNode)
        node = node.value[step] if isinstance(step, int) else next(v for key, v in node.value if key.value == step)
    assert node is not None
    return node


def items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a sequence; a null or missing node has none; any other node is a sequence of itself."""
    if isinstance(node, SequenceNode):
        return tuple(node.value)
    return () if node is None or is_null(node) else (node,)


def parse(data: bytes, file: str) -> Document:
    """Parse one YAML document.

    Raises InputError, with every problem positioned in `file`: larger than `MAX_BYTES`, not UTF-8, git conflict
    markers, not valid YAML, more than one document, duplicate keys, limits of depth or aliases passed.
    """
    text = _decode(data, file)
    bom = text.startswith(BOM)
    text = text.removeprefix(BOM)
    lines, starts = _lines(text)
    blank = Document(file, text, bom, None, starts)
    _refuse_conflicts(blank)

    def composed(screened: str) -> Node | None:
        if (deep := too_deep_to_compose(screened, lines)) is not None:
            raise InputError(_limit_passed(blank, deep))
        node: Node | None = CBaseLoader(screened).get_single_node()
        return node

    try:
        root, screen = read_screened(text, composed)
    except YAMLError as failure:
        from chargen.yaml.errors import explain  # noqa: PLC0415 - its expressions are compiled where a file is wrong

        mistake = explain(text, failure)
        raise InputError(error(mistake.message, blank.position(mistake.index), mistake.hint)) from None
    document = Document(file, text, bom, root, starts)
    if root is not None:
        _refuse_unwalkable(document, root)
        if screen:
            unscreen(root, screen)
        if "{" in text and _MAY_BE_GLUED.search(text):
            _refuse_glued(document, root)
        if "#" in text and _LEFT_OPEN.search(text):
            _refuse_swallowed(document, root)
    return document


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"this file has {len(data)} bytes, more than the {MAX_BYTES} that are read"
        raise InputError(error(message, Position(file), "split the file, or take it out of the imagery folders"))
    if data.startswith(_UTF_16):
        raise InputError(error("this file is UTF-16", Position(file, 1, 1), "save it as UTF-8 in your editor"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise InputError(not_utf8(data, failure.start, file)) from None


def _lines(text: str) -> tuple[list[str], tuple[int, ...]]:
    """Split into lines, and say where each starts; where every CR stands before an LF it stays part of its line."""
    if text.count("\r") == text.count("\r\n"):
        lines = text.split("\n")
        return lines, tuple(accumulate([len(line) + 1 for line in lines[:-1]], initial=0))
    return _LINE_END.split(text), (0, *(match.end() for match in _LINE_END.finditer(text)))


def _refuse_conflicts(document: Document) -> None:
    if not any(sign in document.text for sign in _CONFLICT_SIGNS):
        return
    starts = document.line_starts
    for match in _CONFLICT.finditer(document.text):
        place = bisect_left(starts, match.start())
        if place < len(starts) and starts[place] == match.start():
            raise InputError(
                error(
                    "git conflict markers are in this file",
                    document.position(match.start()),
                    "keep either side of a `record`; keep an approval only of a picture that you have seen",
                )
            )


def _limit_passed(document: Document, what: LimitPassed) -> Problem:
    return error(what.message, document.position(what.index), what.hint)


def _refuse_unwalkable(document: Document, root: Node) -> None:
    """Refuse duplicate keys, too deep nesting, cycles and alias bombs, in one walk over the collections."""
    seen: set[int] = set()
    duplicates: list[Problem] = []
    shared = False
    level, depth = [root], 0
    while level:
        depth += 1
        below: list[Node] = []
        for node in level:
            if id(node) in seen:
                shared = True
                continue
            seen.add(id(node))
            value = node.value
            if type(node) is MappingNode:
                if _distinct_keys(value):
                    below += [item for _, item in value if type(item) is not ScalarNode]
                else:
                    duplicates.extend(_duplicate_keys(document, node))
                    below += [part for pair in value for part in pair if type(part) is not ScalarNode]
            elif type(node) is SequenceNode:
                below += [item for item in value if type(item) is not ScalarNode]
        level = below
    if duplicates:
        raise InputError(sorted(duplicates, key=lambda problem: problem.position or Position(document.file)))
    if (found := too_deep_to_walk(root, depth=depth, shared=shared)) is not None:
        raise InputError(_limit_passed(document, found))


def _refuse_glued(document: Document, root: Node) -> None:
    """Refuse `{size:1x1}`, which is a key `size:1x1` without a value: nobody means that, and nothing would tell it."""
    for node in every_node(root):
        if not isinstance(node, MappingNode) or not node.flow_style:
            continue
        for key, value in node.value:
            if _is_glued(document.text, key, value):
                colon = document.position(key.start_mark.index + key.value.index(":"))
                hint = "write `key: value`, or quote the text"
                raise InputError(error("a blank is missing after this colon", colon, hint))


def _refuse_swallowed(document: Document, root: Node) -> None:
    """Refuse a text that closes lines below at a quote before `#`, as in `"#F2EFE6"`: it lacks its own closing quote.

    The parser takes the colour for a comment, so that keys between the two quotes were gone without a word.
    """
    for node in every_node(root):
        if not isinstance(node, ScalarNode) or not node.style or node.style not in "\"'":
            continue
        start, end = node.start_mark.index, node.end_mark.index
        if document.text.startswith("#", end) and _LINE_END.search(document.text, start, end):
            line = document.position(end).line
            message = f"the text that this `{node.style}` opens ends at the `{node.style}#` of line {line}"
            raise InputError(error(message, document.at(node), "close it where it ends: a quote is missing"))


def _is_glued(text: str, key: Node, value: Node) -> bool:
    """Say whether a key without a colon behind it is a plain text that has one inside."""
    if not isinstance(key, ScalarNode) or key.style or value.value or not is_null(value) or not _GLUED.match(key.value):
        return False
    end = key.end_mark.index
    written = text.startswith(key.value, key.start_mark.index) and value.start_mark.index == value.end_mark.index
    return written and not text[end : value.start_mark.index].lstrip().startswith(":")


def _distinct_keys(pairs_of_node: list[tuple[Node, Node]]) -> bool:
    """Say that every key is a scalar and none comes twice (a quick answer: False may also mean "look closer")."""
    try:
        return len({key.value for key, _ in pairs_of_node}) == len(pairs_of_node)
    except TypeError:
        return False


def _duplicate_keys(document: Document, node: MappingNode) -> Iterator[Problem]:
    keys: dict[str, Node] = {}
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            continue
        if key.value in keys and key.value != MERGE_KEY:
            first = document.at(keys[key.value])
            yield error(
                f"duplicate key `{key.value}` (first in line {first.line})",
                document.at(key),
                "keep one of the two: programs differ in which one they read",
            )
        keys.setdefault(key.value, key)
