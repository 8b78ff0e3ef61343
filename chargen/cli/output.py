"""Everything that is printed goes through here: lines for people, JSON for programs, and what if nobody takes it.

Laws: no control character of a name, a prompt or a reply reaches a terminal, only the styles that are made here; a
letter the output can't show is replaced; JSON stays JSON in every encoding. Light to import.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TextIO

from chargen.errors import ChargenError, StartError, printable
from chargen.store.files import as_input_error

BOLD, DIM, UNDERLINE, STRUCK, RED, GREEN, YELLOW, CYAN = "1", "2", "4", "9", "31", "32", "33", "36"
"""Styles of text, as terminals number them."""

_MARK = os.urandom(8).hex()
"""Stands in every style made here. No file and no reply can hold it: it is drawn anew for each process."""

_OF_A_SHELL = frozenset("$`;&|<>()'\"\\!{}#~[]*?^=:, ")
"""Letters with which one shell or another does something else than take a word as it stands.

Some only where the completion hands names over: a comma ends one for fish, a colon for zsh, a blank for all of them."""

_STYLE = re.compile(f"\x1b{_MARK}:([0-9;]*)m")


class HasJson(Protocol):
    """What a command found."""

    def to_json(self) -> Any:
        """Return the object of `--json`."""


@lru_cache(maxsize=1024)
def styled(text: str, *styles: str) -> str:
    """Return a text in a style, which shows on a terminal only."""
    return f"\x1b{_MARK}:{';'.join(styles)}m{text}\x1b{_MARK}:0m" if text else ""


def plain(text: str) -> str:
    """Return a text without its styles, with what could steer a terminal written as escapes."""
    return printable(_STYLE.sub("", text) if "\x1b" in text else text)


def is_word(name: str) -> bool:
    """Say whether a shell takes a name as it stands: the tab key must not offer another."""
    return _OF_A_SHELL.isdisjoint(name) and name.isprintable()


def in_colour(out: TextIO | None = None) -> bool:
    """Say whether styles show: the output is a terminal, and nobody set `NO_COLOR`."""
    return (out or sys.stdout).isatty() and not os.environ.get("NO_COLOR")


def say(lines: str | Iterable[str], out: TextIO | None = None) -> None:
    """Write lines, each one line whatever is in it, on stdout or on `out`."""
    out = out or sys.stdout
    every = (lines,) if isinstance(lines, str) else lines
    if not in_colour(out):
        _write("".join(f"{plain(line)}\n" for line in every), out)
        return
    import click  # noqa: PLC0415 - slow to import; lets older terminals of Windows show colours

    _write("\n".join(map(_coloured, every)), out, click.echo)


def waiting_text(pid: int | None, doing: str = "building") -> str:
    """Say which process is waited for."""
    from chargen.store.locks import builder_told  # noqa: PLC0415 - only who waits needs it

    return f"{builder_told(pid)} is {doing} this project; waiting for it"


def waiting_or_not(pid: int | None) -> str:
    """Say which process is waited for, and how not to."""
    return f"{waiting_text(pid)} (`--no-wait` fails instead)"


def to_stderr(text: str) -> None:
    """Write a message of one or more lines on stderr."""
    say(text.split("\n"), sys.stderr)


def say_json(value: Any) -> None:
    """Write the object of `--json` on stdout."""
    say_json_text((json.dumps(value, indent=1, ensure_ascii=False), "\n"))


def tell(found: HasJson, lines: str | Iterable[str], *, as_json: bool) -> None:
    """Write what a command found: the object of `--json`, or lines for people."""
    if as_json:
        say_json(found.to_json())
    else:
        say(lines)


def say_json_text(pieces: Iterable[str]) -> None:
    """Write JSON that is text already on stdout, piece after piece."""
    for piece in pieces:
        if piece.replace("\n", "").isprintable():
            text = piece
        else:
            text = _escaped_in_json(piece, lambda char: char.isprintable() or char == "\n")
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            sys.stdout.write(_escaped_in_json(text, str.isascii))
    sys.stdout.flush()


def _escaped_in_json(text: str, stays: Callable[[str], bool]) -> str:
    """Write what could steer a terminal, or what an output can't show, as JSON's own escapes."""
    return "".join(char if stays(char) else json.dumps(char)[1:-1] for char in text)


def discard(out: TextIO) -> None:
    """Let everything written to `out` vanish from now on, also what is still buffered when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


def of_system(failure: OSError) -> ChargenError:
    """Return what to say of a failure of the system that nobody nearer to it could handle: nothing could start."""
    if failure.filename is None and not _takes_output():
        discard(sys.stdout)
        reason = (failure.strerror or type(failure).__name__).lower()
        return StartError(f"can't write the output: {reason}", hint="see where the output is sent to, then run again")
    path = os.path.relpath(os.fsdecode(failure.filename)) if failure.filename else "."
    try:
        with as_input_error(Path(path), doing="use"):
            raise failure
    except ChargenError as understood:
        return StartError(understood.problems)


def of_bug(bug: Exception) -> str:
    """Return what to say of a fault of the program itself."""
    return f"error: unexpected {type(bug).__name__}: {bug}\n  hint: this is a bug of chargen; please report it"


def _takes_output() -> bool:
    """Say whether what was written to stdout can be brought out: what can't stays in its buffer and fails again."""
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _coloured(line: str) -> str:
    """Return a line with its styles as a terminal takes them; what stands between is escaped."""
    pieces = _STYLE.split(line)
    return "".join(f"\x1b[{piece}m" if number % 2 else printable(piece) for number, piece in enumerate(pieces))


def _write(text: str, out: TextIO, echo: Any = None) -> None:
    """Write a text; where the output's encoding lacks a letter, with a question mark in its place."""
    try:
        echo(text, file=out, color=True) if echo else out.write(text)
    except UnicodeEncodeError:
        encoding = out.encoding or "ascii"
        text = text.encode(encoding, "replace").decode(encoding)
        echo(text, file=out, color=True) if echo else out.write(text)
    out.flush()
