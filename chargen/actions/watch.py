"""Looking again whenever something of a project is saved: which images have another verdict, why, and at what price.

Laws: what the operating system says of files is a hint to look, no more; a burst of saves is one look; what is told is
a difference of two plans, so that the program's own write-backs tell nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

from msgspec import Struct
from watchfiles import Change, DefaultFilter, watch

from chargen.actions.why import Why, why
from chargen.config.configuration import FILE, configuration
from chargen.config.layout import DECISIONS, JOURNAL
from chargen.errors import ChargenError, Problem, Severity, StartError
from chargen.model.reason import Reason
from chargen.model.values import EntryId, Fingerprint, Verdict
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.findings import Finding, findings
from chargen.plan.plan import Shown
from chargen.plan.session import Session
from chargen.providers import known_providers

BURST = 250
"""Milliseconds after the first save for which more of them are gathered."""
_PATIENCE = 200
"""Milliseconds that are waited for a save before it is looked whether to end."""


BLIND = (OSError, RuntimeError)
"""How the library says that the system has no watch left to give."""


def blind(failure: Exception) -> StartError:
    """Return what to say where the system does not tell of changes."""
    hint = (
        "end other programs that watch files, or set WATCHFILES_FORCE_POLLING=1: the files are looked at in turn then"
    )
    return StartError(f"can't watch the files of this project: {failure}", hint=hint)


class Watched(DefaultFilter):
    """Lets through what a book is made of: the author's files, pictures, settings; and, for a page, the journal."""

    def __init__(self, root: Path, *, journal: bool = False) -> None:
        super().__init__(ignore_dirs=("__pycache__", ".git"))
        self._root = root
        self._settings, self._decisions = (str(root / name) for name in (FILE, DECISIONS))
        self._journal = str(root / JOURNAL) if journal else None
        self._read_settings()

    def __call__(self, change: Change, path: str) -> bool:
        """Say whether a change is worth a look."""
        if path == self._settings:
            self._read_settings()
            return True
        if path == self._decisions or (self._journal is not None and path.startswith(self._journal)):
            return True
        return path.startswith(self._below) and not path.startswith(self._without) and super().__call__(change, path)

    def _read_settings(self) -> None:
        """Take the folders from the settings; while these can't be read, those there were before."""
        with suppress(ChargenError):
            settings = configuration(self._root, os.environ, known_providers()).settings
            folders = (*settings.imagery, settings.prompts, settings.generated)
            self._below = tuple(f"{self._root / name}/" for name in folders)
            self._without = f"{self._root / settings.generated / 'prompts'}/"


class Look(Struct, frozen=True):
    """What one look found: images of another verdict than before, explained, and what a build would send now.

    `problems` are those of the files that were not there before.
    """

    changed: tuple[Why, ...] = ()
    more: int = 0
    """Images of another verdict that are not explained: they are many."""
    gone: tuple[EntryId, ...] = ()
    """Images that were planned before and are not now."""
    problems: tuple[Finding, ...] = ()
    to_send: tuple[Shown, ...] = ()
    due: bool = False
    """A build has something to do, also where nothing is sent for it."""


class State(Struct, frozen=True):
    """What a look compares with: what was said of each image, and the problems that were told."""

    images: Mapping[EntryId, tuple[Verdict, tuple[Reason, ...], Fingerprint | None]]
    problems: frozenset[Problem]

    def with_images(self, other: State, names: Iterable[EntryId]) -> State:
        """Take what another look says of some images: what is built is no news to whoever built it.

        What was edited while it was being built is.
        """
        known = {name: other.images[name] for name in names if name in other.images}
        known = {name: said for name, said in known.items() if not said[0].spends}
        return State({**self.images, **known}, self.problems)


MOST = 12
"""Images that are explained word by word in one look; of more, the verdicts tell enough."""


def look(session: Session, request: BuildRequest, before: State | None) -> tuple[Look, State]:
    """Plan, and compare with what the last look found; without one everything is as it was."""
    planner = session.planner()
    planner.plan()
    session.keep(planner)
    chosen = prepare(session, request)
    meant = [chosen.plan.by_id[name] for name in chosen.selected]
    images = {image.id: (image.verdict, image.reasons, image.fingerprint) for image in meant}
    changed = [] if before is None else [name for name, said in images.items() if before.images.get(name) != said]
    explained = tuple(why(session, planner, planner.image(name)) for name in changed[:MOST])
    problems = tuple(finding for finding in findings(chosen.plan) if finding.problem.severity is Severity.ERROR)
    news = tuple(finding for finding in problems if before is None or finding.problem not in before.problems)
    sending = tuple(image for image in chosen.choice.images if image.sends)
    due = any(image.acts for image in chosen.choice.images)
    gone = () if before is None else tuple(name for name in before.images if name not in images)
    found = Look(explained, len(changed) - len(explained), gone, news, sending, due)
    return found, State(images, frozenset(finding.problem for finding in problems))


def changes(root: Path, stop: Event | None = None) -> Iterator[None]:
    """Yield at once, and then for each burst of saves, also for those that come while the last one is dealt with.

    Raises StartError where the system does not tell of changes.
    """
    found = watch(
        root,
        watch_filter=Watched(root),
        debounce=BURST,
        rust_timeout=_PATIENCE,
        yield_on_timeout=True,  # once nothing has happened, the watching has begun
        stop_event=stop,
        raise_interrupt=True,
    )
    with closing(found):
        try:
            next(found)
        except BLIND as failure:
            raise blind(failure) from None
        yield
        yield from (None for burst in found if burst)
