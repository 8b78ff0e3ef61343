"""Where each key of a JSON text stands, because `json` gives values without positions. Pure.

Law: the text has already been read by `json`, so this scan only has to tell brackets, texts and the rest apart.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping

from chargen.errors import Position

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


def json_positions(text: str, file: str) -> Mapping[tuple[str, ...], Position]:
    """Return where the value of each key of the JSON `text` of `file` begins, by the keys from the root.

    What is inside a list has no position of its own.
    """
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    found: dict[tuple[str, ...], Position] = {}
    path: list[str] = []
    opened: list[str] = []
    key = ""
    awaits_value = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        if awaits_value:
            awaits_value = False
            if "[" not in opened:
                line = bisect_right(starts, token.start())
                found[(*path, key)] = Position(file, line, token.start() - starts[line - 1] + 1)
        if word in "{[":
            opened.append(word)
            path.append(key)
        elif word in "}]":
            opened.pop()
            key = path.pop()
        elif word == ":":
            awaits_value = True
        elif word.startswith('"'):
            key = json.loads(word, strict=False)
    return {keys[1:]: place for keys, place in found.items()}
