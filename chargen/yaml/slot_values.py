"""A slot's value in YAML: what a node stands for, compared with one, and writing one in an author's style.

Laws: a plain scalar counts as text only where YAML 1.1 and 1.2 both read it as text, and a text is always written so
that both read it as the same; anything tagged or aliased is no slot's value; a text takes one line, however long; a
number, a truth value and null are written as the YAML 1.2 core schema has them, in a form that 1.1 reads alike. The
style is found out from an entry and the text around it. Pure; knows nothing of where a value goes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum

from msgspec import Struct

from chargen.model.slots import SetSlots, SlotValue
from chargen.yaml.document import NULLS
from chargen.yaml.tree import EditRefused, Shape, YamlNode, column, line_break_at

_NO_TEXT = re.compile(
    r"""~|null|true|false|yes|no|on|off|y|n|=|<<|\.nan|[-+]?\.inf|
    [-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+)|
    [-+]?[0-9][0-9_,]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|
    [-+]?\.[0-9_]+(?:e[-+]?[0-9]+)?|
    [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t\ \t].*)?|""",
    re.IGNORECASE | re.VERBOSE,
)
"""Plain scalars that some YAML reads as something else than text."""
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NAMED_FLOATS = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_MAX_DEPTH = 50
"""Levels of a slot's value; provider metadata has two."""

_PLAIN = re.compile(r"[^\W\d][\w./@+()'-]*(?: [\w./@+()'-]+)*")
"""Texts that may stand without quotes everywhere, in flow too: a narrow choice, anything else is quoted."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_PRINTABLE_ESCAPES = str.maketrans({plain: escape for plain, escape in _ESCAPES.items() if plain.isprintable()})


def means(node: YamlNode, value: SlotValue) -> bool:
    """Say whether a node stands for exactly this value; what a tag or an alias makes of it does not count."""
    if node.tag is not None or node.shape is Shape.ALIAS:
        return False
    if isinstance(value, str):
        return is_text(node) and node.text == value
    if isinstance(value, Mapping):
        found = {key.text: item for key, item in node.pairs()} if node.shape is Shape.MAPPING else None
        return (
            found is not None
            and len(found) * 2 == len(node.children)
            and found.keys() == set(value)
            and all(is_text(key) for key, _ in node.pairs())
            and all(means(found[key], item) for key, item in value.items())
        )
    if isinstance(value, Sequence):
        return (
            node.shape is Shape.SEQUENCE
            and len(node.children) == len(value)
            and all(means(child, item) for child, item in zip(node.children, value, strict=True))
        )
    return node.shape is Shape.SCALAR and node.style == "" and _means_plain(node.text, value)


def inner_edit(edit: SetSlots, key: str, held: YamlNode) -> SetSlots | None:
    """Return what an edit changes inside the mapping `held` under `key`; None where it replaces it as a whole."""
    if key not in edit.filled or held.shape is not Shape.MAPPING or not held.children:
        return None
    return edit.inside(key, [name.text for name, _ in held.pairs() if name.shape is Shape.SCALAR])


def is_told(edit: SetSlots, key: str, held: YamlNode) -> bool:
    """Say whether `held`, the value under `key`, is what an edit would make of it."""
    inner = inner_edit(edit, key, held)
    if inner is None:
        return means(held, edit.values[key])
    pairs = ((held.value_of(name), value) for name, value in inner.values.items())
    return all(pair is not None and means(pair[1], value) for pair, value in pairs)


def is_text(node: YamlNode) -> bool:
    """Say whether a node is a scalar that every YAML reads as text."""
    return node.shape is Shape.SCALAR and (node.style != "" or not _NO_TEXT.fullmatch(node.text))


def is_nothing(node: YamlNode) -> bool:
    """Say whether a node is a plain null or nothing at all."""
    return node.shape is Shape.SCALAR and node.style == "" and node.text in NULLS


def _means_plain(text: str, value: float | bool | None) -> bool:
    if value is None:
        return text in NULLS
    if isinstance(value, bool):
        return text in (("true", "True", "TRUE") if value else ("false", "False", "FALSE"))
    if isinstance(value, int):
        return bool(_INTEGER.fullmatch(text)) and int(text) == value
    if text.lower() in _NAMED_FLOATS:
        named = _NAMED_FLOATS[text.lower()]
        return named == value or (math.isnan(named) and math.isnan(value))
    return bool(_FLOAT.fullmatch(text)) and not _INTEGER.fullmatch(text) and float(text) == value


class Quote(Enum):
    """How a text is written; the value is what the parser calls it."""

    PLAIN = ""
    SINGLE = "'"
    DOUBLE = '"'


class Style(Struct, frozen=True):
    """How an author writes: quotes, columns that nested keys and dashes are moved right by, the line end."""

    quote: Quote = Quote.DOUBLE
    quoted: Quote = Quote.DOUBLE
    """The quotes of a text that can't be plain."""
    key_step: int = 2
    dash_step: int = 2
    dash_width: int = 2
    line_break: str = "\n"


def inline(value: SlotValue, style: Style, depth: int = 0) -> str:
    """Write a value on one line; collections as flow."""
    if depth > _MAX_DEPTH:
        raise EditRefused(0, "the value of a slot is nested too deeply")
    if isinstance(value, str):
        return _text(value, style)
    if value is None or isinstance(value, bool | int | float):
        return _plain_value(value)
    if isinstance(value, Mapping):
        inner = [f"{_key(key, style)}: {inline(item, style, depth + 1)}" for key, item in value.items()]
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ", ".join([inline(item, style, depth + 1) for item in value]) + "]"
    raise EditRefused(0, f"a slot can't hold a `{type(value).__name__}`")


def takes_lines(value: SlotValue) -> bool:
    """Say whether a value is written over lines in block context: a list or mapping with something in it."""
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes | bytearray) and len(value) > 0


def key_lines(key: str, value: SlotValue, indent: int, style: Style, depth: int = 0) -> list[str]:
    """Write `key: value` in block context, `indent` columns in; one line, or more for a collection."""
    head = f"{' ' * indent}{_key(key, style)}:"
    if takes_lines(value):
        return [head, *value_lines(value, below_key(value, indent, style), style, depth + 1)]
    return [f"{head} {inline(value, style)}"]


def below_key(value: SlotValue, indent: int, style: Style) -> int:
    """Return the column of a collection's keys or dashes below a key in column `indent`."""
    return indent + (style.key_step if isinstance(value, Mapping) else style.dash_step)


def value_lines(value: SlotValue, indent: int, style: Style, depth: int = 0) -> list[str]:
    """Write a collection with something in it over lines, its keys or dashes in column `indent`."""
    if depth > _MAX_DEPTH:
        raise EditRefused(0, "the value of a slot is nested too deeply")
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in key_lines(key, item, indent, style, depth)]
    assert isinstance(value, Sequence)
    return [line for item in value for line in item_lines(item, indent, style, depth)]


def item_lines(item: SlotValue, indent: int, style: Style, depth: int = 0) -> list[str]:
    """Write an item of a block list, its dash in column `indent`; a list within a list as flow."""
    dash = " " * indent + "-".ljust(style.dash_width)
    if isinstance(item, Mapping) and item:
        first, *others = value_lines(item, indent + style.dash_width, style, depth + 1)
        return [dash + first[indent + style.dash_width :], *others]
    return [dash + inline(item, style)]


def _plain_value(value: float | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    mantissa, exponent, power = repr(float(value)).partition("e")
    # YAML 1.1 takes `1e-07` for text: it wants a point before the exponent.
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{exponent}{power}"


def _key(key: object, style: Style) -> str:
    if not isinstance(key, str):
        raise EditRefused(0, "the keys of a slot's value must be text")
    return _text(key, Style(Quote.PLAIN, style.quoted))


def _text(text: str, style: Style) -> str:
    if style.quote is Quote.PLAIN and _PLAIN.fullmatch(text) and text.isprintable() and not _NO_TEXT.fullmatch(text):
        return text
    quote = style.quote if style.quote is not Quote.PLAIN else style.quoted
    if quote is Quote.SINGLE and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if text.isprintable():  # nearly always; character by character took a tenth of a whole write-back
        return '"' + text.translate(_PRINTABLE_ESCAPES) + '"'
    return '"' + "".join([_escaped(character) for character in text]) + '"'


def _escaped(character: str) -> str:
    if escape := _ESCAPES.get(character):
        return escape
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise EditRefused(0, "the value of a slot holds half of a character (a lone surrogate)")
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def style_of(text: str, ancestors: Sequence[YamlNode], line_break: str) -> Style:
    """Find out how the author writes: from the entry, else from the text around it.

    `ancestors` lead from the root to the entry; `line_break` is the line end to use where `text` has none.
    """
    entry = ancestors[-1]
    # An item of a top-level list shows enough; other items are not looked at, as they are not where it stands alone.
    around = ancestors[2] if len(ancestors) > 2 and ancestors[1].shape is Shape.SEQUENCE else ancestors[0]
    quote, quoted = _quotes(entry, around)
    steps = _steps(text, entry)
    if len(steps) < len((Shape.MAPPING, Shape.SEQUENCE)):
        steps = {**_steps(text, around), **steps}
    return Style(
        quote,
        quoted,
        key_step=max(1, steps.get(Shape.MAPPING, 2)),
        dash_step=max(0, steps.get(Shape.SEQUENCE, 2)),
        line_break=line_break_at(text, entry.tail) or line_break,
    )


def _quotes(entry: YamlNode, root: YamlNode) -> tuple[Quote, Quote]:
    own = Counter(value.style for value in entry.values() if _shows_quotes(value))
    seen = quoted = own
    if not (own["'"] or own['"']):
        around = Counter(node.style for parent in root.walk() for node in parent.values() if _shows_quotes(node))
        seen, quoted = own or around, around
    # Of equal counts the more careful style wins.
    most = max((Quote.DOUBLE, Quote.SINGLE, Quote.PLAIN), key=lambda quote: seen[quote.value]) if seen else Quote.DOUBLE
    return most, Quote.SINGLE if quoted["'"] > quoted['"'] else Quote.DOUBLE


def _shows_quotes(node: YamlNode) -> bool:
    return node.shape is Shape.SCALAR and not node.block_scalar and is_text(node)


def _steps(text: str, root: YamlNode) -> dict[Shape, int]:
    """Return by how many columns the first block mapping and the first block list found stand right of their key."""
    steps: dict[Shape, int] = {}
    for node in root.walk():
        if node.shape is not Shape.MAPPING or node.flow:
            continue
        for key, value in node.pairs():
            if value.block_collection:
                steps.setdefault(value.shape, column(text, value.body) - column(text, key.start))
    return steps
