"""The index of what is remembered: for each imagery file what it was made of, what was looked at, and how it stood.

Small enough to be read in every run: with it alone an up-to-date run knows that nothing changed, and a run with little
to do which files to read. Light to import. A file that is not exactly what this module writes counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from chargen.config.layout import BUILDING, PLAN_INDEX, PLAN_ROWS
from chargen.model.reason import Reason

INDEX, ROWS, BUSY = PLAN_INDEX, PLAN_ROWS, BUILDING
"""There while a run has something to do: after a crash it stays, and the next run looks at everything itself."""

_FRESH = "fresh"
SUFFIXES = (".yaml", ".yml")
_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Remembered:
    """One imagery file. `targets` are its images' in file order; `others` are the further paths that were looked at.

    `seen` is the digest of all their signatures, `quiet` says that no image needs anything. `deep` are ids whose
    verdict also hangs on the journal, `attempts` what it said of them. `about` is what other files ask of this one:
    values of `rows.About`, which are read where they are needed.
    """

    digest: str
    targets: tuple[str, ...]
    others: tuple[str, ...]
    seen: str
    quiet: bool
    deep: tuple[str, ...]
    attempts: str
    about: Any


Told: TypeAlias = tuple[str, str, tuple[Reason, ...]]
"""Id, verdict and reasons of an image."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How images stand that need nothing: so many fresh; those to be told of in build order."""

    fresh: int = 0
    others: tuple[Told, ...] = ()

    @classmethod
    def of(cls, ids: Collection[str], told: Iterable[Told]) -> Standing:
        """Say how these images stand, of all that are told of."""
        others = tuple(item for item in told if item[0] in ids)
        return cls(len(ids) - sum(verdict != _FRESH for _, verdict, _ in others), others)


@dataclass(frozen=True, slots=True)
class Index:
    """Everything in the index file. `world` is of `world.digest_of`; `rows` the digest of the rows beside it.

    `plain` says that the settings neither limit what is spent nor send requests elsewhere, `clean` that the plan has
    no problem and no image was made otherwise than declared now. `cast` are signatures of the characters that entries
    show, by slug, and `portraits` those of planned portraits, by id. `told` are the images that are not fresh, in
    build order: id, verdict, reasons.
    """

    world: str
    rows: str
    roots: tuple[str, ...]
    prompts: str
    generated: str
    plain: bool
    clean: bool
    files: Mapping[str, Remembered]
    cast: Mapping[str, str]
    portraits: Mapping[str, str]
    told: tuple[Told, ...]

    def ids(self, file: str) -> list[str]:
        """Return the ids of a file's images, in file order."""
        start, end = len(self.generated) + 1, -len(".png")
        return [target[start:end] for target in self.files[file].targets]


def read_index(root: Path) -> Index | None:
    """Read the index of a project; None where there is none or it is not as it was written."""
    data = read_cache(root / INDEX)
    if data is None:
        return None
    try:
        found = json.loads(data)
        return Index(
            text(found["world"]),
            text(found["rows"]),
            texts(found["roots"]),
            text(found["prompts"]),
            text(found["generated"]),
            yes_or_no(found["plain"]),
            yes_or_no(found["clean"]),
            {name: _remembered(values) for name, values in found["files"].items()},
            pairs(found["cast"]),
            pairs(found["portraits"]),
            tuple((text(name), text(verdict), read_reasons(reasons)) for name, verdict, reasons in found["told"]),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def index_bytes(index: Index) -> bytes:
    """Write an index as its file has it."""
    values = {name: getattr(index, name) for name in Index.__slots__}
    values["files"] = {
        name: [getattr(item, field) for field in Remembered.__slots__] for name, item in index.files.items()
    }
    values["told"] = [[name, verdict, [item.to_json() for item in reasons]] for name, verdict, reasons in index.told]
    return json.dumps(values, separators=(",", ":")).encode()


def read_cache(path: Path) -> bytes | None:
    """Read a cache file; None where it can't be read or is too large to be one."""
    try:
        return path.read_bytes() if path.stat().st_size <= _MAX_BYTES else None
    except OSError:
        return None


def files_below(root: Path, roots: Iterable[str], unread: list[str] | None = None) -> Iterator[str]:
    """Yield the YAML files below each of `roots`, project-relative and in path order.

    `unread` takes the paths of folders that are missing, closed, or links, which are not followed.
    """
    for name in roots:
        yield from sorted(_walk(root, root / name, [] if unread is None else unread))


def digest(data: bytes) -> str:
    """Return the digest by which content is known."""
    return hashlib.sha256(data).hexdigest()


# values as the files have them; each raises TypeError for anything else


def text(value: Any) -> str:
    """Return a text."""
    if type(value) is not str:
        raise TypeError
    return value


def texts(values: Any) -> tuple[str, ...]:
    """Return a list of texts as a tuple."""
    if type(values) is not list or (values and {*map(type, values)} != {str}):
        raise TypeError
    return tuple(values)


def read_reasons(values: Any) -> tuple[Reason, ...]:
    """Return reasons as they were written."""
    if type(values) is not list:
        raise TypeError
    return tuple(map(Reason.from_json, values)) if values else ()


def pairs(values: Any) -> dict[str, str]:
    """Return texts by name."""
    if type(values) is not dict or (values and {*map(type, values.values())} != {str}):
        raise TypeError
    return values


def yes_or_no(value: Any) -> bool:
    """Return a truth value."""
    if type(value) is not bool:
        raise TypeError
    return value


def _walk(root: Path, folder: Path, unread: list[str]) -> Iterator[str]:
    # Links to folders are not followed: they may lead anywhere.
    for place, folders, names in os.walk(folder, onerror=lambda failure: unread.append(str(failure.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        unread.extend(path for path in (f"{place}/{name}" for name in folders) if os.path.islink(path))  # noqa: PTH114
        base = Path(place).relative_to(root).as_posix()
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield f"{base}/{name}"


def _remembered(values: Any) -> Remembered:
    file_digest, targets, others, seen, quiet, deep, attempts, about = values
    return Remembered(
        text(file_digest),
        texts(targets),
        texts(others),
        text(seen),
        yes_or_no(quiet),
        texts(deep),
        text(attempts),
        about,
    )
