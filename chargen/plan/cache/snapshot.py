"""A snapshot of the project, taken before anything is imported for a plan: which files are as the stamp says.

Where nothing changed, and nothing needs anything, that is all an up-to-date run needs; what changed is planned. Light
to import.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chargen.config.layout import IGNORED, JOBS
from chargen.errors import InputError
from chargen.model.reason import is_draft
from chargen.plan.cache.environment import environment_digest
from chargen.plan.cache.stamp import BUSY, Stamp, Summary, files_below, read_stamp
from chargen.store.places import read_inside
from chargen.store.signatures import Signatures


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was found: `files` are the imagery files, `digests` of their bytes, `same` those that are as stamped.

    Whether originals and journal say the same of them is another question. `unread` are folders below the roots that
    can't be looked into. `began_ns` is when it was begun, since the epoch; `signatures` are those seen on the way.
    """

    root: Path
    stamp: Stamp
    files: tuple[str, ...]
    digests: Mapping[str, str]
    same: frozenset[str]
    unread: tuple[str, ...]
    began_ns: int
    signatures: Signatures

    @property
    def unchanged(self) -> bool:
        """Say whether there are the files that are stamped, and all as they were."""
        if self.unread or not len(self.same) == len(self.files) == len(self.stamp.files):
            return False
        return self._outside_is_same()

    @property
    def broken_off(self) -> bool:
        """Say whether a run is under way, or was when its process died."""
        return (self.root / BUSY).exists()

    def summary(self, names: Sequence[str] = ()) -> Summary | None:
        """Say how images stand if nothing at all has to be done; `names` are targets or ids, none for all images.

        None also where a run is under way or broke off, where images are ignored, and for a name that is neither.
        """
        files = self.stamp.files
        if not all(known.nothing_due for known in files.values()) or self.broken_off:
            return None
        if (self.root / IGNORED).exists() or _has_jobs(self.root):
            return None
        by_target = {
            target: name
            for file, known in files.items()
            for target, name in zip(known.targets, self.stamp.ids(file), strict=True)
        }
        ids = dict.fromkeys(by_target.values())
        if names:
            ids_meant = dict.fromkeys(by_target.get(name, name) for name in names)
            if not ids.keys() >= ids_meant.keys():
                return None
            ids = ids_meant
            if any(name in ids and is_draft(reasons) for name, _, reasons in self.stamp.not_fresh):
                return None  # a draft that is named becomes a final image
        if not self.unchanged:
            return None
        return Summary.of(ids, self.stamp.not_fresh)

    def _outside_is_same(self) -> bool:
        """Ask originals and journal, where a verdict hangs on them."""
        hanging = [known for known in self.stamp.files.values() if known.outside]
        if not hanging:
            return True
        from chargen.plan.store_answers import trace_of  # noqa: PLC0415 - most projects need it not

        with trace_of(self.root) as trace:
            return all(trace.answers_digest(known.outside) == known.answers_digest for known in hanging)


def take_snapshot(root: Path, environ: Mapping[str, str]) -> Snapshot | None:
    """Look at every file of a project; None where nothing is stamped by the program and settings as they are."""
    began = time.time_ns()
    stamp = _stamp(root, environ)
    if stamp is None:
        return None
    unread: list[str] = []
    files = tuple(files_below(root, stamp.roots, unread))
    digests = {file: file_digest(root, file) for file in files}
    signatures = Signatures(os.fspath(root))
    same = frozenset(file for file, found in digests.items() if _is_same(file, found, stamp, signatures))
    return Snapshot(root, stamp, files, digests, same, tuple(unread), began, signatures)


def stamped_targets(root: Path, environ: Mapping[str, str]) -> Iterable[str] | None:
    """Return the targets of all images in the order of files; None where a file changed or nothing is stamped."""
    stamp = _stamp(root, environ)
    if stamp is None:
        return None
    found: list[str] = []
    for file in files_below(root, stamp.roots):
        known = stamp.files.get(file)
        if known is None or file_digest(root, file) != known.digest:
            return None
        found += known.targets
    return found


def file_digest(root: Path, file: str) -> str:
    """Return the SHA-256 of a file's bytes; nothing where it can't be read, or a link leads out of the project."""
    try:
        return hashlib.sha256(read_inside(root, file)).hexdigest()
    except InputError:
        return ""


def _stamp(root: Path, environ: Mapping[str, str]) -> Stamp | None:
    """Read the stamp, if it was made in the environment as it is, by models and prices of today in UTC."""
    stamp = read_stamp(root)
    if stamp is None:
        return None
    day = datetime.now(UTC).date().isoformat()
    return stamp if environment_digest(root, stamp.prompts, environ, day) == stamp.environment else None


def _has_jobs(root: Path) -> bool:
    """Say whether servers or vendors may be at work for the project: every run asks them first."""
    try:
        names = os.listdir(root / JOBS)  # noqa: PTH208 - an up-to-date run asks, and only for names
        return any(name != "room.json" for name in names)
    except OSError:
        return False


def _is_same(file: str, found: str, stamp: Stamp, signatures: Signatures) -> bool:
    known = stamp.files.get(file)
    if known is None or found != known.digest:
        return False
    return signatures.digest_of((*known.targets, *known.others)) == known.files_digest
