"""A look at the project before anything is imported for a plan: which files are as they are remembered.

Where nothing changed, and nothing needs anything, that is all an up-to-date run needs; what changed is planned. Light
to import.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chargen.config.layout import IGNORED, ORIGINALS
from chargen.plan.memo import world
from chargen.plan.memo.index import BUSY, Index, Standing, digest, files_below, read_index
from chargen.store.signatures import Signatures


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a project found: `files` are its imagery files, `same` those that are as the index says.

    Whether the journal says the same of them is another question. `unread` are folders below the roots that can't be
    looked into. `began_ns` is when the look began, since the epoch.
    """

    root: Path
    index: Index
    files: tuple[str, ...]
    same: frozenset[str]
    unread: tuple[str, ...]
    began_ns: int

    @property
    def unchanged(self) -> bool:
        """Say whether there are the files that are remembered, and all as they were."""
        if self.unread or not len(self.same) == len(self.files) == len(self.index.files):
            return False
        return self._attempts_are_same()

    @property
    def broken_off(self) -> bool:
        """Say whether a run is under way, or was when its process died."""
        return (self.root / BUSY).exists()

    def standing(self, names: Sequence[str] = ()) -> Standing | None:
        """Say how images stand if nothing at all has to be done; `names` are targets or ids, none for all images.

        None also where a run is under way or broke off, where images are ignored, and for a name that is neither.
        """
        files = self.index.files
        if not all(known.quiet for known in files.values()) or self.broken_off:
            return None
        if (self.root / IGNORED).exists():
            return None
        ids = {name: None for file in files for name in self.index.ids(file)}
        if names:
            by_target = dict(zip((target for known in files.values() for target in known.targets), ids, strict=True))
            ids_meant = dict.fromkeys(by_target.get(name, name) for name in names)
            if not ids.keys() >= ids_meant.keys():
                return None
            ids = ids_meant
        if not self.unchanged:
            return None
        return Standing.of(ids, self.index.told)

    def _attempts_are_same(self) -> bool:
        """Ask the journal, where a verdict hangs on it."""
        deep = [known for known in self.index.files.values() if known.deep]
        if not deep:
            return True
        from chargen.plan.memo.store import said_the_same  # noqa: PLC0415 - most projects don't need the journal
        from chargen.store.journal import Journal  # noqa: PLC0415 - as above
        from chargen.store.originals import Originals  # noqa: PLC0415 - as above

        journal = Journal(self.root, Originals(self.root / ORIGINALS), read_only=True)
        try:
            return all(said_the_same(journal, deep))
        finally:
            journal.close()


def look_at(root: Path, environ: Mapping[str, str], day: str = "") -> Look | None:
    """Look at every file of a project; None where nothing is remembered of the program and settings as they are.

    `day` is a date in UTC, by which models and prices are judged; today's where none is given.
    """
    began = time.time_ns()
    index = _index(root, environ, day)
    if index is None:
        return None
    unread: list[str] = []
    files = tuple(files_below(root, index.roots, unread))
    looked = Signatures(os.fspath(root))
    same = frozenset(file for file in files if _is_same(root, file, index, looked))
    return Look(root, index, files, same, tuple(unread), began)


def planned_targets(root: Path, environ: Mapping[str, str]) -> Iterable[str] | None:
    """Return the targets of all images in the order of files; None where a file changed or nothing is remembered."""
    index = _index(root, environ)
    if index is None:
        return None
    found: list[str] = []
    for file in files_below(root, index.roots):
        known = index.files.get(file)
        if known is None or _digest(root, file) != known.digest:
            return None
        found += known.targets
    return found


def _index(root: Path, environ: Mapping[str, str], day: str = "") -> Index | None:
    """Read the index, if it was made in the world as it is."""
    index = read_index(root)
    if index is None:
        return None
    day = day or datetime.now(UTC).date().isoformat()
    return index if world.digest_of(root, index.prompts, environ, day) == index.world else None


def _is_same(root: Path, file: str, index: Index, looked: Signatures) -> bool:
    known = index.files.get(file)
    if known is None or _digest(root, file) != known.digest:
        return False
    return looked.together((*known.targets, *known.others)) == known.seen


def _digest(root: Path, file: str) -> str:
    try:
        return digest((root / file).read_bytes())
    except OSError:
        return ""
