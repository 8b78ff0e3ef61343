"""Values that stand in more than one place of a file: anchors, aliases and merge keys, and what an edit does to them.

Laws: an edit changes what its own entry means, never what an alias makes of it elsewhere; where that can't be done it
is refused, with the place. Entries of one list that merge another (`<<: *first`) get keys of their own before the one
they merge is filled, so that they don't take its picture for theirs. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from chargen.model.entries import NodePath
from chargen.model.slots import INHERITED, SetSlots, SlotEdit, SlotValue
from chargen.yaml.document import MERGE_KEY
from chargen.yaml.slot_values import is_nothing, is_text, is_told
from chargen.yaml.tree import EditRefused, Shape, YamlNode


def refuse_shared_value(root: YamlNode, value: YamlNode, *, inside: bool = True) -> None:
    """Refuse to replace what an alias elsewhere stands for; `inside` looks at what the value holds, too."""
    anchored = [node for node in (value.walk() if inside else (value,)) if node.anchor is not None]
    if not anchored:
        return
    used = {node.text for node in root.walk() if node.shape is Shape.ALIAS}
    for node in anchored:
        if node.anchor in used:
            raise EditRefused(
                node.start,
                f"aliases elsewhere in the file stand for this value (`&{node.anchor}`)",
                "move the anchor to a key that no build writes",
            )


def refuse_shared_entry(ancestors: Sequence[YamlNode], keys: Sequence[str], given: Collection[int] = ()) -> None:
    """Refuse to change `keys` of the last of `ancestors` where an alias would carry the change elsewhere.

    A mapping that merges an anchored one of `ancestors`, and has of its own what is changed there, is not touched by
    it; nor is one that is to be `given` it (by `id`).
    """
    if not keys or all(node.anchor is None for node in ancestors):
        return
    sheltered: set[int] = set()
    for number, node in enumerate(ancestors):
        if node.anchor is not None:
            changed = keys if node is ancestors[-1] else [_key_of(node, ancestors[number + 1])]
            for user, alias in _users(ancestors[0], node.anchor):
                if id(user) in given or all(user.value_of(key) is not None for key in changed):
                    sheltered.add(id(alias))
    anchors = {node.anchor for node in ancestors if node.anchor is not None}
    for node in ancestors[0].walk():
        if node.shape is Shape.ALIAS and node.text in anchors and id(node) not in sheltered:
            raise EditRefused(
                node.start,
                f"`*{node.text}` would change together with the entry it stands for",
                f"give this place its own `{keys[0]}`, or write it out",
            )


def shared_parts(ancestors: Sequence[YamlNode], edit: SlotEdit) -> Iterator[SetSlots]:
    """Yield the edits that come before `edit`: entries beside this one that merge it get what it is about to be given.

    They get nothing (`null`), but for what is meant to be inherited: of that they keep what they have. Raises
    EditRefused where others would change with it.
    """
    entry = ancestors[-1]
    if (
        entry.anchor is None
        or entry.shape is not Shape.MAPPING
        or len(ancestors) == 1
        or ancestors[-2].shape is not Shape.SEQUENCE
    ):
        return
    changed = _changed(entry, edit)
    users = {id(user) for user, _ in _users(ancestors[0], entry.anchor)}
    beside = [(number, item) for number, item in enumerate(ancestors[-2].children) if id(item) in users]
    lacking = [(number, [key for key in changed if item.value_of(key) is None]) for number, item in beside]
    if any(keys for _, keys in lacking):
        refuse_shared_entry(ancestors, changed, {id(item) for _, item in beside})
    for number, keys in lacking:
        if keys:
            path: NodePath = (*edit.path[:-1], number)
            yield SetSlots(path, {key: _kept(entry, key) for key in keys})


def _changed(entry: YamlNode, edit: SlotEdit) -> list[str]:
    if not isinstance(edit, SetSlots):
        return [edit.key]
    pairs = {key: entry.value_of(key) for key in edit.values}
    return [key for key, pair in pairs.items() if pair is None or not is_told(edit, key, pair[1])]


def _kept(entry: YamlNode, key: str) -> SlotValue:
    """Return what a mapping that merges `entry` keeps of a key that is about to change."""
    pair = entry.value_of(key)
    if pair is None or is_nothing(pair[1]) or key not in INHERITED:
        return None
    if pair[1].tag is None and is_text(pair[1]):
        return pair[1].text
    raise EditRefused(
        pair[1].start, f"entries that merge this one inherit its `{key}`", f"give them a `{key}` of their own first"
    )


def _users(root: YamlNode, anchor: str) -> Iterator[tuple[YamlNode, YamlNode]]:
    """Yield the mappings that merge what `anchor` names, each with the alias in it."""
    for node in root.walk():
        for key, value in node.pairs() if node.shape is Shape.MAPPING else ():
            if key.text == MERGE_KEY and key.style == "":
                for alias in value.children if value.shape is Shape.SEQUENCE else (value,):
                    if alias.shape is Shape.ALIAS and alias.text == anchor:
                        yield node, alias


def _key_of(parent: YamlNode, child: YamlNode) -> str:
    """Return the key that leads from a mapping to a value in it; nothing for an item of a list, which has none."""
    if parent.shape is not Shape.MAPPING:
        return ""
    return next(key.text for key, value in parent.pairs() if value is child)
