"""The index of what is remembered: for each imagery file what it was made of, what was looked at, and how it stood.

Small enough to be read in every run: with it alone an up-to-date run knows that nothing changed. Light to import. A
file that is not exactly what this module writes counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeAlias

INDEX = ".chargen/plan-index.json"
ROWS = ".chargen/plan-rows.json"
BUSY = ".chargen/building"
"""There while a run has something to do: after a crash it stays, and the next run looks at everything itself."""

SUFFIXES = (".yaml", ".yml")
_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Remembered:
    """One imagery file. `targets` are its images' in file order; `others` are the further paths that were looked at.

    `seen` is the digest of all their signatures, `quiet` says that no image needs anything. `deep` are ids whose
    verdict also hangs on the journal, `attempts` what it said of them.
    """

    digest: str
    targets: tuple[str, ...]
    others: tuple[str, ...]
    seen: str
    quiet: bool
    deep: tuple[str, ...]
    attempts: str


Told: TypeAlias = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Index:
    """Everything in the index file. `world` is of `world.digest_of`; `rows` the digest of the rows beside it.

    `told` are the images that are not fresh, in build order: id, verdict, reasons.
    """

    world: str
    rows: str
    roots: tuple[str, ...]
    prompts: str
    generated: str
    files: Mapping[str, Remembered]
    told: tuple[Told, ...]


def read_index(root: Path) -> Index | None:
    """Read the index of a project; None where there is none or it is not as it was written."""
    data = read_cache(root / INDEX)
    if data is None:
        return None
    try:
        found = json.loads(data)
        return Index(
            _text(found["world"]),
            _text(found["rows"]),
            _texts(found["roots"]),
            _text(found["prompts"]),
            _text(found["generated"]),
            {name: _remembered(values) for name, values in found["files"].items()},
            tuple((_text(name), _text(verdict), _texts(reasons)) for name, verdict, reasons in found["told"]),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def index_bytes(index: Index) -> bytes:
    """Write an index as its file has it."""
    values = {name: getattr(index, name) for name in Index.__slots__}
    values["files"] = {name: astuple(item) for name, item in index.files.items()}
    return json.dumps(values, separators=(",", ":")).encode()


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
    file_digest, targets, others, seen, quiet, deep, attempts = values
    if type(quiet) is not bool:
        raise TypeError
    return Remembered(
        _text(file_digest), _texts(targets), _texts(others), _text(seen), quiet, _texts(deep), _text(attempts)
    )


def _texts(values: Any) -> tuple[str, ...]:
    if type(values) is not list or not all(type(value) is str for value in values):
        raise TypeError
    return tuple(values)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value
