"""How an author writes YAML: quotes, indentation and line ends, found out from an entry and the text around it.

Pure; only looks, and decides nothing about a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chargen.yaml.meaning import is_text
from chargen.yaml.scalars import Quote, Style
from chargen.yaml.tree import Shape, YamlNode, column, line_break_at


def style_of(text: str, way: Sequence[YamlNode], line_break: str) -> Style:
    """Find out how the author writes: from the entry, else from the text around it.

    `line_break` is the line end to use where `text` has none.
    """
    entry = way[-1]
    # An item of a top-level list shows enough; other items are not looked at, as they are not where it stands alone.
    around = way[2] if len(way) > 2 and way[1].shape is Shape.SEQUENCE else way[0]
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
        around = Counter(piece.style for parent in root.walk() for piece in parent.values() if _shows_quotes(piece))
        seen, quoted = own or around, around
    # Of equal counts the more careful style wins.
    most = max((Quote.DOUBLE, Quote.SINGLE, Quote.PLAIN), key=lambda quote: seen[quote.value]) if seen else Quote.DOUBLE
    return most, Quote.SINGLE if quoted["'"] > quoted['"'] else Quote.DOUBLE


def _shows_quotes(piece: YamlNode) -> bool:
    return piece.shape is Shape.SCALAR and not piece.block_scalar and is_text(piece)


def _steps(text: str, root: YamlNode) -> dict[Shape, int]:
    """Return by how many columns the first block mapping and the first block list found stand right of their key."""
    steps: dict[Shape, int] = {}
    for piece in root.walk():
        if piece.shape is not Shape.MAPPING or piece.flow:
            continue
        for key, value in piece.pairs():
            if value.block_collection:
                steps.setdefault(value.shape, column(text, value.body) - column(text, key.start))
    return steps
