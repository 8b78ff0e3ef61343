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
from chargen.yaml.meaning import is_nothing, is_text, means
from chargen.yaml.tree import Piece, Refusal, Shape


def refuse_shared_value(root: Piece, value: Piece, *, inside: bool = True) -> None:
    """Refuse to replace what an alias elsewhere stands for; `inside` looks at what the value holds, too."""
    anchored = [piece for piece in (value.walk() if inside else (value,)) if piece.anchor is not None]
    if not anchored:
        return
    used = {piece.text for piece in root.walk() if piece.shape is Shape.ALIAS}
    for piece in anchored:
        if piece.anchor in used:
            raise Refusal(
                piece.start,
                f"aliases elsewhere in the file stand for this value (`&{piece.anchor}`)",
                "move the anchor to a key that is no output",
            )


def refuse_shared_entry(way: Sequence[Piece], keys: Sequence[str], given: Collection[int] = ()) -> None:
    """Refuse to change `keys` of the last of `way` where an alias would carry the change elsewhere.

    A mapping that merges an anchored one of `way`, and has of its own what is changed there, is not touched by it; nor
    is one that is to be `given` it (by `id`).
    """
    if not keys or all(piece.anchor is None for piece in way):
        return
    sheltered: set[int] = set()
    for number, piece in enumerate(way):
        if piece.anchor is not None:
            changed = keys if piece is way[-1] else [_key_of(piece, way[number + 1])]
            for user, alias in _users(way[0], piece.anchor):
                if id(user) in given or all(user.value_of(key) is not None for key in changed):
                    sheltered.add(id(alias))
    anchors = {piece.anchor for piece in way if piece.anchor is not None}
    for piece in way[0].walk():
        if piece.shape is Shape.ALIAS and piece.text in anchors and id(piece) not in sheltered:
            raise Refusal(
                piece.start,
                f"`*{piece.text}` would change together with the entry it stands for",
                f"give this place its own `{keys[0]}`, or write it out",
            )


def shelters(way: Sequence[Piece], edit: SlotEdit) -> Iterator[SetSlots]:
    """Yield the edits that come before `edit`: entries beside this one that merge it get what it is about to be given.

    They get nothing (`null`), but for what is meant to be inherited: of that they keep what they have. Raises Refusal
    where others would change with it.
    """
    entry = way[-1]
    if entry.anchor is None or entry.shape is not Shape.MAPPING or len(way) == 1 or way[-2].shape is not Shape.SEQUENCE:
        return
    changed = _changed(entry, edit)
    users = {id(user) for user, _ in _users(way[0], entry.anchor)}
    beside = [(number, item) for number, item in enumerate(way[-2].children) if id(item) in users]
    lacking = [(number, [key for key in changed if item.value_of(key) is None]) for number, item in beside]
    if any(keys for _, keys in lacking):
        refuse_shared_entry(way, changed, {id(item) for _, item in beside})
    for number, keys in lacking:
        if keys:
            path: NodePath = (*edit.path[:-1], number)
            yield SetSlots(path, {key: _kept(entry, key) for key in keys})


def _changed(entry: Piece, edit: SlotEdit) -> list[str]:
    if not isinstance(edit, SetSlots):
        return [edit.key]
    pairs = {key: entry.value_of(key) for key in edit.values}
    return [key for key, value in edit.values.items() if (pair := pairs[key]) is None or not means(pair[1], value)]


def _kept(entry: Piece, key: str) -> SlotValue:
    """Return what a mapping that merges `entry` keeps of a key that is about to change."""
    pair = entry.value_of(key)
    if pair is None or is_nothing(pair[1]) or key not in INHERITED:
        return None
    if pair[1].tag is None and is_text(pair[1]):
        return pair[1].text
    raise Refusal(
        pair[1].start, f"entries that merge this one inherit its `{key}`", f"give them a `{key}` of their own first"
    )


def _users(root: Piece, anchor: str) -> Iterator[tuple[Piece, Piece]]:
    """Yield the mappings that merge what `anchor` names, each with the alias in it."""
    for piece in root.walk():
        for key, value in piece.pairs() if piece.shape is Shape.MAPPING else ():
            if key.text == MERGE_KEY and key.style == "":
                for alias in value.children if value.shape is Shape.SEQUENCE else (value,):
                    if alias.shape is Shape.ALIAS and alias.text == anchor:
                        yield piece, alias


def _key_of(parent: Piece, child: Piece) -> str:
    """Return the key that leads from a mapping to a value in it; nothing for an item of a list, which has none."""
    if parent.shape is not Shape.MAPPING:
        return ""
    return next(key.text for key, value in parent.pairs() if value is child)
