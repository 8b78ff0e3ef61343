"""Positions, problems and errors: what is wrong, where, and what to do next.

Every part may import this module; it imports nothing of the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any

NAME = re.compile(r"`[^`]*`")
"""A name in a message: of a file, an entry, a key."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_SAVE = "save it as UTF-8 in your editor"


class ExitCode(IntEnum):
    """What a command says to the shell, whichever command it is."""

    DONE = 0
    FAILED = 1
    """An image failed or is blocked, or something that was named was refused; for `check`: there is an error."""
    PROGRAM = 2
    """A fault of the program itself."""
    NOTHING_STARTED = 3
    """Wrong settings, no project, or a selection that matches nothing."""
    INTERRUPTED = 130
    """128 plus the number of SIGINT, as shells count."""


class Severity(str, Enum):
    """How much a problem matters: an error stops what depends on it, a warning is odd, a note is reported once."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Topic(str, Enum):
    """What a problem is about, where something else hangs on that."""

    NO_PROMPT = "no-prompt"
    """Why an entry has no prompt."""
    EMPTY_FILE = "empty-file"


def printable(text: str) -> str:
    """Return text with what could steer a terminal, or pass for another line, written as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: project-relative path with `/`, line and column counted from 1 (columns in characters).

    `line` and `column` are 0 where only the file is known.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        file = printable(self.file)
        return f"{file}:{self.line}:{self.column}" if self.line else file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input: a lower-case sentence, names in backticks, and the next step as a hint.

    `subject` is the project-relative path of the file it is about, where that is another than `position` tells. Neither
    it nor `topic` is shown.
    """

    severity: Severity
    message: str
    position: Position | None = None
    hint: str = ""
    subject: str = ""
    topic: Topic | None = None

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        text = f"{where}{self.severity.value}: {printable(self.message)}"
        return f"{text}\n  hint: {self.hint}" if self.hint else text

    def as_warning(self) -> Problem:
        """Return it as one that stops nothing."""
        return replace(self, severity=Severity.WARNING)

    def at(self, position: Position) -> Problem:
        """Return it with this place."""
        return replace(self, position=position)

    def about(self, subject: str) -> Problem:
        """Return it as one about this file."""
        return replace(self, subject=subject)

    def of(self, topic: Topic | None) -> Problem:
        """Return it as one of this topic."""
        return replace(self, topic=topic)

    def told(self, message: str) -> Problem:
        """Return it in these words."""
        return replace(self, message=message)

    def to_json(self) -> dict[str, Any]:
        """One element of `problems[]` in everything that `--json` prints."""
        position = self.position
        return {
            "severity": self.severity.value,
            "file": position.file if position else None,
            "line": position.line if position else None,
            "column": position.column if position else None,
            "message": self.message,
            "hint": self.hint,
        }


def error(message: str, position: Position | None = None, hint: str = "") -> Problem:
    """Make a problem that stops what depends on it."""
    return Problem(Severity.ERROR, message, position, hint)


def warning(message: str, position: Position | None = None, hint: str = "") -> Problem:
    """Make a problem that is odd but stops nothing."""
    return Problem(Severity.WARNING, message, position, hint)


def note(message: str, position: Position | None = None, hint: str = "") -> Problem:
    """Make a problem that is only worth knowing."""
    return Problem(Severity.NOTE, message, position, hint)


def not_utf8(data: bytes, start: int, file: str) -> Problem:
    """Return the error of a text that is no UTF-8 from the byte `start` on."""
    before = data[:start].decode("utf-8").removeprefix("\ufeff")
    lines = _LINE_END.split(before)
    return error("this file is not UTF-8", Position(file, len(lines), len(lines[-1]) + 1), _SAVE)


class ChargenError(Exception):
    """An orderly failure: it carries every problem found and formats them late."""

    exit_code = ExitCode.PROGRAM

    def __init__(self, problems: Problem | Iterable[Problem] | str, *, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = error(problems, hint=hint)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class InputError(ChargenError):
    """Edit a file: something the author wrote can't be used."""

    exit_code = ExitCode.FAILED


class StartError(ChargenError):
    """Nothing could start: bad settings, no project, or a selection that matches nothing."""

    exit_code = ExitCode.NOTHING_STARTED
