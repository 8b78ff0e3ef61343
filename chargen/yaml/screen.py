"""Characters that the parser does not take as YAML 1.2 does, hidden from it behind stand-ins of the same length.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import Node, ScalarNode

from chargen.yaml.limits import every_node

Read = TypeVar("Read")

_INNER_SIGNS = ":?"
_INNER = re.compile(
    r"""(?P<kept>^%[^\r\n]*|(?:^|(?<=[\s\[{,]))![^\s]*)|(?<=[^\s"'\[\]{},]):(?=[^\s\[\]{},])|(?<=[^\s\[\]{},])\?(?=\S)""",
    re.MULTILINE,
)
"""A sign within a word, where YAML 1.2 has it as a plain character; directives and tags are kept."""
_FOREIGN_BREAKS = "\x85\u2028\u2029"


def read_screened(text: str, read: Callable[[str], Read]) -> tuple[Read, dict[int, str]]:
    """Read `text` with `read`, with characters that the parser does not take as YAML 1.2 does behind stand-ins.

    Those are U+0085, U+2028 and U+2029, which are plain characters and no line ends; and, where the text is refused
    without it, the `:` and `?` of a URL or a time, which end no word between brackets either. The text that is read has
    the same length. Returns what was read, and the table `str.translate` needs to put the characters back into it.
    Raises YAMLError.
    """
    breaks = {character for character in _FOREIGN_BREAKS if character in text}
    table = _stand_ins(text, breaks)
    try:
        return read(text.translate(table) if table else text), _back(table)
    except YAMLError:
        table = _stand_ins(text, {*breaks, *_INNER_SIGNS})
        inner = str.maketrans({sign: table[ord(sign)] for sign in _INNER_SIGNS})
        screened = _INNER.sub(lambda match: match["kept"] or match[0].translate(inner), text).translate(
            {ord(character): table[ord(character)] for character in breaks}
        )
        return read(screened), _back(table)


def _stand_ins(text: str, characters: Collection[str]) -> dict[int, str]:
    """Choose private characters which the text has neither as such nor as an escape."""
    if not characters:
        return {}
    lowered = text.lower()
    free = (code for code in range(0xF0000, 0xFFFFE) if chr(code) not in text and f"{code:x}" not in lowered)
    return {ord(character): chr(next(free)) for character in sorted(characters)}


def _back(table: Mapping[int, str]) -> dict[int, str]:
    return {ord(stand_in): chr(code) for code, stand_in in table.items()}


def unscreen(root: Node, screen: dict[int, str]) -> None:
    """Put the characters back into every scalar below `root`."""
    for node in every_node(root):
        if isinstance(node, ScalarNode):
            node.value = node.value.translate(screen)
