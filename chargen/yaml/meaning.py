"""What a node of YAML stands for, compared with a slot's value.

Laws: a plain scalar counts as text only where YAML 1.1 and 1.2 both read it as text; anything tagged or aliased is no
slot's value. Pure; knows nothing of how a value is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from chargen.model.slots import SetSlots, SlotValue
from chargen.yaml.document import NULLS
from chargen.yaml.tree import Shape, YamlNode

NO_TEXT = re.compile(
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
    return node.shape is Shape.SCALAR and (node.style != "" or not NO_TEXT.fullmatch(node.text))


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
