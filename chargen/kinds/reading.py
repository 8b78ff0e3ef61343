"""Reading one mapping of an imagery file: texts, lists and nested mappings, with a problem for what has another shape.

Laws: never raises on what an author writes; blank texts count as absent; texts are as written. A single text stands
for a list of one where nothing else could be meant; where the parts are mappings, a list must be a list. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy

from msgspec import Struct, field
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import Position, Problem, Topic, error, warning
from chargen.kinds.keys import Keys
from chargen.kinds.spelling import misspellings
from chargen.kinds.view import View, fields
from chargen.model.entries import NodePath
from chargen.model.traced import Traced
from chargen.model.values import Status
from chargen.text.names import did_you_mean
from chargen.yaml.document import Document, is_null, items, scalar

_COMMENT = 60
"""Characters of a comment that are told."""


class Block(Struct, frozen=True, eq=False):
    """One mapping: its value nodes by key, and the problems found while reading it.

    `fallback` holds nodes of a nested mapping that stand for absent keys (`image_spec` of a beat).
    """

    document: Document
    node: Node | None
    path: NodePath
    nodes: dict[str, Node]
    problems: list[Problem]
    name: str = ""
    fallback: dict[str, Node] = field(default_factory=dict)
    fallback_name: str = ""
    place: Position | None = None
    """Where it stands, if that is not where its node starts: an alias stands elsewhere than what it repeats."""

    @classmethod
    def of(
        cls, document: Document, node: Node | None, path: NodePath, problems: list[Problem], name: str = ""
    ) -> Block:
        """Read the mapping at `node`; any other node has no keys. `name` is put before the names of its texts."""
        return cls(document, node, path, fields(node), problems, name)

    def with_fallback(self, key: str) -> Block:
        """Return this block with the keys of its nested mapping `key` standing in for absent ones."""
        inner = fields(self.nodes.get(key))
        if not inner:
            return self
        return replace(self, fallback=inner, fallback_name=key)

    @property
    def view(self) -> View:
        """The whole mapping as templates see it."""
        return View(self.document, self.node, self.name, self.nodes)

    @property
    def position(self) -> Position:
        """Where the mapping starts, or the file where there is none."""
        if self.place is not None:
            return self.place
        return Position(self.document.file) if self.node is None else self.document.at(self.node)

    def find(self, key: str) -> Node | None:
        """Return the value node of `key`, the fallback's where the key is absent or null."""
        node = self.nodes.get(key)
        return self.fallback.get(key) if self.fallback and is_null(node) else node

    def text(self, *keys: str) -> Traced | None:
        """Return the first text of `keys` that is not blank, named as its key."""
        for key in keys:
            node = self.nodes.get(key)
            if node is not None and (found := scalar(node)) and not found.isspace():
                return Traced.of(found, self._named(key), self.document.at(node))
            node = self.fallback.get(key) if self.fallback else None
            if node is not None and (found := scalar(node)) and not found.isspace():
                return Traced.of(found, f"{self.fallback_name}.{key}", self.document.at(node))
        return None

    def written(self, key: str) -> Traced | None:
        """Return a text as it is written, also a blank one; a value of another shape is a problem."""
        node = self.find(key)
        if isinstance(node, ScalarNode) and not is_null(node):
            return self.document.traced(node, key)
        if not is_null(node) and node is not None:
            self.wrong_shape(key, node, "text")
        return None

    def each_text(self, keys: Iterable[str]) -> Iterator[Traced]:
        """Yield the texts that there are of several keys."""
        for key in keys:
            if (key in self.nodes or key in self.fallback) and (text := self.text(key)) is not None:
                yield text

    def texts(self, key: str) -> tuple[Traced, ...]:
        """Return the texts of a list, or the single text; blank ones and other nodes are left out."""
        name = self._named(key)
        found = (self.document.traced(node, name) for node in items(self.find(key)))
        return tuple(text for text in found if text is not None and not text.isspace() and text)

    def block(self, key: str) -> Block:
        """Return the nested mapping `key`; without keys where it is absent, with a problem where it is no mapping."""
        node = self.find(key)
        if node is not None and not isinstance(node, MappingNode) and not is_null(node):
            self.wrong_shape(key, node, "a mapping")
        return Block.of(self.document, node, (*self.path, key), self.problems, self._named(key))

    def parts(self, key: str, *, mappings: bool = False) -> Iterator[tuple[int, Node]]:
        """Yield (number from 0, node) of a list of mappings or texts; anything but a list or null is a problem."""
        node = self.find(key)
        if isinstance(node, SequenceNode):
            yield from enumerate(node.value)
        elif not is_null(node) and node is not None:
            one = None if mappings else scalar(node)
            self.wrong_shape(key, node, "a list", f"write a list: `{key}: [{one}]`" if one and "\n" not in one else "")

    def blocks(self, key: str) -> Iterator[Block]:
        """Yield the mappings of a list, each with its own list of problems; items of another shape are problems."""
        listed = self.find(key)
        places = self.document.items_at(listed) if isinstance(listed, SequenceNode) else []
        for number, node in self.parts(key, mappings=True):
            if isinstance(node, MappingNode):
                block = Block.of(self.document, node, (*self.path, key, number), [])
                yield replace(block, place=places[number])
            elif is_null(node):
                self.problems.append(
                    warning(f"item {number + 1} of `{self._named(key)}` is empty", self.document.at(node))
                )
            else:
                self.wrong_shape(f"{key}[{number}]", node, "a mapping")

    def spell(self, keys: Keys) -> None:
        """Tell each key that is a misspelling of one of `keys` which is missing, and of a decision that is no word."""
        there = {**self.fallback, **self.nodes} if self.fallback else self.nodes
        self.problems.extend(misspellings(self.document, self.node, self.nodes, keys, there))
        self.tell_unread(keys.decisions)
        if self.fallback:
            inner = self.nodes[self.fallback_name]
            self.problems.extend(misspellings(self.document, inner, self.fallback, keys, there))

    def tell_unread(self, words: Iterable[str]) -> None:
        """Warn of each of these keys that is a list or a mapping: there is no text, so that it counts as absent."""
        for key in words:
            node = self.nodes.get(key)
            if isinstance(node, (MappingNode, SequenceNode)):
                message = f"`{self._named(key)}` must be text: what stands there is not used"
                self.problems.append(warning(message, self.document.at(node)))

    def tell_commented(self, prompts: Iterable[str]) -> None:
        """Warn of each of these keys of a prompt that is empty because the words behind it are a comment to YAML."""
        for key in prompts:
            node = self.find(key)
            if node is not None and (comment := self.document.comment_behind(node)):
                comment = comment if len(comment) <= _COMMENT else f"{comment[:_COMMENT]}…"
                message = f"`{self._named(key)}` is empty: `{comment}` is a comment"
                hint = f'a text in quotes may begin with `#`: `"{comment}"`'
                self.problems.append(warning(message, self.document.at(node), hint).of(Topic.NO_PROMPT))

    def wrong_shape(self, key: str, node: Node, wanted: str, hint: str = "") -> None:
        """Add the error of a value that has another shape than `wanted`."""
        self.problems.append(error(f"`{self._named(key)}` must be {wanted}", self.document.at(node), hint))

    def _named(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def declared_type(document: Document) -> Traced | None:
    """Return `entity_type`, of `metadata` first, else of the whole file."""
    root = fields(document.root)
    for mapping in (fields(root.get("metadata")), root):
        if found := document.traced(mapping.get("entity_type"), "entity_type"):
            return found
    return None


def declared_slug(document: Document) -> str:
    """Return the slug a file gives itself, of `metadata` first; nothing where it gives none."""
    root = fields(document.root)
    for mapping in (fields(root.get("metadata")), root):
        if found := scalar(mapping.get("slug")):
            return found
    return ""


def is_archived(document: Document) -> bool:
    """Say whether a whole file is set aside."""
    return (scalar(fields(document.root).get("status")) or "").strip().lower() == Status.ARCHIVED.value


def with_slug(document: Document, slug: str) -> Document:
    """Return a document that gives itself a slug, written where it begins."""
    root = document.root
    if not isinstance(root, MappingNode):
        return document
    texts = (ScalarNode("tag:yaml.org,2002:str", text, root.start_mark, root.start_mark) for text in ("slug", slug))
    changed = copy(root)
    changed.value = [tuple(texts), *root.value]
    return replace(document, root=changed)


def is_type(found: str, wanted: str) -> bool:
    """Say whether a declared type means `wanted`; case and `_` for `-` do not count."""
    return found.strip().lower().replace("_", "-") == wanted


def unknown_name(what: str, name: str, position: Position | None, known: tuple[str, ...]) -> Problem:
    """Return the warning of a word outside the known ones."""
    hint = did_you_mean(name, known) or f"known are {', '.join(f'`{word}`' for word in known)}"
    return warning(f"unknown {what} `{name[:60]}`", position, hint)
