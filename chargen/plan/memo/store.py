"""Writing what is remembered of a plan, and what of the journal counts for it.

A file is remembered only if everything that was looked at for it was left alone for a while before the plan began: what
changed since then may have changed again within one tick of the clock. Where a path is absent, the same goes for the
folder it is absent from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from chargen.errors import ChargenError
from chargen.model.values import EntryId, Fingerprint, Verdict
from chargen.plan.memo import world
from chargen.plan.memo.index import (
    BUSY,
    INDEX,
    ROWS,
    Index,
    Remembered,
    Told,
    digest,
    index_bytes,
)
from chargen.plan.memo.rows import about, about_to_json
from chargen.plan.plan import Planned
from chargen.store.files import as_input_error, make_folder, real_target
from chargen.store.originals import PUBLISHED_FILE, RECORD_FILE
from chargen.store.signatures import ABSENT, RACY_NS, Signatures
from chargen.store.temporaries import temporary_name

if TYPE_CHECKING:  # the journal is asked of images without what makes a plan
    from chargen.config.settings import Settings
    from chargen.plan.evidence import Evidence
    from chargen.plan.project import Project
    from chargen.plan.scan import ScannedFile
    from chargen.plan.session import Session
    from chargen.store.journal import Journal
    from chargen.store.journal_rows import Attempt

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


def day_of(session: Session) -> str:
    """Return the day, in UTC, by which models and prices are judged."""
    return session.clock.now().date().isoformat()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be remembered: files with the lines of their rows, signatures, and how images stand."""

    files: Mapping[str, Remembered]
    lines: Mapping[str, bytes]
    cast: Mapping[str, str]
    portraits: Mapping[str, str]
    told: tuple[Told, ...]
    clean: bool


class Store:
    """Where a session's memory is kept.

    `started_ns` is when the plan began, since the epoch, `world_now` the world by then where it is known already.
    """

    def __init__(self, session: Session, started_ns: int, world_now: str | None = None) -> None:
        self._session = session
        self._started = started_ns
        self._world = world_now or self._digest()

    def save(self, kept: Kept) -> None:
        """Write a memory, unless the world changed meanwhile. One that can't be written is no error."""
        settings = self._session.project.settings
        if self._session.read_only or self._digest() != self._world:
            return
        data = b"\n".join(kept.lines[file] for file in kept.files)
        index = Index(
            world=self._world,
            rows=digest(data),
            roots=settings.imagery,
            prompts=settings.prompts,
            generated=settings.generated,
            plain=_is_plain_about_money(settings),
            clean=kept.clean,
            files=kept.files,
            cast=kept.cast,
            portraits=kept.portraits,
            told=kept.told,
        )
        with suppress(OSError, ChargenError):
            # Originals are looked for below this folder: without it, what is looked at is one that every run changes.
            make_folder(self._session.originals.folder)
            self._write(ROWS, data)
            self._write(INDEX, index_bytes(index))

    def remember(self, evidence: Evidence, scanned: ScannedFile, images: Sequence[Planned]) -> Remembered | None:
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
            digest=scanned.digest,
            targets=targets,
            others=tuple(others),
            seen=looked.together(paths),
            quiet=not any(image.acts or image.verdict is Verdict.BLOCKED for image in images),
            deep=tuple(deep),
            attempts=Attempts(self._session.journal, many=len(deep) > _MANY).digest(deep),
            about=about_to_json(about(scanned)),
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


class Attempts:
    """What the journal says of the attempts at images; `many` says that it will be asked of many of them."""

    def __init__(self, journal: Journal, *, many: bool = False) -> None:
        self._journal = journal
        self._by_id: dict[EntryId, list[Attempt]] | None = None
        if many:
            every = sorted(journal.attempts(), key=lambda attempt: attempt.task_id)
            self._by_id = {name: list(group) for name, group in groupby(every, key=lambda attempt: attempt.task_id)}

    def digest(self, ids: Sequence[str]) -> str:
        """Return one digest over all attempts at some images."""
        if not ids:
            return ""
        found = hashlib.sha256()
        for name in map(EntryId, ids):
            attempts = self._journal.attempts_for(name) if self._by_id is None else self._by_id.get(name, [])
            found.update(repr(attempts).encode(errors="backslashreplace"))
        return found.hexdigest()


def said_the_same(journal: Journal, files: Iterable[Remembered]) -> Iterator[bool]:
    """Yield for each file whether the journal says what it said of the images whose verdicts hang on it."""
    every = tuple(files)
    attempts = Attempts(journal, many=sum(len(known.deep) for known in every) > _MANY)
    return (attempts.digest(known.deep) == known.attempts for known in every)


def _is_plain_about_money(settings: Settings) -> bool:
    """Say whether settings neither limit what is spent nor send requests to other servers."""
    limits = (settings.budget.run, settings.budget.month)
    return limits == (None, None) and not any(provider.base_url for provider in settings.providers.values())


def _is_plain(image: Planned, seen: str) -> bool:
    """Say whether a verdict hangs on nothing but the entry, its references and what stands at its target."""
    if image.verdict in (Verdict.NO_PROMPT, Verdict.SKIPPED) and seen == ABSENT:
        return True
    line = image.entry.record_line
    by_size = line is not None and seen.partition(" ")[0] == str(line.size)
    return by_size and not image.repair and image.verdict in _BY_SIZE


_BY_SIZE = frozenset({Verdict.FRESH, Verdict.LOCKED, Verdict.NO_PROMPT, Verdict.SKIPPED})
