"""Palettes: colours in words for prompts, colours as numbers for storyboards.

Laws: no number comes into a prompt; dominant colours before accents, each once. Palettes are maps of lists, lists, or
single texts; a number's name stands beside it (`"#F4F1EA salt white"`), as its key (`{persimmon: "#E2612F"}`), or is
the nearest of the table: which of these count is a form of inputs (`ColourNames`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from chargen.errors import Problem, warning
from chargen.kinds.view import fields
from chargen.model.traced import Traced
from chargen.text.colours import NEWEST, ColourNames, colour_hex, is_number
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
_ROLES = frozenset(
    {*GROUPS, *_COLOUR_WORDS, "avoid", "hex", "name", "main", "base", "neutral", "tertiary", "background", "foreground",
     "highlight", "highlights", "shadow", "shadows", "light", "dark", "midtone", "midtones", "text", "key", "fill"}
)  # fmt: skip
"""Keys that say what a colour is for, and do not name it."""


def in_words(
    document: Document, node: Node | None, problems: list[Problem], names: ColourNames = NEWEST
) -> tuple[Traced, ...]:
    """Return up to two short texts of a palette: its colours by name, and what to avoid."""
    found: list[Traced] = []
    if listed := _names(colours(document, node, problems, names), _PALETTE_WORDS, names):
        found.append(_named(document, node, "palette", f"Palette: {', '.join(listed)}."))
    avoid = fields(node).get("avoid")
    if listed := _names(_texts(avoid, names), _AVOID_WORDS, names):
        found.append(_named(document, avoid, "palette.avoid", f"Avoid: {', '.join(listed)}."))
    return tuple(found)


def in_words_together(document: Document, nodes: list[Node], names: ColourNames) -> Traced | None:
    """Return the colours of several palettes by name: each list of the first palette that has it."""
    groups: dict[str, Node] = {}
    for node in nodes:
        named = fields(node) if isinstance(node, MappingNode) else {GROUPS[0]: node}
        for name, value in named.items():
            if not is_null(value):
                groups.setdefault(name, value)
    shown = [groups[name] for name in GROUPS if name in groups]
    texts = (text for node in shown for text in _texts(node, names))
    listed = _names(texts, _TOGETHER_WORDS, names)
    return Traced.of(", ".join(listed), "palette", document.at(shown[0])) if listed else None


def avoided(document: Document, node: Node | None, names: ColourNames) -> tuple[Traced, ...]:
    """Return what a palette avoids, for a negative prompt: a colour's bare name says that it is one."""
    found: list[Traced] = []
    for item in items(fields(node).get("avoid")):
        name = one_line(names.name(_text(item, names) or ""))
        if name:
            bare = " " not in name and not name.casefold().endswith(_COLOUR_WORDS)
            found.append(Traced.of(f"{name} colours" if bare else name, "palette.avoid", document.at(item)))
    return tuple(found)


def in_numbers(*nodes: Node | None) -> tuple[str, ...]:
    """Return `#rrggbb` of the first palette that names any colour the table knows."""
    for node in nodes:
        texts = (_value(item) or _text(item, NEWEST, key) for key, item in _nodes(node))
        found = dict.fromkeys(number for text in texts if text and (number := colour_hex(text)))
        if found:
            return tuple(found)[:MAX_COLOURS]
    return ()


def colours(document: Document, node: Node | None, problems: list[Problem], names: ColourNames) -> Iterator[str]:
    """Yield the colours of a palette as written; an item that is empty is worth a warning."""
    for key, item in _nodes(node):
        if text := _text(item, names, key):
            yield text
        elif is_null(item):
            hint = "a colour like `#708090` needs quotes: without them `#` starts a comment"
            problems.append(warning("a palette's item is empty", document.at(item), hint))


def _nodes(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield the items of a palette, each with the key it has of its own; a list's items have none."""
    if not isinstance(node, MappingNode):
        yield from (("", item) for item in items(node))
        return
    groups = fields(node)
    shown = {name: groups[name] for name in GROUPS if name in groups}
    for name, group in (shown or {name: value for name, value in groups.items() if name != "avoid"}).items():
        if isinstance(group, MappingNode):
            yield from fields(group).items()
        elif isinstance(group, ScalarNode):
            yield from ((name, item) for item in items(group))
        else:
            yield from (("", item) for item in items(group))


def _texts(node: Node | None, names: ColourNames) -> Iterator[str]:
    return (text for item in items(node) if (text := _text(item, names)))


def _text(item: Node, names: ColourNames, key: str = "") -> str | None:
    """Return a colour's text: the name its `key` gives a number, else what is written; of a mapping its name first."""
    if isinstance(item, ScalarNode):
        text = scalar(item)
        return _key_name(key) if names.has_pairs and text and _key_name(key) and is_number(text) else text
    parts = fields(item)
    if (text := next((text for name in _TELLING if (text := scalar(parts.get(name)))), None)) is not None:
        return text
    pairs = ((name, value) for name, value in parts.items() if isinstance(value, ScalarNode))
    return next((text for name, value in pairs if names.has_pairs and (text := _text(value, names, name))), None)


_TELLING = ("name", "colour", "color", "hex")
"""Keys of one colour that is a mapping."""


def _key_name(key: str) -> str:
    """Return a key as a colour's name; nothing for one that says what the colour is for, or numbers it."""
    name = key.replace("_", " ").strip()
    return "" if name.casefold() in _ROLES or not name[-1:].isalpha() else name


def _value(item: Node) -> str | None:
    """Return the number of a colour that is a mapping."""
    texts = (scalar(value) for value in fields(item).values())
    return next((text for text in texts if text and is_number(text)), None)


def _names(texts: Iterator[str], words: int, names: ColourNames) -> list[str]:
    """Return the names that fit into `words`, in order, each once whatever its case."""
    found: dict[str, str] = {}
    for text in texts:
        name = one_line(names.name(text))
        length = len(name.split())
        if name and length <= words and len(name) <= 8 * words and name.casefold() not in found:
            found[name.casefold()] = name
            words -= length
    return list(found.values())


def _named(document: Document, node: Node | None, name: str, text: str) -> Traced:
    return Traced.of(text, name, document.at(node) if node is not None else None)
