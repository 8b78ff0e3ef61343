"""The program's own small JSON files, each read as what it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from msgspec import convert

from chargen.plain_file import read_plain

_T = TypeVar("_T")
_Else = TypeVar("_Else")


def read_json(path: Path, kind: type[_T], otherwise: _Else) -> _T | _Else:
    """Return what a file holds, as a `kind` that msgspec knows; `otherwise` where it is absent, damaged or another."""
    try:
        return convert(json.loads(read_plain(path)), kind)
    except (OSError, ValueError, RecursionError):
        return otherwise
