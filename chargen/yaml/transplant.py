"""Taking an entry out of a list of one file and putting it into a list of another, with the author's own lines.

Laws: the entry's lines go along as they are, the comments right above them and in them too; only their indentation and
line ends become those of the new place. All other bytes of both files stay, but for the blank lines behind the entry.
What both files say then is compared with what they said before; what can't be moved exactly is refused. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import InputError, error
from chargen.model.entries import NodePath
from chargen.yaml.document import BOM, Document, node_at, parse
from chargen.yaml.slot_values import is_nothing
from chargen.yaml.splice import SpliceError
from chargen.yaml.tree import (
    EditRefused,
    Shape,
    YamlNode,
    column,
    ends_open,
    find,
    is_dash_line,
    line_break_at,
    line_end,
    line_start,
    previous_line_end,
    read_nodes,
)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_COLON = re.compile(r"[ \t]*:")
_BY_HAND = "move its lines by hand: picture and history follow them all the same"


class Cut(Struct, frozen=True):
    """An entry taken out: its lines without line ends, its dash's column, and its file's bytes without it.

    `apart` says that a blank line stood between it and the entry before.
    """

    lines: tuple[str, ...]
    indent: int
    apart: bool
    rest: bytes
    node: Node


class Pasted(Struct, frozen=True):
    """A file with the entry put in, at `path`."""

    data: bytes
    path: NodePath


def cut(document: Document, path: NodePath) -> Cut:
    """Take the item of a list of the file's root out of its file. Raises SpliceError."""
    text = document.text
    try:
        key, number = _item(document, path)
        root, held, entry = find(read_nodes(text), path)
        _refuse_ties(root, held, entry)
        start, end, apart = _lines_of(text, held, number)
        lines = _split(text[start:end])
        rest = _without(text, root, held, (start, _past_blank_lines(text, end)), key)
    except EditRefused as refusal:
        raise _refused(document, refusal) from None
    node = node_at(document.root, path)
    data = _encoded(rest, document)
    _verify(document, data, _swapped(document.root, path, None), entry.start)
    return Cut(lines, column(text, held.body), apart, data, node)


def paste(document: Document, taken: Cut, key: str) -> Pasted:
    """Put an entry behind the last of the list `key` of a file's root. Raises SpliceError."""
    text = document.text
    try:
        root = read_nodes(text)
        if root is None or root.shape is not Shape.MAPPING or root.flow:
            raise EditRefused(0, "this file is no plain mapping of keys", _BY_HAND)
        pair = root.value_of(key)
        new, number, place = _into_new(text, root, taken, key) if pair is None else _into(text, *pair, taken, key)
    except EditRefused as refusal:
        raise _refused(document, refusal) from None
    data = _encoded(new, document)
    _verify(document, data, _swapped(document.root, (key, number), taken.node), place)
    return Pasted(data, (key, number))


# taking out


def _refuse_ties(root: YamlNode, held: YamlNode, entry: YamlNode) -> None:
    if held.flow:
        raise EditRefused(held.start, "the list is written in brackets (`[...]`)", "write it over lines, a `-` each")
    if held.body != held.start:
        raise EditRefused(held.start, "an anchor or a tag stands before the list", _BY_HAND)
    inside = list(entry.walk())
    for node in inside:
        if node.shape is Shape.ALIAS:
            message = f"this entry uses `*{node.text}`, which stands for something elsewhere in its file"
            raise EditRefused(node.start, message, "write out what it stands for, then move the entry")
    own = {node.anchor for node in inside if node.anchor is not None}
    for node in root.walk():
        if node.shape is Shape.ALIAS and node.text in own:
            message = f"`*{node.text}` stands for something in the entry that is to move"
            raise EditRefused(node.start, message, "write out what it stands for, then move the entry")
    for node in inside:
        if node.anchor is not None:
            raise EditRefused(
                node.start, f"this entry has an anchor (`&{node.anchor}`)", "take it out, nothing uses it"
            )


def _lines_of(text: str, held: YamlNode, number: int) -> tuple[int, int, bool]:
    """Return where an item's lines start and end (behind the last line end), and whether a blank line is before them.

    Comments right above its dash are the item's, and those behind it that stand right of the dash.
    """
    dash = column(text, held.body)
    bound = _end_of(text, held.children[number - 1], dash) if number else 0
    start = _comments_above(text, _dash_line(text, held, number), bound)
    before = line_start(text, start - 1) if start else 0
    apart = bool(number) and not text[before:start].strip()
    return start, _end_of(text, held.children[number], dash), apart


def _comments_above(text: str, start: int, bound: int) -> int:
    """Return where the comments right above a line begin, none of them before `bound`."""
    while start > bound:
        above = line_start(text, start - 1)
        if above < bound or not text[above:start].lstrip(" \t").startswith("#"):
            break
        start = above
    return start


def _dash_line(text: str, held: YamlNode, number: int) -> int:
    indent = text[line_start(text, held.body) : held.body]
    if indent.strip(" "):
        raise EditRefused(held.body, "the list does not begin on a line of its own", _BY_HAND)
    item = held.children[number]
    start = line_start(text, item.start)
    while start >= line_start(text, held.body):
        if is_dash_line(text, start, indent):
            return start
        start = line_start(text, start - 1) if start else -1
    raise EditRefused(item.start, "this item does not begin on a line of its own", _BY_HAND)


def _end_of(text: str, item: YamlNode, dash: int) -> int:
    """Return the place behind an item's last line and the comments after it that stand right of its dash."""
    end = _next_line(text, item.tail)
    while end < len(text):
        following = _next_line(text, end)
        line = text[end:following].lstrip(" ")
        if not line.startswith("#") or column(text, following - len(line)) <= dash:
            break
        end = following
    return end


def _next_line(text: str, index: int) -> int:
    end = line_end(text, index)
    return end + (2 if text.startswith("\r\n", end) else 1 if end < len(text) else 0)


def _past_blank_lines(text: str, end: int) -> int:
    while end < len(text):
        following = _next_line(text, end)
        if text[end:following].strip():
            break
        end = following
    return end


def _without(text: str, root: YamlNode, held: YamlNode, lines: tuple[int, int], key: str) -> str:
    start, end = lines
    rest = text[:start] + text[end:]
    if end == len(text) and not text.endswith(("\n", "\r")):
        rest = re.sub(r"(?:\r\n|\n|\r)\Z", "", rest)
    if len(held.children) > 1:
        return rest
    pair = root.value_of(key)
    colon = None if pair is None else _COLON.match(text, pair[0].end)
    if colon is None:
        raise EditRefused(held.start, f"`{key}` is written apart from its colon", _BY_HAND)
    return f"{rest[: colon.end()]} []{rest[colon.end() :]}"


def _split(text: str) -> tuple[str, ...]:
    return tuple(line.rstrip("\r\n") for line in _LINE.findall(text) if line)


# putting in


def _into(text: str, name: YamlNode, held: YamlNode, taken: Cut, key: str) -> tuple[str, int, int]:
    if held.anchor is not None or held.tag is not None or held.shape is Shape.ALIAS:
        raise EditRefused(held.start, f"an anchor, an alias or a tag stands at `{key}`", _BY_HAND)
    if held.shape is Shape.SEQUENCE and not held.flow:
        last = held.children[-1]
        _refuse_open(text, last)
        dash = column(text, held.body)
        _, end, apart = _lines_of(text, held, len(held.children) - 1)
        if len(held.children) == 1:
            apart = taken.apart
        return _inserted(text, end, _shifted(taken, dash), apart=apart), len(held.children), last.start
    if not is_nothing(held) and (held.shape is not Shape.SEQUENCE or held.children):
        what = "in brackets (`[...]`)" if held.shape is Shape.SEQUENCE else f"as a {held.shape.value}"
        raise EditRefused(held.start, f"`{key}` is written {what}", "write it over lines, a `-` for each entry")
    colon = _COLON.match(text, name.end)
    if colon is None or line_start(text, name.start) != line_start(text, held.end):
        raise EditRefused(name.start, f"`{key}` is written apart from its colon, or over lines", f"write `{key}: []`")
    bare = text if held.start == held.end else text[: colon.end()] + text[held.end :]
    return _inserted(bare, _next_line(bare, colon.end()), taken.lines, apart=False), 0, name.start


def _into_new(text: str, root: YamlNode, taken: Cut, key: str) -> tuple[str, int, int]:
    _refuse_open(text, root)
    return _inserted(text, len(text), (f"{key}:", *taken.lines), apart=False), 0, root.start


def _refuse_open(text: str, last: YamlNode) -> None:
    if ends_open(text, last):
        raise EditRefused(last.start, "the file ends in a text without a line end", "put a line end there")


def _shifted(taken: Cut, dash: int) -> tuple[str, ...]:
    step = dash - taken.indent
    if step >= 0:
        return tuple(" " * step + line if line.strip() else line for line in taken.lines)
    blanks = " " * -step
    return tuple(line.removeprefix(blanks) if line.startswith(blanks) else line.lstrip(" ") for line in taken.lines)


def _inserted(text: str, index: int, lines: Sequence[str], *, apart: bool) -> str:
    """Return `text` with lines put in at `index`, the start of a line; a text without a final line end stays so."""
    before = previous_line_end(text, index)
    broken = line_break_at(text, index if before is None else before) or "\n"
    lines = ("", *lines) if apart else lines
    if index == len(text) and not text.endswith(("\n", "\r")):
        return text + "".join(broken + line for line in lines)
    return text[:index] + "".join(line + broken for line in lines) + text[index:]


# comparing


def _verify(document: Document, data: bytes, wanted: object, place: int) -> None:
    """See that a file reads as it should now. Raises SpliceError."""
    try:
        found = parse(data, document.file)
    except InputError as failure:
        message = f"the file would be unreadable: {failure.problems[0].message}"
        raise _refused(document, EditRefused(place, message, _BY_HAND)) from None
    if _meaning(found.root) != wanted:
        raise _refused(document, EditRefused(place, "the entry would read differently at its new place", _BY_HAND))


def _meaning(node: Node | None) -> object:
    """Return what a node says, in values that can be compared: its tags, its styles but for blocks, its texts."""
    if isinstance(node, ScalarNode):
        return (str(node.tag), node.style or "", node.value)
    if isinstance(node, SequenceNode):
        return [str(node.tag), *map(_meaning, node.value)]
    if isinstance(node, MappingNode):
        return (str(node.tag), [(_meaning(key), _meaning(value)) for key, value in node.value])
    return None


def _swapped(root: Node | None, path: NodePath, item: Node | None) -> object:
    """Return what a file says once an item is taken out of its list, or (`item`) put behind its last."""
    key, number = path
    pairs = []
    told = False
    for name, value in root.value if isinstance(root, MappingNode) else ():
        said = _meaning(value)
        if isinstance(name, ScalarNode) and name.value == key:
            told = True
            held = value.value if isinstance(value, SequenceNode) else []
            items = [_meaning(each) for place, each in enumerate(held) if item is not None or place != number]
            said = [_LIST, *items, *(() if item is None else (_meaning(item),))]
        pairs.append((_meaning(name), said))
    if not told and item is not None:
        pairs.append((_meaning(ScalarNode(_TEXT, str(key), style="")), [_LIST, _meaning(item)]))
    return (str(root.tag) if root is not None else "", pairs)


_LIST = "tag:yaml.org,2002:seq"
_TEXT = "tag:yaml.org,2002:str"


def _item(document: Document, path: NodePath) -> tuple[str, int]:
    match path:
        case (str() as key, int() as number):
            return key, number
        case _:
            place = node_at(document.root, path).start_mark.index
            raise EditRefused(place, "this entry is no item of a list of its file", _BY_HAND)


def _encoded(text: str, document: Document) -> bytes:
    return ((BOM if document.bom else "") + text).encode()


def _refused(document: Document, refusal: EditRefused) -> SpliceError:
    return SpliceError(error(refusal.message, document.position(refusal.index), refusal.hint))
