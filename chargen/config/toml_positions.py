"""Where each key of a TOML text stands, because `tomllib` gives values without positions.

Law: the text has already been accepted by `tomllib`, so this scan only has to tell keys, values and comments apart.
Pure; knows nothing of settings.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

from chargen.errors import Position

KeyPath = tuple[str | int, ...]
"""Keys from the root, and item numbers from 0 inside arrays: `("tool", "chargen", "imagery", 1)`."""

_STRING = r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
_SPACE = re.compile(r"(?:[\s,]|#[^\n]*)+", re.DOTALL)
_PART = re.compile(rf"{_STRING}|[A-Za-z0-9_-]+", re.DOTALL)
_KEY = re.compile(rf"(?:{_PART.pattern})(?:[ \t]*\.[ \t]*(?:{_PART.pattern}))*", re.DOTALL)
_VALUE = re.compile(rf"{_STRING}|[^\s,\]}}#]+(?: [0-9:.]+[^\s,\]}}#]*)?", re.DOTALL)


def key_positions(text: str, file: str) -> Mapping[KeyPath, Position]:
    """Return where each key (or item of an array) first stands in the valid TOML `text` of `file`."""
    scan = _Scan(text, file)
    scan.run()
    return scan.found


def position_of(positions: Mapping[KeyPath, Position], path: KeyPath, file: str) -> Position:
    """Return the position of `path`, or of the closest table around it, or just the file."""
    for length in range(len(path), 0, -1):
        if found := positions.get(path[:length]):
            return found
    return Position(file)


class _Scan:
    """One pass over the text; `at` is the index of the next character to read."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self.found: dict[KeyPath, Position] = {}
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def run(self) -> None:
        table: KeyPath = ()
        while self.space() < len(self.text):
            if self.text[self.at] == "[":
                self.at += 2 if self.text.startswith("[[", self.at) else 1
                self.space()
                table = self.key(())
                self.space()
                self.at += 2 if self.text.startswith("]]", self.at) else 1
            else:
                self.pair(table)

    def space(self) -> int:
        """Pass blanks, line ends, commas and comments."""
        if match := _SPACE.match(self.text, self.at):
            self.at = match.end()
        return self.at

    def key(self, table: KeyPath) -> KeyPath:
        """Read a dotted key below `table`, noting the position of each of its parts."""
        path = table
        key = _KEY.match(self.text, self.at)
        end = key.end() if key else self.at
        for match in _PART.finditer(self.text, self.at, end):
            part = match.group()
            path = (*path, _unquoted(part) if part[0] in "\"'" else part)
            self.at = match.start()
            self.note(path)
        self.at = end
        return path

    def pair(self, table: KeyPath) -> None:
        path = self.key(table)
        self.space()
        self.at += 1  # the equals sign
        self.space()
        self.value(path)

    def value(self, path: KeyPath) -> None:
        opening = self.text[self.at : self.at + 1]
        if opening not in ("[", "{"):
            match = _VALUE.match(self.text, self.at)
            self.at = match.end() if match else len(self.text)
            return
        closing = "]" if opening == "[" else "}"
        self.at += 1
        number = 0
        while self.space() < len(self.text) and self.text[self.at] != closing:
            if opening == "{":
                self.pair(path)
            else:
                self.note((*path, number))
                self.value((*path, number))
                number += 1
        self.at += 1

    def note(self, path: KeyPath) -> None:
        line = bisect_right(self.starts, self.at)
        self.found.setdefault(path, Position(self.file, line, self.at - self.starts[line - 1] + 1))


def _unquoted(part: str) -> str:
    value = tomllib.loads(f"key = {part}")["key"]
    return str(value)
