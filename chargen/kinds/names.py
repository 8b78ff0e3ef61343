"""Ids and slugs as parts of paths: which texts may name a picture below `generated/` on every file system.

Laws: a name is one part of a path, the same on Linux, macOS and Windows; names are taken as written, never mended.
Pure; knows nothing of which keys hold names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from chargen.errors import Position, Problem, error
from chargen.model.traced import Traced

MAX_BYTES = 200
"""UTF-8 bytes of one name: file systems take 255, suffixes and temporary names need some."""

_FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-]")
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})

_FAULTS: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda name: not name.strip(), "is empty"),
    (lambda name: name in {".", ".."}, "is a folder's relative name"),
    (_FORBIDDEN.search, "holds a character that a file name can't have"),
    (lambda name: "=" in name, "holds `=`: doit takes such a name for a variable"),
    (lambda name: any(unicodedata.category(c) in _INVISIBLE for c in name), "holds a control character"),
    (lambda name: name[-1] in ". " or name[0] == " ", "has a blank or a full stop at an end, which Windows drops"),
    (_DEVICE.fullmatch, "is a device's name on Windows"),
    (lambda name: len(name.encode("utf-8", "surrogatepass")) > MAX_BYTES, f"is longer than {MAX_BYTES} bytes"),
)
"""Tests, of which the first that fails is reported: whether a name is at fault, and how to say it."""


def fault(name: str) -> str:
    """Say in words why `name` can't be part of a path; empty where it can."""
    if _PLAIN.fullmatch(name) and not _DEVICE.fullmatch(name):
        return ""
    return next((words for test, words in _FAULTS if test(name)), "")


def name_problem(name: Traced, what: str) -> Problem | None:
    """Return the error of a name that can't be part of a path, `what` telling the field, or None."""
    reason = fault(name)
    if not reason:
        return None
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name[:60])
    return error(
        f"the {what} `{shown}` {reason}",
        name.position,
        "it becomes part of a file name: use letters, digits, `-`, `_` and `.`",
    )


def clash(name: str, position: Position, other: str, other_position: Position, key: str) -> Problem:
    """Return the error of two entries for one picture; `key` names an entry, also one whose title makes its id."""
    same = "the same picture" if name == other else f"the same picture as `{other}` where case does not count"
    return error(
        f"`{name}` is planned twice: {same} is planned at {other_position}",
        position,
        f"give one of the two an id of its own with `{key}: ...`",
    )


def clash_key(name: str) -> str:
    """Return the form in which names clash: Unicode NFC and case folded."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
