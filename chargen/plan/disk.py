"""The disk as plans see it: imagery files, pictures, originals and journal, with answers to what is asked of them.

Laws: reads only; everything that is read beyond an imagery file is noted in `trace`. Plans are made from what it was
asked first: a file is looked at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TypeAlias

from msgspec.structs import replace

from chargen.config.project import Project
from chargen.errors import warning
from chargen.model.entries import Entry
from chargen.model.values import EntryId, FileHash
from chargen.plan import scan
from chargen.plan.cache.snapshot import Snapshot, file_digest
from chargen.plan.own_pictures import OwnPictures
from chargen.plan.read_trace import FILE, FOLDER, ReadTrace
from chargen.plan.scan import ScannedFile
from chargen.plan.store_answers import NotedJobs, NotedJournal, NotedOriginals
from chargen.store.batch_jobs import BatchJobs
from chargen.store.files import FileKind, kind_of
from chargen.store.hash_cache import FileHashes
from chargen.store.journal import Journal
from chargen.store.moves import BegunEntryMove
from chargen.store.original_store import OriginalStore
from chargen.store.pictures import DecodedPictures, ReferenceLook, begins_as_picture, damaged_reference, look_at
from chargen.store.signatures import RACY_NS, Signatures

ReferenceFile: TypeAlias = tuple[FileHash | None, ReferenceLook]
"""A reference file's hash (a Git LFS pointer's oid) and what it is, or what keeps it from being sent."""


class Disk:
    """What one plan reads of a project. `began_ns` is when it began to look, since the epoch."""

    def __init__(
        self,
        project: Project,
        hashes: FileHashes,
        originals: OriginalStore,
        journal: Journal,
        snapshot: Snapshot | None,
        *,
        jobs: BatchJobs,
        decoded: DecodedPictures,
    ) -> None:
        self.project = project
        self._hashes = hashes
        self._decoded = decoded
        self.began_ns = time.time_ns() if snapshot is None else snapshot.began_ns
        self.files = tuple(scan.imagery_files(project)) if snapshot is None else snapshot.files
        """Imagery files in path order, as often as they are below the roots."""
        self._digests = {} if snapshot is None else dict(snapshot.digests)
        self.signatures = Signatures(os.fspath(project.root)) if snapshot is None else snapshot.signatures
        self.read: dict[str, ScannedFile] = {}
        """The imagery files that were read for the plan."""
        self.incomplete = ""
        """A file that has an entry which has moved away: what is planned of it is not kept."""
        self._references: dict[tuple[str, bool], ReferenceFile] = {}
        self._model_files: dict[str, FileHash | None] = {}
        self.own_pictures = OwnPictures(project.root, project.settings.imagery, self.signatures)
        beside = self.own_pictures.signature
        self.trace = ReadTrace({FILE: self.signatures.of, FOLDER: beside})
        self.originals = NotedOriginals(originals, self.trace)
        self.journal = NotedJournal(journal, self.trace)
        self.jobs = NotedJobs(jobs, self.trace)

    # imagery files

    def digest(self, file: str) -> str:
        """Return the digest of an imagery file's bytes; nothing where it can't be read."""
        if file not in self._digests:
            self._digests[file] = file_digest(self.project.root, file)
        return self._digests[file]

    def scanned(self, file: str) -> ScannedFile:
        """Read an imagery file."""
        if file not in self.read:
            self.read[file] = scan.scan_file(self.project, file)
            self._digests[file] = self.read[file].digest
        return self.read[file]

    def take(self, file: str, before: Disk) -> None:
        """Have an imagery file as another plan read it."""
        self._digests[file] = before.digest(file)
        if file in before.read:
            self.read[file] = before.read[file]

    def leave_out(self, move: BegunEntryMove) -> None:
        """Let an entry that stands in two files, because its move was cut short, stand in the new one only."""
        new, old = (self.scanned(file) if file in self.files else None for file in (move.new_file, move.old_file))
        leaves = _entry_in(old, move.before)
        if leaves is None or _entry_in(new, move.after) is None:
            return
        assert old is not None
        assert old.imagery is not None
        entries = tuple(entry for entry in old.imagery.entries if entry.id != move.before)
        message = f"`{move.before}` is on its way to `{move.after}` and stands in both files; only that one counts"
        told = warning(message, leaves.position, "the next build takes it out here, or the same `chargen mv` once more")
        self.incomplete = move.old_file
        self.read[move.old_file] = replace(
            old, imagery=replace(old.imagery, entries=entries), problems=(*old.problems, told)
        )

    # pictures

    def reference(self, path: str, *, published: bool = False) -> ReferenceFile:
        """Look at a reference file; one that was `published` here was decoded then."""
        self.trace.note(FILE, path)
        if (path, published) not in self._references:
            full = self.project.path(path)
            state = kind_of(full)
            digest = state.oid if state.kind is FileKind.LFS_POINTER else None
            if state.kind is FileKind.FILE:
                with suppress(OSError):  # the problem says that it can't be read
                    digest = self._hashes.hash_of(full, state.key)
            look = look_at(self.project.root, path)
            if look.trouble is None and digest is not None and not published and self._decoded.is_damaged(full, digest):
                look = ReferenceLook(trouble=damaged_reference(path))
            self._references[path, published] = digest, look
        return self._references[path, published]

    def begins_as_picture(self, path: str) -> bool:
        """Say by its first bytes whether a file is a picture."""
        self.trace.note(FILE, path)
        return begins_as_picture(self.project.root, path)

    def model_file(self, path: str) -> FileHash | None:
        """Look at a file of the project that is a model; return its hash where it is there."""
        if path.startswith("/") or ".." in path.split("/"):
            return None
        self.trace.note(FILE, path)
        if path not in self._model_files:
            full = self.project.path(path)
            state = kind_of(full)
            digest = None
            if state.kind is FileKind.FILE:
                with suppress(OSError):  # whoever needs it says that it can't be read
                    digest = self._hashes.hash_of(full, state.key)
            self._model_files[path] = digest
        return self._model_files[path]

    # traces

    def left_alone(self, paths: Iterable[str], fingerprints: Iterable[str]) -> bool:
        """Say whether files and originals were left alone for a while before the plan began.

        What changed since then may have changed again within one tick of the clock. Where a path is absent, the same
        goes for the folder it is absent from.
        """
        return max(self.signatures.newest(paths), self.originals.newest(fingerprints)) < self.began_ns - RACY_NS


def _entry_in(file: ScannedFile | None, name: EntryId) -> Entry | None:
    return None if file is None or file.imagery is None else file.imagery.entry(name)
