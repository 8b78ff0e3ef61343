"""The index of what is remembered: for each imagery file what it was made of, what was looked at, and how it stood.

Small enough to be read in every run: with it alone an up-to-date run knows that nothing changed. Light to import. A
file that is not exactly what this module writes counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

INDEX = ".chargen/plan-index.json"
ROWS = ".chargen/plan-rows.json"
BUSY = ".chargen/building"
"""There while a run has something to do: after a crash it stays, and the next run looks at everything itself."""

SUFFIXES = (".yaml", ".yml")
_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Remembered:
    """One imagery file. `targets` are its images' in file order; `others` are the further paths that were looked at.

    `told` are images that are not fresh and need nothing: id, verdict, reasons. `quiet` says that no image needs
    anything. `deep` are ids whose verdict also hangs on the journal, `attempts` what it said of them.
    """

    digest: str
    targets: tuple[str, ...]
    others: tuple[str, ...]
    seen: str
    quiet: bool
    told: tuple[tuple[str, str, tuple[str, ...]], ...]
    deep: tuple[str, ...]
    attempts: str


@dataclass(frozen=True, slots=True)
class Index:
    """Everything in the index file. `world` is of `world.digest_of`; `rows` the digest of the rows beside it."""

    world: str
    rows: str
    roots: tuple[str, ...]
    prompts: str
    files: Mapping[str, Remembered]


def read_index(root: Path) -> Index | None:
    """Read the index of a project; None where there is none or it is not as it was written."""
    data = read_cache(root / INDEX)
    if data is None:
        return None
    try:
        found = json.loads(data)
        if not all(type(found[name]) is str for name in ("world", "rows", "prompts")):
            return None
        files = {str(name): _remembered(values) for name, values in found["files"].items()}
        return Index(found["world"], found["rows"], _texts(found["roots"]), found["prompts"], files)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def index_bytes(index: Index) -> bytes:
    """Write an index as its file has it."""
    files = {name: list(asdict(item).values()) for name, item in index.files.items()}
    values = {"world": index.world, "rows": index.rows, "roots": index.roots, "prompts": index.prompts, "files": files}
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode()


def read_cache(path: Path) -> bytes | None:
    """Read a cache file; None where it can't be read or is too large to be one."""
    try:
        return path.read_bytes() if path.stat().st_size <= _MAX_BYTES else None
    except OSError:
        return None


def files_below(root: Path, roots: Iterable[str]) -> Iterator[str]:
    """Yield the YAML files below each of `roots`, project-relative and in path order; nothing for a missing one."""
    for name in roots:
        yield from sorted(_walk(root, root / name))


def digest(data: bytes) -> str:
    """Return the digest by which content is known."""
    return hashlib.sha256(data).hexdigest()


def _walk(root: Path, folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):  # links to folders are not followed: they may lead anywhere
        folders[:] = [name for name in folders if not name.startswith(".")]
        base = Path(place).relative_to(root).as_posix()
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield f"{base}/{name}"


def _remembered(values: Any) -> Remembered:
    file_digest, targets, others, seen, quiet, told, deep, attempts = values
    if type(quiet) is not bool or not all(type(text) is str for text in (file_digest, seen, attempts)):
        raise TypeError
    marks = tuple((_text(name), _text(verdict), _texts(reasons)) for name, verdict, reasons in told)
    return Remembered(file_digest, _texts(targets), _texts(others), seen, quiet, marks, _texts(deep), attempts)


def _texts(values: Any) -> tuple[str, ...]:
    if type(values) is not list or not all(type(value) is str for value in values):
        raise TypeError
    return tuple(values)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value
