"""Pictures the author has already for entries without one: where `file_path` says, in run logs, by an entry's name.

Laws: a picture is found for one entry of its file at most, and where a name means two it is found for neither; of
several for one entry the newest counts; what is found is only shown, and taken by `chargen.actions.adopt`. Reads only.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from chargen.errors import InputError, Position, Problem, Severity
from chargen.kinds.view import fields
from chargen.model.entries import Entry
from chargen.model.values import EntryId
from chargen.plain_file import TEXT_BYTES, read_plain
from chargen.plan.read_trace import answer_of
from chargen.store.signatures import Signatures, is_absent
from chargen.yaml.document import Document, items, parse, scalar

FOLDERS = ("", "images", "generated_images")
"""Where pictures lie, from the folder of their imagery file."""

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_LOG = re.compile(r"runs\.ya?ml\Z", re.IGNORECASE)
"""How the name of a run log ends: `imagery.runs.yaml`."""

_CUT = 40
"""Characters of a title that other programs put into a name."""

_STAMP = re.compile(r"-+(\d{10,}|\d{4}-\d{2}-\d{2}|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\Z")
"""When a picture was made, at the end of its name: a date, or a time since the epoch."""
_NUMBER = re.compile(r"-+\d{1,3}\Z")
_NO_NAME = re.compile(r"[^a-z0-9]+")


class OwnPicture(Struct, frozen=True):
    """A picture that lies in the project, and what says whose it is: `place` is where that is written, if anywhere."""

    path: str
    told_by: str
    place: Position | None = None


def usual_places(path: str, file: str, roots: Iterable[str]) -> Iterator[str]:
    """Yield what a path written in `file` may mean, project-relative: from the project, an imagery folder, the file."""
    slashed = path.strip().replace("\\", "/")
    if slashed and not slashed.startswith("/") and "\0" not in slashed:
        for base in ("", *roots, file.rpartition("/")[0]):
            found = posixpath.normpath(posixpath.join(base, slashed))
            if not found.startswith("../") and found not in (".", ".."):
                yield found


class _Run(Struct, frozen=True):
    """One run of a log: whose picture it made, and what the file is called."""

    target: str
    title: str
    name: str
    path: str
    at: str
    position: Position


class OwnPictures:
    """What lies beside imagery files. `signatures` is how files are looked at; a folder and a log are read once."""

    def __init__(self, root: Path, roots: Sequence[str], signatures: Signatures) -> None:
        self._root = root
        self._roots = tuple(roots)
        self._signatures = signatures
        self._listed: dict[str, Mapping[str, str]] = {}
        self._logs: dict[str, tuple[tuple[_Run, ...], tuple[Problem, ...]]] = {}
        self._files: dict[str, _File] = {}

    def signature(self, folder: str) -> str:
        """Answer for all that is found of entries whose file is in a folder, without reading a log."""
        logs = [self._signatures.of(posixpath.join(folder, name)) for name in self._log_names(folder)]
        return answer_of((sorted(self._pictures(folder).values()), logs))

    def of(self, entry: Entry, entries: Iterable[Entry]) -> OwnPicture | None:
        """Return the picture of an entry, `entries` being all of its file."""
        folder = entry.file.rpartition("/")[0]
        own = self._files.get(entry.file)
        if own is None:
            runs, _ = self._read_logs(folder)
            own = self._files[entry.file] = _File(tuple(entries), runs, self._pictures(folder))
        return self._named(entry) or self._logged(entry, own) or own.by_name.get(entry.id)

    def problems(self, folder: str) -> tuple[Problem, ...]:
        """Return what is wrong with the run logs in a folder."""
        return self._read_logs(folder)[1]

    def ambiguous(self, file: str) -> tuple[str, ...]:
        """Return the pictures whose name means several entries of a file that was asked of."""
        own = self._files.get(file)
        return own.ambiguous if own is not None else ()

    def places(self, entry: Entry) -> Iterator[str]:
        """Yield the paths outside its folder that an entry's picture is looked for at."""
        if entry.outputs.file_path:
            yield from usual_places(entry.outputs.file_path, entry.file, self._roots)

    def _named(self, entry: Entry) -> OwnPicture | None:
        text = entry.outputs.file_path
        if not text:
            return None
        found = next((path for path in self.places(entry) if self._is_there(path)), None)
        if found is None:
            beside = self._pictures(entry.file.rpartition("/")[0])
            found = beside.get(posixpath.basename(text.replace("\\", "/")))
        return None if found is None else OwnPicture(found, "file_path", text.position)

    def _logged(self, entry: Entry, own: _File) -> OwnPicture | None:
        """Return the newest picture that is there of those that run logs tell of."""
        beside = self._pictures(entry.file.rpartition("/")[0])
        for run in own.runs.get(entry.id, ()):
            found = beside.get(run.name)
            if found is None:
                found = next((p for p in usual_places(run.path, entry.file, self._roots) if self._is_there(p)), None)
            if found is not None:
                return OwnPicture(found, "run log", run.position)
        return None

    def _is_there(self, path: str) -> bool:
        return path.lower().endswith(_SUFFIXES) and not is_absent(self._signatures.of(path))

    def _pictures(self, folder: str) -> Mapping[str, str]:
        """Return the pictures beside the files of a folder: names and project-relative paths."""
        if folder not in self._listed:
            found: dict[str, str] = {}
            for inner in FOLDERS:
                place = posixpath.join(folder, inner) if inner else folder
                for name in self._names(place):
                    if name.lower().endswith(_SUFFIXES):
                        found.setdefault(name, posixpath.join(place, name))
            self._listed[folder] = found
        return self._listed[folder]

    def _log_names(self, folder: str) -> list[str]:
        return [name for name in self._names(folder) if is_run_log(name)]

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._root / folder))  # noqa: PTH208 - only names, of many folders
        except OSError:
            return []

    def _read_logs(self, folder: str) -> tuple[tuple[_Run, ...], tuple[Problem, ...]]:
        if folder not in self._logs:
            runs: list[_Run] = []
            problems: list[Problem] = []
            for name in self._log_names(folder):
                file = posixpath.join(folder, name)
                try:
                    runs += _runs(parse(read_plain(self._root / file, TEXT_BYTES), file))
                except InputError as failure:
                    problems += unread_log(failure)
                except OSError as failure:
                    reason = failure.strerror or type(failure).__name__
                    problems.append(Problem(Severity.WARNING, f"can't read this run log: {reason}", Position(file)))
            self._logs[folder] = tuple(runs), tuple(problems)
        return self._logs[folder]


class _File:
    """The entries of one file with what is known of their pictures: `runs` newest first."""

    def __init__(self, entries: tuple[Entry, ...], runs: Iterable[_Run], pictures: Mapping[str, str]) -> None:
        self._names: dict[str, set[EntryId]] = {}
        self._titles: dict[str, set[EntryId]] = {}
        for entry in entries:
            slug, _, name = entry.id.rpartition("/")
            slug, title = plain(slug.rpartition("/")[2]), plain(entry.title)
            self._titles.setdefault(title, set()).add(entry.id)
            for called in {plain(name), title[:_CUT].strip("-"), plain(name)[:_CUT].strip("-")} - {""}:
                for key in (called, f"{slug}-{called}"):
                    self._names.setdefault(key, set()).add(entry.id)
        self.runs: dict[EntryId, list[_Run]] = {}
        for run in sorted(runs, key=lambda run: run.at, reverse=True):
            meant = self._meant(run.target, run.title)
            if len(meant) == 1:
                self.runs.setdefault(meant.pop(), []).append(run)
        self._pictures = pictures

    @cached_property
    def _by_picture(self) -> dict[str, tuple[int, set[EntryId]]]:
        """For each picture whose name means an entry when it was made, as its name tells, and the entries."""
        found: dict[str, tuple[int, set[EntryId]]] = {}
        for name, path in self._pictures.items():
            stem, at = name.rpartition(".")[0].lower(), 0
            while plain(stem) not in self._names and (stamp := _STAMP.search(stem)):
                stem, at = stem[: stamp.start()], max(at, _moment(stamp[1]))
            if meant := self._meant(stem, ""):
                found[path] = at, meant
        return found

    @cached_property
    def by_name(self) -> Mapping[EntryId, OwnPicture]:
        """The newest picture of each entry that is called like it."""
        newest: dict[EntryId, tuple[int, str]] = {}
        for path, (at, meant) in self._by_picture.items():
            if len(meant) == 1:
                (entry_id,) = meant
                newest[entry_id] = max(newest.get(entry_id, (0, "")), (at, path))
        return {entry_id: OwnPicture(path, "name") for entry_id, (_, path) in newest.items()}

    @cached_property
    def ambiguous(self) -> tuple[str, ...]:
        """Pictures whose name means several entries."""
        return tuple(path for path, (_, meant) in self._by_picture.items() if len(meant) > 1)

    def _meant(self, name: str, title: str) -> set[EntryId]:
        """Return the entries that a name means, with a number of two or three digits at its end or without."""
        whole = plain(name)
        meant = self._names.get(whole) or self._names.get(_NUMBER.sub("", whole)) or set()
        of_title = self._titles.get(plain(title), set()) if title and len(meant) != 1 else set()
        return set(of_title or meant)


def plain(text: str) -> str:
    """Return a text as names of files have it: lower case, runs of anything but letters and digits as `-`."""
    return _NO_NAME.sub("-", text.lower()).strip("-")


def _moment(stamp: str) -> int:
    """Return the milliseconds since the epoch that a stamp tells: those themselves, seconds, or a date."""
    if stamp.isdecimal() and len(stamp) != len("20260131"):
        return int(stamp) * 1000 if len(stamp) == len("1700000000") else int(stamp)
    try:
        return (date.fromisoformat(stamp) - date(1970, 1, 1)).days * 86_400_000
    except ValueError:  # no such day
        return 0


def _runs(document: Document) -> Iterator[_Run]:
    for item in items(fields(document.root).get("runs")):
        told = fields(item)
        target = scalar(told.get("target_id")) or ""
        title = scalar(fields(told.get("target_metadata")).get("scene_title")) or ""
        path = (scalar(told.get("file_path")) or "").replace("\\", "/")
        name = posixpath.basename((scalar(told.get("file_name")) or path).replace("\\", "/"))
        if target and name:
            yield _Run(target, title, name, path, scalar(told.get("timestamp")) or "", document.at(item))


def is_run_log(name: str) -> bool:
    """Say whether a file's name is that of a run log."""
    return _LOG.search(name) is not None


def unread_log(failure: InputError) -> tuple[Problem, ...]:
    """Return what is said of a run log that is no YAML: it stops nothing."""
    hint = "pictures that it tells of are not found until it is fixed"
    return tuple(
        Problem(Severity.WARNING, f"can't read this run log: {problem.message}", problem.position, problem.hint or hint)
        for problem in failure.problems
    )
