"""Palettes: colours in words for prompts, colours as numbers for storyboards.

Laws: no hexadecimal number comes into a prompt; dominant colours before accents, each once. Palettes are maps of
lists, lists, or single texts; hexadecimal values may carry their names in comments only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from chargen.errors import Problem, warning
from chargen.kinds.view import fields
from chargen.model.traced import Traced
from chargen.text.colours import colour_hex, colour_name
from chargen.text.prose import one_line
from chargen.yaml.document import Document, is_null, items, scalar

GROUPS = ("dominant", "primary", "accent", "secondary")
"""The lists of a palette that are shown, most important first."""

MAX_COLOURS = 8
"""Colours of a storyboard's swatches."""

_PALETTE_WORDS = 16
_AVOID_WORDS = 8
_TOGETHER_WORDS = 40
_COLOUR_WORDS = ("colour", "colours", "color", "colors")


def in_words(document: Document, node: Node | None, problems: list[Problem]) -> tuple[Traced, ...]:
    """Return up to two short texts of a palette: its colours by name, and what to avoid."""
    found: list[Traced] = []
    if names := _names(colours(document, node, problems), _PALETTE_WORDS):
        found.append(_named(document, node, "palette", f"Palette: {', '.join(names)}."))
    avoid = fields(node).get("avoid")
    if names := _names(_texts(avoid), _AVOID_WORDS):
        found.append(_named(document, avoid, "palette.avoid", f"Avoid: {', '.join(names)}."))
    return tuple(found)


def in_words_together(document: Document, nodes: list[Node]) -> Traced | None:
    """Return the colours of several palettes by name: each list of the first palette that has it."""
    groups: dict[str, Node] = {}
    for node in nodes:
        named = fields(node) if isinstance(node, MappingNode) else {GROUPS[0]: node}
        for name, value in named.items():
            if not is_null(value):
                groups.setdefault(name, value)
    shown = [groups[name] for name in GROUPS if name in groups]
    texts = (text for node in shown for item in items(node) if (text := _text(item)))
    names = _names(texts, _TOGETHER_WORDS)
    return Traced.of(", ".join(names), "palette", document.at(shown[0])) if names else None


def avoided(document: Document, node: Node | None) -> tuple[Traced, ...]:
    """Return what a palette avoids, for a negative prompt: a colour's bare name says that it is one."""
    found: list[Traced] = []
    for item in items(fields(node).get("avoid")):
        name = one_line(colour_name(_text(item) or ""))
        if name:
            bare = " " not in name and not name.casefold().endswith(_COLOUR_WORDS)
            found.append(Traced.of(f"{name} colours" if bare else name, "palette.avoid", document.at(item)))
    return tuple(found)


def in_numbers(*nodes: Node | None) -> tuple[str, ...]:
    """Return `#rrggbb` of the first palette that names any colour the table knows."""
    for node in nodes:
        found = dict.fromkeys(number for text in _grouped(node) if (number := colour_hex(text)))
        if found:
            return tuple(found)[:MAX_COLOURS]
    return ()


def colours(document: Document, node: Node | None, problems: list[Problem]) -> Iterator[str]:
    """Yield the colours of a palette as written; an item that is empty is worth a warning."""
    for item in _nodes(node):
        if text := _text(item):
            yield text
        elif is_null(item):
            hint = "a colour like `#708090` needs quotes: without them `#` starts a comment"
            problems.append(warning("a palette's item is empty", document.at(item), hint))


def _grouped(node: Node | None) -> Iterator[str]:
    return (text for item in _nodes(node) if (text := _text(item)))


def _nodes(node: Node | None) -> Iterator[Node]:
    if not isinstance(node, MappingNode):
        yield from items(node)
        return
    groups = fields(node)
    shown = [groups[name] for name in GROUPS if name in groups]
    for group in shown or [value for name, value in groups.items() if name != "avoid"]:
        yield from fields(group).values() if isinstance(group, MappingNode) else items(group)


def _texts(node: Node | None) -> Iterator[str]:
    return (text for item in items(node) if (text := _text(item)))


def _text(item: Node) -> str | None:
    """Return a colour's text; of a mapping its name, else its number."""
    if isinstance(item, ScalarNode):
        return scalar(item)
    parts = fields(item)
    return next((text for key in ("name", "colour", "color", "hex") if (text := scalar(parts.get(key)))), None)


def _names(texts: Iterator[str], words: int) -> list[str]:
    """Return the names that fit into `words`, in order, each once whatever its case."""
    names: dict[str, str] = {}
    for text in texts:
        name = one_line(colour_name(text))
        length = len(name.split())
        if name and length <= words and len(name) <= 8 * words and name.casefold() not in names:
            names[name.casefold()] = name
            words -= length
    return list(names.values())


def _named(document: Document, node: Node | None, name: str, text: str) -> Traced:
    return Traced.of(text, name, document.at(node) if node is not None else None)
