"""One edit of one text, made and proven: nothing may differ but what the edit says.

Laws: both texts are read anew by the parser, so a patch that went wrong can't vouch for itself; everything outside the
edited keys is equal in text, style, anchor and tag; what can't be shown to be right is refused. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from ruamel.yaml.error import YAMLError

from chargen.model.slots import AppendSlot, SetSlots, SlotEdit, SlotValue
from chargen.yaml.edit import Patch, apply_patches, patches_of
from chargen.yaml.slot_values import inner_edit, is_nothing, means
from chargen.yaml.tree import EditRefused, Shape, YamlNode, ends_open, find, is_entangled, read_nodes

_HINT = "nothing was changed; write the value into the file yourself, or simplify how this entry is written"
_SHALLOW = 100
"""Steps to an entry up to which no slot value can take the file beyond the levels of nesting that are read."""
_LINE_ENDS = ("\n", "\r")


class _Pair(Struct, frozen=True):
    """The same place before and after."""

    old: YamlNode
    new: YamlNode
    in_slot: bool = False
    """It is in the list that is appended to: a text that ended the file may get a line end, behind which items go."""


def edited(text: str, edit: SlotEdit, line_break: str, *, alone: bool, tied: bool = False) -> str | None:
    """Return `text` with the edit made and verified; None where it must not be done on a cell `alone`.

    With `tied` it is done all the same where anchors, aliases, tags or merge keys tie the cell to the rest of its file:
    what it shares with it is not seen then. Raises EditRefused.
    """
    try:
        root = read_nodes(text)
    except YAMLError:
        return None
    if alone and (root is None or (is_entangled(root) and not tied) or len(edit.path) > _SHALLOW):
        return None
    ancestors = find(root, edit.path)
    patches = patches_of(text, ancestors, edit, line_break)
    if not patches:
        return text
    new = apply_patches(text, patches)
    try:
        new_root = read_nodes(new)
    except YAMLError:
        message = "the edit would make this entry unreadable"
        raise EditRefused(
            ancestors[-1].start, message, "write the entry in a plainer form, one `key: value` a line"
        ) from None
    verify_tree(text, ancestors, new_root, edit)
    verify_bytes(text, new, patches)
    if alone:
        verify_cell(text, new, ancestors[0])
    return new


def verify_tree(text: str, ancestors: Sequence[YamlNode], new_root: YamlNode | None, edit: SlotEdit) -> None:
    """Compare the trees before (`ancestors`, from the root of `text` to the entry) and after. Raises EditRefused."""
    entry = ancestors[-1]
    if new_root is None:
        raise _differs(entry)
    waiting = [_Pair(ancestors[0], new_root)]
    while waiting:
        pair = waiting.pop()
        if pair.old is entry:
            waiting += _compare_entry(pair, edit, text)
        else:
            waiting += _compare(pair, text)


def verify_bytes(old: str, new: str, patches: Sequence[Patch]) -> None:
    """Check that `new` is `old` but for the patches: every stretch between them, character by character."""
    moved = 0
    done = 0
    for patch in [*sorted(patches, key=lambda patch: (patch.start, patch.end)), Patch(len(old), len(old), "")]:
        if new[done + moved : patch.start + moved] != old[done : patch.start]:
            raise EditRefused(done, "the edit would change more than its slots", _HINT)
        moved += len(patch.text) - (patch.end - patch.start)
        done = patch.end
    if len(new) != len(old) + moved:
        raise EditRefused(done, "the edit would change more than its slots", _HINT)


def verify_cell(old: str, new: str, root: YamlNode) -> None:
    """Check that lines of a file, edited alone, begin and end as they did, so that they mean the same between others.

    `root` is what `old` holds: its first dash or key stands where the file's structure needs it.
    """
    if not new.startswith(old[: root.body + 1]) or new.endswith(_LINE_ENDS) != old.endswith(_LINE_ENDS):
        raise EditRefused(root.start, "the edit would run into what stands around this entry", _HINT)


def _compare(pair: _Pair, text: str) -> list[_Pair]:
    old, new = pair.old, pair.new
    alike = _attributes(old) == _attributes(new) and len(old.children) == len(new.children)
    if not alike or (old.text != new.text and not (pair.in_slot and _ended_by_insertion(old, new, text))):
        raise _differs(old)
    return [_Pair(*parts, pair.in_slot) for parts in zip(old.children, new.children, strict=True)]


def _attributes(node: YamlNode) -> tuple[Shape, str, bool, str | None, str | None]:
    return node.shape, node.style, node.flow, node.anchor, node.tag


def _ended_by_insertion(old: YamlNode, new: YamlNode, text: str) -> bool:
    """Say whether a block scalar at the end of a file without final newline got the newline every other has."""
    return old.block_scalar and len(text) in (old.end, old.tail) and old.text + "\n" == new.text


def _compare_entry(pair: _Pair, edit: SlotEdit, text: str) -> list[_Pair]:
    old, new = pair.old, pair.new
    if _attributes(old) != _attributes(new):
        raise _differs(old)
    values: Mapping[str, SlotValue] = edit.values if isinstance(edit, SetSlots) else {edit.key: [edit.value]}
    rest: list[_Pair] = []
    old_pairs, new_pairs = list(old.pairs()), list(new.pairs())
    missing = [key for key in values if old.value_of(key) is None]
    place = len(old_pairs) - (1 if ends_open(text, old) else 0)
    end = place + len(missing)
    kept, added = new_pairs[:place] + new_pairs[end:], new_pairs[place:end]
    if len(kept) != len(old_pairs) or [key.text for key, _ in added] != missing:
        raise _differs(old)
    for (old_key, old_value), (new_key, new_value) in zip(old_pairs, kept, strict=True):
        rest.append(_Pair(old_key, new_key))
        if old_key.shape is not Shape.SCALAR or old_key.text not in values:
            rest.append(_Pair(old_value, new_value))
        elif isinstance(edit, AppendSlot) and not is_nothing(old_value):
            rest += _compare_appended(_Pair(old_value, new_value), edit)
        elif isinstance(edit, SetSlots) and (inner := inner_edit(edit, old_key.text, old_value)) is not None:
            rest += _compare_entry(_Pair(old_value, new_value), inner, text)
        else:
            _require(new_value, values[old_key.text])
    for key, value in added:
        _require(key, key.text)
        _require(value, values[key.text])
    return rest


def _compare_appended(pair: _Pair, edit: AppendSlot) -> list[_Pair]:
    old, new = pair.old, pair.new
    if not old.children:
        _require(new, [edit.value])
        return []
    same_last = means(old.children[-1], edit.value)
    kept = new.children if same_last else new.children[:-1]
    if _attributes(old) != _attributes(new) or len(kept) != len(old.children):
        raise _differs(old)
    _require(new.children[-1], edit.value)
    return [_Pair(*parts, in_slot=True) for parts in zip(old.children, kept, strict=True)]


def _require(node: YamlNode, value: SlotValue) -> None:
    if not means(node, value) or node.anchor is not None:
        raise EditRefused(node.start, "the edit would not be read back as it was meant", _HINT)


def _differs(old: YamlNode) -> EditRefused:
    return EditRefused(old.start, "the edit would change what is written here", _HINT)
