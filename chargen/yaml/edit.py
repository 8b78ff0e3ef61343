"""From an edit of slots to the patches of the text that carry it out, in the author's own style.

Laws: a patch touches the value of a slot, or adds lines after the last line of an entry (before its last key where
they would change what that holds); nothing else. Comments, blank lines and line ends around it stay. Pure; whether the
result is what was meant is `chargen.yaml.verify`'s to say, and a form of YAML that is not foreseen here is meant to be
caught there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from chargen.model.slots import SetSlots, SlotEdit, SlotValue
from chargen.yaml.sharing import refuse_shared_entry, refuse_shared_value
from chargen.yaml.slot_values import (
    Quote,
    Style,
    below_key,
    inline,
    inner_edit,
    is_nothing,
    is_text,
    is_told,
    item_lines,
    key_lines,
    means,
    style_of,
    takes_lines,
    value_lines,
)
from chargen.yaml.tree import (
    EditRefused,
    Shape,
    YamlNode,
    column,
    ends_open,
    header_end,
    line_break_at,
    line_end,
    line_start,
    previous_line_end,
)

_PROPERTIES = re.compile(r"[&!]\S*(?:[ \t]+[&!]\S*)*")


class Patch(Struct, frozen=True):
    """Characters `start` to `end` of a text become `text`."""

    start: int
    end: int
    text: str


def apply_patches(text: str, patches: Sequence[Patch]) -> str:
    """Return `text` with the patches made. Patches at one place keep their order; overlapping ones are refused."""
    parts: list[str] = []
    done = 0
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        if patch.start < done:
            raise EditRefused(patch.start, "the edits of this entry overlap")
        parts += (text[done : patch.start], patch.text)
        done = patch.end
    return "".join([*parts, text[done:]])


def patches_of(text: str, ancestors: Sequence[YamlNode], edit: SlotEdit, line_break: str) -> list[Patch]:
    """Return the patches of an edit of the last of `ancestors`. Raises EditRefused."""
    if isinstance(edit, SetSlots):
        return set_patches(text, ancestors, edit, line_break)
    return append_patches(text, ancestors, edit.key, edit.value, line_break)


def set_patches(text: str, ancestors: Sequence[YamlNode], edit: SetSlots, line_break: str) -> list[Patch]:
    """Give keys of the last of `ancestors` (root first), a mapping, their values; equal ones stay as they are."""
    entry = ancestors[-1]
    _require_mapping(text, entry)
    patches: list[Patch] = []
    missing: dict[str, SlotValue] = {}
    changed: list[str] = []
    style = style_of(text, ancestors, line_break)
    for key, value in edit.values.items():
        pair = entry.value_of(key)
        if pair is None:
            missing[key] = value
        elif is_told(edit, key, pair[1]):
            continue
        elif (inner := inner_edit(edit, key, pair[1])) is not None:
            patches += set_patches(text, [*ancestors, pair[1]], inner, line_break)
        else:
            refuse_shared_value(ancestors[0], pair[1])
            patches += _replace(text, entry, pair, value, style)
        changed.append(key)
    refuse_shared_entry(ancestors, changed)
    return patches + _insert(text, entry, missing, style)


def append_patches(
    text: str, ancestors: Sequence[YamlNode], key: str, value: Mapping[str, SlotValue], line_break: str
) -> list[Patch]:
    """Append an object to the list under `key`; nothing to do where it is the last item already."""
    entry = ancestors[-1]
    _require_mapping(text, entry)
    pair = entry.value_of(key)
    if pair is None or is_nothing(pair[1]) or (pair[1].shape is Shape.SEQUENCE and not pair[1].children):
        return set_patches(text, ancestors, SetSlots((), {key: [value]}), line_break)
    held = pair[1]
    if held.shape is not Shape.SEQUENCE:
        raise EditRefused(
            held.start,
            f"`{key}` is no list but {'an alias' if held.shape is Shape.ALIAS else 'a ' + held.shape.value}",
            f"make it a list: `{key}: []`",
        )
    if means(held.children[-1], value):
        return []
    refuse_shared_entry(ancestors, [key])
    refuse_shared_value(ancestors[0], held, inside=False)
    style = style_of(text, ancestors, line_break)
    if held.flow:
        return [Patch(held.children[-1].end, held.children[-1].end, ", " + inline(value, style))]
    first = held.children[0]
    if first.start > held.body and line_start(text, first.start) == line_start(text, held.body):
        style = replace(style, dash_width=max(2, first.start - held.body))
    return [_lines_after(text, held.tail, item_lines(value, column(text, held.body), style), style)]


def _require_mapping(text: str, entry: YamlNode) -> None:
    if entry.shape is Shape.MAPPING and entry.flow and text[entry.body - 1] != "{":
        raise EditRefused(
            entry.start, "this entry is a single pair in a flow list (`[key: value]`)", "put braces around its keys"
        )
    if entry.shape is not Shape.MAPPING:
        raise EditRefused(
            entry.start, f"this entry is a {entry.shape.value}, not a mapping", "write it as `key: value` lines"
        )


def _insert(text: str, entry: YamlNode, values: Mapping[str, SlotValue], style: Style) -> list[Patch]:
    if not values:
        return []
    if not entry.flow:
        indent = column(text, entry.body)
        lines = [line for key, value in values.items() for line in key_lines(key, value, indent, style)]
        if ends_open(text, entry):
            return [_lines_before_last(text, entry, indent, lines, style)]
        return [_lines_after(text, entry.tail, lines, style)]
    written = inline(values, style)[1:-1]
    if not entry.children:
        return [Patch(entry.body, entry.body, written)]
    place = entry.children[-1].end
    return [Patch(place, place, ", " + written)]


def _lines_before_last(text: str, entry: YamlNode, indent: int, lines: Sequence[str], style: Style) -> Patch:
    """Add lines before an entry's last key: after what precedes it, comments on that key kept at its side."""
    if len(entry.children) > 2:  # more than one key and its value
        return _lines_after(text, entry.children[-3].tail, lines, style)
    first = entry.body
    line_break = line_break_at(text, first) or style.line_break
    written = line_break.join([lines[0][indent:], *lines[1:], " " * indent])
    return Patch(first, first, written)


def _lines_after(text: str, index: int, lines: Sequence[str], style: Style) -> Patch:
    """Add lines after the line of `index`; the text's last line stays without a line end if it had none."""
    end = line_end(text, index)
    return Patch(end, end, _broken(text, index, lines, style))


def _replace(
    text: str, entry: YamlNode, pair: tuple[YamlNode, YamlNode], value: SlotValue, style: Style
) -> list[Patch]:
    key, old = pair
    if old.shape is Shape.SCALAR and is_text(old) and not old.block_scalar:
        style = replace(style, quote=Quote(old.style))
    colon = _behind_colon(text, key, old, flow=entry.flow)
    if entry.flow or not takes_lines(value):
        written = inline(value, style)
        if old.block_collection:
            return _block_to_inline(text, colon, old, written)
        if old.block_scalar:
            return _block_scalar_to_inline(text, old, written)
        if old.start < old.end:
            return [Patch(old.start, old.end, written)]
        return [_fill_empty(text, colon, key, written)]
    indent = below_key(value, column(text, key.start), style)
    if old.block_collection:
        if (old.shape is Shape.MAPPING) == isinstance(value, Mapping):
            indent = column(text, old.body)
        return _block_to_block(text, colon, old, _broken(text, colon, value_lines(value, indent, style), style))
    return _inline_to_block(text, colon, old, _broken(text, old.end, value_lines(value, indent, style), style))


def _broken(text: str, index: int, lines: Sequence[str], style: Style) -> str:
    """Return the lines, each after the line end that the line of `index` has."""
    line_break = line_break_at(text, index) or style.line_break
    return "".join([line_break + line for line in lines])


def _behind_colon(text: str, key: YamlNode, value: YamlNode, *, flow: bool) -> int:
    """Return the place behind the colon of `key`; in flow, the end of a key that has none."""
    place = key.end
    while text[place : place + 1] in (" ", "\t"):
        place += 1
    if text[place : place + 1] == ":":
        return place + 1
    if flow and value.start == value.end:
        return key.end
    shown = f"`{key.text[:40]}`" if key.shape is Shape.SCALAR else "this key"
    raise EditRefused(key.start, f"{shown} is written with `?`, or apart from its colon", "write it as `key: value`")


def _fill_empty(text: str, colon: int, key: YamlNode, written: str) -> Patch:
    if colon == key.end:
        return Patch(colon, colon, f": {written}")
    rest = text[colon : line_end(text, colon)]
    if rest.startswith(" ") and not rest.strip():
        return Patch(colon + 1, colon + 1, written)
    return Patch(colon, colon, f" {written}")


def _block_scalar_to_inline(text: str, old: YamlNode, written: str) -> list[Patch]:
    header = header_end(text, old)
    patches = [Patch(old.start, header, written)]
    if old.end > header:
        patches.append(Patch(line_end(text, header), line_end(text, old.end), ""))
    return patches


def _inline_to_block(text: str, colon: int, old: YamlNode, lines: str) -> list[Patch]:
    if old.block_scalar:
        header = header_end(text, old)
        end = line_end(text, old.end) if old.end > header else line_end(text, header)
        return [Patch(colon, header, ""), Patch(line_end(text, header), end, lines)]
    end = line_end(text, old.end)
    start = colon
    if line_start(text, old.start) != line_start(text, colon):
        before = previous_line_end(text, old.start)
        assert before is not None
        start = before
    return [Patch(start, max(start, old.end), ""), Patch(end, end, lines)]


def _properties_patch(text: str, colon: int, old: YamlNode, written: str) -> list[Patch]:
    """Put `written` behind the colon, in place of an anchor or tag that stands there."""
    match = _PROPERTIES.match(text, old.start) if old.start < old.body else None
    if match is None:
        return [Patch(colon, colon, written)] if written else []
    if line_start(text, old.start) != line_start(text, colon):
        raise EditRefused(
            old.start, "an anchor or tag on a line of its own can't be edited exactly", "put it behind the key"
        )
    return [Patch(colon, match.end(), written)]


def _block_to_inline(text: str, colon: int, old: YamlNode, written: str) -> list[Patch]:
    return [*_properties_patch(text, colon, old, f" {written}"), Patch(_before_block(text, old), old.end, "")]


def _block_to_block(text: str, colon: int, old: YamlNode, lines: str) -> list[Patch]:
    return [*_properties_patch(text, colon, old, ""), Patch(_before_block(text, old), old.end, lines)]


def _before_block(text: str, old: YamlNode) -> int:
    before = previous_line_end(text, old.body)
    assert before is not None  # a block never starts on the line of its key
    return before
