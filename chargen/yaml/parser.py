"""Giving a text to the C parser: none that is too deep for it, and what it misreads of YAML 1.2 hidden from it.

Its composer recurses: some ten thousand nested brackets end the process, not the file. Laws: what is too deep for it is
found before it runs, from the text alone, at next to no cost for a normal file; what passes here can be walked by a
recursive reader, aliases followed, without running out of stack or memory; a stand-in for a character has its length.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct
from ruamel.yaml.cyaml import CBaseLoader
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

Read = TypeVar("Read")

MAX_DEPTH = 200
"""Levels; the deepest author file known has 9, and Python's own limit of recursion is 1,000 calls."""
MAX_EXPANDED = 1_000_000
"""Nodes, counted once for every alias that leads to them; a chapter of 1,000 entries has about 60,000."""
_SAFE = 500
"""Levels that the composer is allowed without a count: a thread's small stack of 512 KiB holds more than a thousand."""

_PREFIX = " -?:\t\r"
_QUOTED = "\"#?[^\"'#!\\\\\\n\\[\\]{}]*\"|'#?[^\"'#!\\n\\[\\]{}]*'"
_PAIR = re.compile(rf"\[(?:[^\"'#!\n\[\]{{}}]|{_QUOTED})*+\]|\{{(?:[^\"'#!\n\[\]{{}}]|{_QUOTED})*+\}}")
"""A pair of brackets that is surely one: nothing between them can start a comment, a tag or a text that goes on."""
_NESTED_PAIRS = 4

_INNER_SIGNS = ":?"
_INNER = re.compile(
    r"""(?P<kept>^%[^\r\n]*|(?:^|(?<=[\s\[{,]))![^\s]*)|(?<=[^\s"'\[\]{},]):(?=[^\s\[\]{},])|(?<=[^\s\[\]{},])\?(?=\S)""",
    re.MULTILINE,
)
"""A sign within a word, where YAML 1.2 has it as a plain character; directives and tags are kept."""
_FOREIGN_BREAKS = "\x85\u2028\u2029"


class LimitPassed(Struct, frozen=True):
    """A limit that is passed at `index` of the text."""

    index: int
    message: str
    hint: str


def read_screened(text: str, read: Callable[[str], Read]) -> tuple[Read, dict[int, str]]:
    """Read `text` with `read`, with characters that the parser does not take as YAML 1.2 does behind stand-ins.

    Those are U+0085, U+2028 and U+2029, which are plain characters and no line ends; and, where the text is refused
    without it, the `:` and `?` of a URL or a time, which end no word between brackets either. The text that is read has
    the same length. Returns what was read, and the table `str.translate` needs to put the characters back into it.
    Raises YAMLError.
    """
    breaks = {character for character in _FOREIGN_BREAKS if character in text}
    try:
        if not breaks:
            return read(text), {}
        table = _stand_ins(text, breaks)
        return read(text.translate(table)), _back(table)
    except YAMLError:
        table = _stand_ins(text, {*breaks, *_INNER_SIGNS})
        inner = str.maketrans({sign: table[ord(sign)] for sign in _INNER_SIGNS})
        screened = _INNER.sub(lambda match: match["kept"] or match[0].translate(inner), text).translate(
            {ord(character): table[ord(character)] for character in breaks}
        )
        return read(screened), _back(table)


def unscreen(root: Node, screen: dict[int, str]) -> None:
    """Put the characters back into every scalar below `root`."""
    for node in every_node(root):
        if isinstance(node, ScalarNode):
            node.value = node.value.translate(screen)


def _stand_ins(text: str, characters: Collection[str]) -> dict[int, str]:
    """Choose private characters which the text has neither as such nor as an escape."""
    lowered = text.lower()
    free = (code for code in range(0xF0000, 0xFFFFE) if chr(code) not in text and f"{code:x}" not in lowered)
    return {ord(character): chr(next(free)) for character in sorted(characters)}


def _back(table: dict[int, str]) -> dict[int, str]:
    return {ord(stand_in): chr(code) for code, stand_in in table.items()}


def too_deep_to_compose(text: str, lines: Sequence[str]) -> LimitPassed | None:
    """Say where `text` (whose `lines` these are) is too deeply nested for the composer.

    Two bounds are taken from the text: a block can't have more levels than the columns its indentation and dashes take,
    and flow no more than it has opening brackets that are not closed on their line. Only where a bound is passed are
    the levels counted, by the parser's events, up to the first that is too deep. Raises YAMLError where the text is
    not valid before that.
    """
    if not _deep_block(lines) and not _deep_flow(text, lines):
        return None
    depth = 0
    loader = CBaseLoader(text)
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return _too_deep(event.start_mark.index)
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
    return None


def too_deep_to_walk(root: Node, *, depth: int, shared: bool) -> LimitPassed | None:
    """Say which limit the composed tree passes: `depth` levels without aliases; `shared` where aliases join nodes."""
    if shared:
        return _expanded(root)
    return _too_deep(_first_at(root, MAX_DEPTH + 1)) if depth > MAX_DEPTH else None


def _too_deep(index: int) -> LimitPassed:
    return LimitPassed(index, f"more than {MAX_DEPTH} levels of nesting", "make the structure flatter")


def _deep_block(lines: Sequence[str]) -> bool:
    return any(len(line) > _SAFE // 2 and not line[: _SAFE // 2].strip(_PREFIX) for line in lines)


def _deep_flow(text: str, lines: Sequence[str]) -> bool:
    if text.count("[") + text.count("{") <= _SAFE:
        return False
    rest = "\n".join([line for line in lines if "[" in line or "{" in line])
    for _ in range(_NESTED_PAIRS):
        rest, count = _PAIR.subn("", rest)
        if not count:
            break
    return rest.count("[") + rest.count("{") > _SAFE


def _first_at(root: Node, depth: int) -> int:
    level = [root]
    for _ in range(depth - 1):
        level = [child for node in level for child in _children(node)]
    index: int = level[0].start_mark.index
    return index


def every_node(root: Node) -> Iterator[Node]:
    """Yield `root` and every node below it, each once, whatever the aliases."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(_children(node))


def _children(node: Node) -> list[Node]:
    if isinstance(node, ScalarNode):
        return []
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value)


def _expanded(root: Node) -> LimitPassed | None:
    """Count levels and nodes with every alias followed, each node once, children before parents."""
    sizes: dict[int, tuple[int, int]] = {}
    open_nodes: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        mark = id(node)
        if done:
            open_nodes.discard(mark)
            below = [sizes[id(child)] for child in _children(node)]
            sizes[mark] = (1 + max((deep for deep, _ in below), default=0), 1 + sum(many for _, many in below))
            if sizes[mark][0] > MAX_DEPTH + 1:
                return _too_deep(node.start_mark.index)
            if sizes[mark][1] > MAX_EXPANDED:
                return LimitPassed(
                    node.start_mark.index,
                    f"the aliases in here stand for more than {MAX_EXPANDED} nodes",
                    "write out what is meant, with fewer aliases of aliases",
                )
        elif mark in open_nodes:
            return LimitPassed(
                node.start_mark.index, "this anchor's value contains itself", "remove the alias inside it"
            )
        elif mark not in sizes:
            open_nodes.add(mark)
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))
    return None
