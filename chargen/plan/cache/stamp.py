"""The stamp: for each imagery file what its images were made from and how they stood, in one small JSON file.

With it alone an up-to-date run knows that nothing has to be done, and a plan that nothing has to be planned. Light to
import. A file that is not exactly what this module writes counts as none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from chargen.config.layout import BUILDING, PLAN_STAMP
from chargen.model.reason import Reason
from chargen.plain_file import read_plain

STAMP = PLAN_STAMP
BUSY = BUILDING
"""There while a run has something to do: after a crash it stays, and the next run looks at everything itself."""

_FRESH = "fresh"
_SUFFIXES = (".yaml", ".yml")
_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class StampedFile:
    """One imagery file. `targets` are its images' in file order; `others` are the further paths that were looked at.

    `files_digest` is of all their signatures, `nothing_due` says that no image needs anything. `outside` names what was
    read of originals and journal (`KIND KEY`), `answers_digest` is of what they said.
    """

    digest: str
    targets: tuple[str, ...]
    others: tuple[str, ...]
    files_digest: str
    nothing_due: bool
    outside: tuple[str, ...]
    answers_digest: str


ImageVerdict: TypeAlias = tuple[str, str, tuple[Reason, ...]]
"""Id, verdict and reasons of an image."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How images stand that need nothing: so many are simply fresh, the `others` are told of, in build order."""

    fresh: int = 0
    others: tuple[ImageVerdict, ...] = ()

    @classmethod
    def of(cls, ids: Collection[str], not_fresh: Iterable[ImageVerdict]) -> Summary:
        """Say how the images called `ids` stand."""
        others = tuple(item for item in not_fresh if item[0] in ids)
        return cls(len(ids) - sum(verdict != _FRESH for _, verdict, _ in others), others)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Everything in the stamp's file. `environment` is of `environment.environment_digest`, `made` as in the cache.

    `plain` says that the settings neither limit what is spent nor send requests elsewhere, `clean` that the plan has
    no problem and no image was made otherwise than declared now. `not_fresh` are the other images, in build order: id,
    verdict, reasons.
    """

    environment: str
    made: str
    roots: tuple[str, ...]
    prompts: str
    generated: str
    plain: bool
    clean: bool
    files: Mapping[str, StampedFile]
    not_fresh: tuple[ImageVerdict, ...]

    def ids(self, file: str) -> list[str]:
        """Return the ids of a file's images, in file order."""
        start, end = len(self.generated) + 1, -len(".png")
        return [target[start:end] for target in self.files[file].targets]


def read_stamp(root: Path) -> Stamp | None:
    """Read the stamp of a project; None where there is none or it is not as it was written."""
    data = read_bounded(root / STAMP)
    if data is None:
        return None
    try:
        found = json.loads(data)
        return Stamp(
            _text(found["environment"]),
            _text(found["made"]),
            tuple(map(_folder, _texts(found["roots"]))),
            _folder(found["prompts"]),
            _folder(found["generated"]),
            _yes_or_no(found["plain"]),
            _yes_or_no(found["clean"]),
            {name: _stamped(values) for name, values in found["files"].items()},
            tuple((_text(name), _text(verdict), _reasons(reasons)) for name, verdict, reasons in found["not_fresh"]),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def stamp_bytes(stamp: Stamp) -> bytes:
    """Write a stamp as its file has it."""
    values = {name: getattr(stamp, name) for name in Stamp.__slots__}
    values["files"] = {
        name: [getattr(item, field) for field in StampedFile.__slots__] for name, item in stamp.files.items()
    }
    values["not_fresh"] = [
        [name, verdict, [item.to_json() for item in reasons]] for name, verdict, reasons in stamp.not_fresh
    ]
    return json.dumps(values, separators=(",", ":")).encode()


def read_bounded(path: Path) -> bytes | None:
    """Read a file of the cache; None where it can't be read or is too large to be one."""
    try:
        return read_plain(path, _MAX_BYTES)
    except OSError:
        return None


def is_yaml(name: str) -> bool:
    """Say whether a file is YAML by the end of its name, in any case: programs of Windows write `.YAML`."""
    return name.lower().endswith(_SUFFIXES)


def files_below(root: Path, roots: Iterable[str], unread: list[str] | None = None) -> Iterator[str]:
    """Yield the YAML files below each of `roots`, project-relative and in path order.

    `unread` takes the paths of folders that are missing, closed, or links, which are not followed.
    """
    for name in roots:
        yield from sorted(_walk(root, root / name, [] if unread is None else unread))


# values as the file has them; each raises TypeError for anything else


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _folder(value: Any) -> str:
    """Return a folder's path, which leads nowhere but below the project: it may be a stranger's."""
    path = _text(value)
    if "\0" in path or path.startswith("/") or ".." in path.split("/"):
        raise TypeError
    return path


def _texts(values: Any) -> tuple[str, ...]:
    if type(values) is not list or (values and {*map(type, values)} != {str}):
        raise TypeError
    return tuple(values)


def _reasons(values: Any) -> tuple[Reason, ...]:
    if type(values) is not list:
        raise TypeError
    return tuple(map(Reason.from_json, values)) if values else ()


def _yes_or_no(value: Any) -> bool:
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
            if is_yaml(name) and not name.startswith("."):
                yield f"{base}/{name}"


def _stamped(values: Any) -> StampedFile:
    file_digest, targets, others, files_digest, nothing_due, outside, answers_digest = values
    return StampedFile(
        _text(file_digest),
        _texts(targets),
        _texts(others),
        _text(files_digest),
        _yes_or_no(nothing_due),
        _texts(outside),
        _text(answers_digest),
    )
