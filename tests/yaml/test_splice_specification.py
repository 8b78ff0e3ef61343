"""The splice over every construct of the YAML specification, judged by a parser the program does not use."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from specification_documents import DOCUMENTS, STREAMS

from chargen.errors import InputError
from chargen.model.slots import SetSlots
from chargen.yaml.splice import EditableText, SpliceError

Path = tuple[str | int, ...]
UNREAD = {
    "explicit start with a value",  # not valid
    "literal as the whole document",
    "tabs in a literal",
    "blank lines with blanks",
    "overridden anchor",
    "flow without values",
    "single pairs",
    "implicit entries",
}
"""Not read by the parser the program uses, and therefore refused as a whole."""
UNJUDGED = {"plain over lines", "tab before a comment"}
"""Not read by the parser that judges here."""
READ_ALL_THE_SAME = {"end alone", "comment without its blank"}
VALUES: tuple[Any, ...] = ("word", "a: b # c\n", None, ["x", {"y": "z"}], {"k": {"l": []}})


@lru_cache(maxsize=64)  # every text is edited at many places
def composed(text: str) -> Node | None:
    """Read YAML into nodes with ruamel's own pure parser."""
    node: Node | None = YAML(typ="rt", pure=True).compose(text.removeprefix("\ufeff"))
    return node


def meant(node: Node | None, inside: tuple[int, ...] = ()) -> Any:
    """Return what a node means: tags and values; not how it is written."""
    if node is None or id(node) in inside:
        return None
    deeper = (*inside, id(node))
    if isinstance(node, MappingNode):
        return node.tag, [(meant(key, deeper), meant(value, deeper)) for key, value in node.value]
    if isinstance(node, SequenceNode):
        return node.tag, [meant(item, deeper) for item in node.value]
    return node.tag, None if node.tag.endswith(":null") else node.value


def mappings(node: Node | None, path: Path = ()) -> Iterator[tuple[Path, MappingNode]]:
    """Find every mapping that a path of keys and numbers leads to."""
    if isinstance(node, MappingNode):
        yield path, node
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield from mappings(value, (*path, key.value))
    elif isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            yield from mappings(item, (*path, number))


def edits(text: str) -> Iterator[tuple[Path, str, Any]]:
    """Set a missing key, and every key there is, of every mapping, to values of every kind."""
    for path, node in mappings(composed(text)):
        keys = [key.value for key, _ in node.value if isinstance(key, ScalarNode) and key.value != "<<"]
        for key in ("record", *keys):
            for value in VALUES:
                yield path, key, value


def kept(text: str, path: Path, key: str) -> tuple[str, str]:
    """Return the text before and after what an edit of a key may replace; for a missing key, all of the lines."""
    bare = text.removeprefix("\ufeff")
    node = next(node for place, node in mappings(composed(text)) if place == path)
    for name, value in node.value:
        if name.value == key:
            last = value
            while isinstance(last, MappingNode | SequenceNode) and last.value and not last.flow_style:
                last = last.value[-1][1] if isinstance(last, MappingNode) else last.value[-1]
            end = name.end_mark.index if last.start_mark.index < name.end_mark.index else last.end_mark.index
            start = bare.rfind("\n", 0, end) if bare[:end].endswith("\n") else end
            return bare[: name.end_mark.index], (bare[start:].partition("\n")[2])
    return "", ""


def is_subsequence(text: str, of: str) -> bool:
    """Say whether every character of a text is still there, in order."""
    left = iter(of)
    return all(character in left for character in text)


def judge(text: str, path: Path, key: str, value: Any) -> bool:
    """Edit one key; return whether the edit was made, and fail where it did anything but that."""
    opened = EditableText.parse(text.encode(), "example.yaml")
    try:
        changed = opened.apply([SetSlots(path, {key: value})])
    except SpliceError:
        assert opened.data == text.encode()
        return False
    found = changed.data.decode()
    wanted = dict(enumerate(mappings(composed(text))))
    number = next(number for number, (place, _) in wanted.items() if place == path)
    node = wanted[number][1]
    after = next(after for place, after in mappings(composed(found)) if place == path)
    new = {name.value: meant(content) for name, content in after.value if isinstance(name, ScalarNode)}
    assert new[key] == meant(composed(json.dumps(value)))
    others = [(meant(name), meant(content)) for name, content in node.value if name.value != key]
    left = [(meant(name), meant(content)) for name, content in after.value if name.value != key]
    assert left == others
    before, behind = kept(text, path, key)
    if "- <<" in text:  # entries that merge another get keys of their own
        behind = ""
    if before or behind:
        assert found.removeprefix("\ufeff").startswith(before)
        assert found.endswith(behind)
    elif "- <<" not in text:
        assert is_subsequence(text, found), "a character of the author's is gone"
    assert changed.apply([SetSlots(path, {key: value})]) is changed
    return True


def test_most_constructs_are_edited() -> None:
    """Refusing is for what can't be done exactly: of all edits of all constructs most are made, all of them exactly."""
    made, refused = 0, []
    for name in sorted(set(DOCUMENTS) - UNREAD - UNJUDGED):
        text = DOCUMENTS[name]
        for path, key, value in edits(text):
            if judge(text, path, key, value):
                made += 1
            else:
                refused.append((name, path, key))
    assert made > 1100
    assert len(refused) < 200, sorted(set(refused))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_construct_beside_the_slots_stays(name: str) -> None:
    """Whatever an author keeps in an entry, before and behind the slots, keeps its bytes and its meaning."""
    inner = DOCUMENTS[name].removeprefix("\ufeff")
    if inner.startswith(("---", "%")) or "\n..." in inner or name in UNJUDGED:
        inner = ""
    notes = textwrap.indent(inner, "      ")
    text = f"images:\n  - id: a\n    notes:\n{notes}{'' if notes.endswith(chr(10)) or not notes else chr(10)}"
    text += "    model: old  # kept\n  - id: b\n"
    try:
        opened = EditableText.parse(text.encode(), "example.yaml")
    except InputError:
        assert name in UNREAD, "a construct that is not read"
        return
    assert opened.data == text.encode()
    for number in (0, 1):
        try:
            found = opened.apply([SetSlots(("images", number), {"model": "new", "file_path": "x.png"})]).data.decode()
        except SpliceError:
            continue
        assert notes in found
        assert "  # kept\n" in found
        before, after = composed(text), composed(found)
        (_, was), (_, now) = before.value[0], after.value[0]
        assert meant(now.value[1 - number]) == meant(was.value[1 - number])
        slots = {"model": "new", "file_path": "x.png"}
        told = {name.value: content.value for name, content in now.value[number].value if name.value in slots}
        assert told == slots


@pytest.mark.parametrize("name", [*DOCUMENTS, *STREAMS])
def test_an_identity_edit_keeps_every_byte(name: str) -> None:
    """A file that can be read is held byte for byte; one that can't is refused with its place."""
    text = {**DOCUMENTS, **STREAMS}[name]
    try:
        opened = EditableText.parse(text.encode(), "example.yaml")
    except InputError as failure:
        assert failure.problems[0].position is not None
        return
    assert opened.data == text.encode()
    assert opened.apply([]) is opened


@pytest.mark.parametrize("name", [name for name in STREAMS if name not in READ_ALL_THE_SAME])
def test_what_is_no_single_document_is_refused(name: str) -> None:
    """A stream that is not one readable document is not opened at all, so nothing in it can be edited."""
    with pytest.raises(InputError):
        EditableText.parse(STREAMS[name].encode(), "example.yaml")
