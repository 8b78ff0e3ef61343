"""Writing slot values as YAML in an author's style, which is found out from an entry and the text around it.

Laws: a text is always written so that YAML 1.1 and 1.2 read it as the same text; it takes one line, however long; a
number, a truth value and null are written as the YAML 1.2 core schema has them, in a form that 1.1 reads alike. Pure;
knows nothing of where a value goes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum

from msgspec import Struct

from chargen.model.slots import SlotValue
from chargen.yaml.meaning import NO_TEXT, is_text
from chargen.yaml.tree import EditRefused, Shape, YamlNode, column, line_break_at

_MAX_DEPTH = 50
"""Levels of a slot's value; provider metadata has two."""

_PLAIN = re.compile(r"[^\W\d][\w./@+()'-]*(?: [\w./@+()'-]+)*")
"""Texts that may stand without quotes everywhere, in flow too: a narrow choice, anything else is quoted."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_PRINTABLE_ESCAPES = str.maketrans({plain: escape for plain, escape in _ESCAPES.items() if plain.isprintable()})


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
    if style.quote is Quote.PLAIN and _PLAIN.fullmatch(text) and text.isprintable() and not NO_TEXT.fullmatch(text):
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
