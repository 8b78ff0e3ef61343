"""The author's mappings as values: nothing is read, copied or converted before somebody asks for it.

Laws: scalars are the text as written with its source; a plain null is None; merge keys (`<<`) are looked through,
own keys win; aliases cost what they cost once, and a node that contains itself ends in an empty tuple. Knows nothing
of what keys mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.yaml.document import MERGE_KEY, Document, pairs


def fields(node: Node | None) -> dict[str, Node]:
    """Return the value nodes of a mapping by key text, in order, then those merged into it; empty for other nodes."""
    found: dict[str, Node] = {}
    waiting: list[Node | None] = [node]
    seen: set[int] = set()
    while waiting:
        mapping = waiting.pop()
        if not isinstance(mapping, MappingNode) or id(mapping) in seen:
            continue
        seen.add(id(mapping))
        merged: list[Node] = []
        for key, value in mapping.value:
            if not isinstance(key, ScalarNode):
                continue
            if key.value != MERGE_KEY:
                found.setdefault(key.value, value)
            elif isinstance(value, SequenceNode):
                merged.extend(value.value)
            else:
                merged.append(value)
        waiting.extend(reversed(merged))
    return found


class View(Mapping[str, Any]):
    """A mapping of the author's as templates see it: nested views, tuples, `Traced` texts and None.

    A text's name is its dotted key from where the view began; items of a list have the list's name.
    """

    __slots__ = ("_document", "_fields", "_name", "_node")

    def __init__(
        self, document: Document, node: Node | None, name: str = "", known: dict[str, Node] | None = None
    ) -> None:
        self._document = document
        self._node = node
        self._name = name
        self._fields = known

    def __getitem__(self, key: str) -> Any:
        return value(self._document, self._nodes()[key], f"{self._name}.{key}" if self._name else key)

    def __contains__(self, key: object) -> bool:
        return key in self._nodes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes())

    def __len__(self) -> int:
        return len(self._nodes())

    def __repr__(self) -> str:
        return f"<view of {self._name or 'an imagery file'}: {', '.join(self._nodes())}>"

    @property
    def written(self) -> str:
        """The mapping's text in its file, from its first key on."""
        return "" if self._node is None else self._document.written(self._node)

    def owns(self, key: str) -> bool:
        """Say whether the mapping itself has a key, and does not only merge it in."""
        return any(name == key for name, _, _ in pairs(self._node))

    def _nodes(self) -> dict[str, Node]:
        if self._fields is None:
            self._fields = fields(self._node)
        return self._fields


def value(document: Document, node: Node | None, name: str) -> Any:
    """Return what templates see of `node`: a `Traced`, a tuple, a `View`, or None for a null."""
    if isinstance(node, SequenceNode):
        return _items(document, node, name, {})
    if isinstance(node, MappingNode):
        return View(document, node, name)
    return document.traced(node, name)


def _items(document: Document, node: Node, name: str, made: dict[int, tuple[Any, ...]]) -> tuple[Any, ...]:
    """Convert a sequence; `made` shares what an alias names twice and ends what contains itself."""
    if id(node) not in made:
        made[id(node)] = ()
        made[id(node)] = tuple(
            _items(document, item, name, made) if isinstance(item, SequenceNode) else value(document, item, name)
            for item in node.value
        )
    return made[id(node)]
