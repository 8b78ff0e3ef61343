"""Reading and writing what is remembered of a plan, as one value.

A file is remembered only if everything that was looked at for it was left alone for a while before the plan began: what
changed since then may have changed again within one tick of the clock. Where a path is absent, the same goes for the
folder it is absent from.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from chargen.app.evidence import Evidence
from chargen.app.project import Project
from chargen.app.remembering import world
from chargen.app.remembering.index import (
    BUSY,
    INDEX,
    ROWS,
    Index,
    Remembered,
    digest,
    index_bytes,
    read_cache,
    read_index,
)
from chargen.app.remembering.rows import Facts, from_json
from chargen.app.session import Session
from chargen.core.plan import Planned
from chargen.core.record import RecordLine
from chargen.core.values import EntryId, Fingerprint, Verdict
from chargen.edge.files import as_input_error, make_folder, real_target, temporary_name
from chargen.edge.journal import Journal
from chargen.edge.originals import PUBLISHED_FILE, RECORD_FILE
from chargen.edge.signatures import ABSENT, RACY_NS, Signatures
from chargen.errors import ChargenError

_MANY = 64
"""More ids than this are looked up in the journal with one question."""


@contextmanager
def under_way(project: Project, *, something_to_do: bool) -> Iterator[None]:
    """Leave a mark while a run has something to do; after a crash it makes the next run look at the journal."""
    path = project.root / BUSY
    if something_to_do:
        with as_input_error(path, project.root):
            make_folder(path.parent)
            path.touch()
    yield
    with suppress(OSError):
        path.unlink(missing_ok=True)


@dataclass
class Memory:
    """What is remembered: `files` of the index, and facts read from `rows` when they are asked for."""

    files: Mapping[str, Remembered] = field(default_factory=dict)
    rows: Mapping[str, Any] = field(default_factory=dict)
    _facts: dict[str, Facts] = field(default_factory=dict)

    def facts(self, file: str) -> Facts:
        """Return what is remembered of a file. Raises one of `MALFORMED`."""
        if file not in self._facts:
            found = from_json(self.rows[file])
            if len(found.rows) != len(self.files[file].targets):
                raise ValueError("rows of other images")
            self._facts[file] = found
        return self._facts[file]


def day_of(session: Session) -> str:
    """Return the day, in UTC, by which models and prices are judged."""
    return session.clock.now().date().isoformat()


class Store:
    """Where a session's memory is kept. `started_ns` is when the plan began, since the epoch."""

    def __init__(self, session: Session, started_ns: int) -> None:
        self._session = session
        self._started = started_ns
        self._world = self._digest()

    def load(self) -> Memory:
        """Return what is remembered; nothing where it was made in another world or is not as it was written."""
        root = self._session.project.root
        index = read_index(root)
        if index is None or index.world != self._world:
            return Memory()
        data = read_cache(root / ROWS)
        if data is None or digest(data) != index.rows:
            return Memory()
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return Memory()
        if not isinstance(found, dict) or found.keys() != index.files.keys():
            return Memory()
        return Memory(index.files, found)

    def save(self, files: Mapping[str, Remembered], facts: Mapping[str, Any], images: Iterable[Planned]) -> None:
        """Write a memory, unless the world changed meanwhile. One that can't be written is no error."""
        settings = self._session.project.settings
        if self._session.read_only or self._digest() != self._world:
            return
        data = json.dumps(dict(facts), separators=(",", ":")).encode()
        told = tuple(
            (str(image.id), image.verdict.value, image.judgement.reasons)
            for image in images
            if image.verdict is not Verdict.FRESH
        )
        index = Index(
            self._world, digest(data), settings.imagery, settings.prompts, settings.generated, dict(files), told
        )
        with suppress(OSError, ChargenError):
            self._write(ROWS, data)
            self._write(INDEX, index_bytes(index))

    def remember(self, evidence: Evidence, file_digest: str, images: Sequence[Planned]) -> Remembered | None:
        """Return what the index keeps of a file; None where something it was made of changed just now."""
        looked = Signatures(os.fspath(self._session.project.root))
        targets = tuple(image.target for image in images)
        others: dict[str, None] = {}
        deep: list[EntryId] = []
        for image in images:
            others.update(dict.fromkeys(reference.path for reference in image.references))
            named = evidence.named_elsewhere(image.entry)
            if named:
                others[named] = None
            if named or not _is_plain(image, looked.of(image.target)):
                deep.append(image.id)
                others.update(dict.fromkeys(self._originals_of(image)))
        paths = (*targets, *others)
        if looked.newest(paths) >= self._started - RACY_NS:
            return None
        return Remembered(
            digest=file_digest,
            targets=targets,
            others=tuple(others),
            seen=looked.together(paths),
            quiet=not any(image.acts or image.verdict is Verdict.BLOCKED for image in images),
            deep=tuple(deep),
            attempts=attempts_of(self._session.journal, deep),
        )

    def _digest(self) -> str:
        project = self._session.project
        return world.digest_of(project.root, project.settings.prompts, self._session.environ, day_of(self._session))

    def _originals_of(self, image: Planned) -> Iterator[str]:
        """Yield the paths at which originals of an image are looked for."""
        prints = dict.fromkeys(filter(None, (image.fingerprint,)))
        folders: list[Path] = []
        for attempt in self._session.journal.attempts_for(image.id):
            prints[Fingerprint(attempt.fingerprint)] = None
            folders.append(self._session.originals.folder / attempt.fingerprint / attempt.attempt_id)
        for name in prints:
            folder = self._session.originals.folder / name
            yield self._relative(folder)
            with suppress(OSError):
                folders.extend(folder.iterdir())
        for folder in dict.fromkeys(folders):
            yield from map(self._relative, (folder, folder / RECORD_FILE, folder / PUBLISHED_FILE))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._session.project.root).as_posix()

    def _write(self, name: str, data: bytes) -> None:
        root = self._session.project.root
        path = real_target(root / name, root)
        make_folder(path.parent)
        temporary = path.parent / temporary_name()
        try:
            temporary.write_bytes(data)  # not synced: a half-written cache counts as none
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def attempts_of(journal: Journal, ids: Sequence[str]) -> str:
    """Return one digest over all that the journal says of the attempts at some images."""
    if not ids:
        return ""
    found = hashlib.sha256()
    if len(ids) > _MANY:
        every = sorted(journal.attempts(), key=lambda attempt: attempt.task_id)
        by_id = {name: list(group) for name, group in groupby(every, key=lambda attempt: attempt.task_id)}
        rows_of = (by_id.get(EntryId(name), []) for name in ids)
    else:
        rows_of = (journal.attempts_for(EntryId(name)) for name in ids)
    for attempts in rows_of:
        found.update(repr(attempts).encode(errors="backslashreplace"))
    return found.hexdigest()


def _is_plain(image: Planned, seen: str) -> bool:
    """Say whether a verdict hangs on nothing but the entry, its references and what stands at its target."""
    if image.verdict in (Verdict.NO_PROMPT, Verdict.SKIPPED) and seen == ABSENT:
        return True
    line = RecordLine.parse(image.entry.outputs.record)
    by_size = line is not None and seen.partition(" ")[0] == str(line.size)
    return by_size and not image.repair and image.verdict in _BY_SIZE


_BY_SIZE = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED})
