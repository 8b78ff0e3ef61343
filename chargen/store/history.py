"""The history: every file that ever stood at a target and was replaced.

Laws: a file is kept before it is replaced, under the hash of its bytes; it is linked or copied, never moved, so that
the target is never absent; what is kept is never changed or removed. Must not know which version is which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from chargen.model.values import EntryId, FileHash
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.store.files import (
    StatKey,
    as_input_error,
    hash_bytes,
    hash_file,
    kind_of,
    make_folder,
    sync_file,
    sync_folder,
    write_durably,
)
from chargen.store.places import refuse_link

_NAME = re.compile(r"([0-9a-f]{64})\.png")


class KeptVersion(Struct, frozen=True):
    """A file kept in the history; `changed_ns` is its time of last change, in nanoseconds since the epoch."""

    sha256: FileHash
    size: int
    path: Path
    changed_ns: int


class History:
    """The replaced versions of all targets of one project, in `folder` (`.chargen/history`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def keeping(self, entry_id: EntryId, target: Path) -> Iterator[KeptVersion | None]:
        """Keep what stands at `target`; the block replaces it by a rename.

        Gives None where nothing stands there. If the block fails, the kept file shares no bytes with the target any
        more, so that painting over the target later can't change it. Raises InputError.
        """
        kept = self.keep(entry_id, target)
        try:
            yield kept
        except BaseException:
            if kept is not None:
                self.part(kept.path, target)
            raise

    def keep(self, entry_id: EntryId, target: Path) -> KeptVersion | None:
        """Keep what stands at `target` now, before it is replaced; None where no file stands there.

        Call it only right before the replacement: until then the kept file may be the same file. Raises InputError.
        """
        if not kind_of(target).kind.is_picture:
            return None
        with as_input_error(target, doing="keep"):
            digest, key = hash_file(target)
            place = self.place(entry_id, digest)
            refuse_link(place, self.folder)
            if place.exists() and hash_file(place)[0] == digest:
                self.part(place, target)
            else:
                make_folder(place.parent)
                if not _link(target, place, key):
                    data = read_plain(target, PICTURE_BYTES)
                    digest = hash_bytes(data)  # of what stands there now: it may have changed since
                    place = place.with_name(f"{digest}.png")
                    write_durably(place, data)
            status = place.stat()
        return KeptVersion(digest, status.st_size, place, status.st_mtime_ns)

    def place(self, entry_id: EntryId, file: FileHash) -> Path:
        """Return where a file is kept, if it is, as a version of one image."""
        return self.folder / entry_id / f"{file}.png"

    def everywhere(self) -> Mapping[FileHash, Path]:
        """Return every kept file by its hash, a Git LFS pointer also by the hash of the picture it stands for."""
        found: dict[FileHash, Path] = {}
        for path in sorted(self.folder.rglob("*.png")):
            if match := _NAME.fullmatch(path.name):
                found[FileHash(match[1])] = path
                if (oid := kind_of(path).oid) is not None:
                    found[oid] = path
        return found

    def ids(self) -> tuple[EntryId, ...]:
        """Return the images of which anything is kept."""
        folders = {path.parent for path in self.folder.rglob("*.png") if _NAME.fullmatch(path.name)}
        return tuple(EntryId(folder.relative_to(self.folder).as_posix()) for folder in sorted(folders))

    def part(self, place: Path, target: Path) -> None:
        """Give the file at `place`, a kept one, bytes of its own where it is the same file as `target`.

        For where the target is not replaced after all. Raises InputError.
        """
        with as_input_error(place):
            if place.exists() and target.exists() and place.samefile(target):
                write_durably(place, read_plain(place, PICTURE_BYTES))

    def list(self, entry_id: EntryId) -> tuple[KeptVersion, ...]:
        """Return the kept versions of one image, oldest first."""
        found = []
        try:
            paths = list((self.folder / entry_id).iterdir())
        except OSError:
            return ()
        for path in paths:
            if match := _NAME.fullmatch(path.name):
                status = path.stat()
                found.append(KeptVersion(FileHash(match[1]), status.st_size, path, status.st_mtime_ns))
        return tuple(sorted(found, key=lambda kept: (kept.changed_ns, kept.sha256)))

    def read(self, kept: KeptVersion) -> bytes | None:
        """Return the bytes of a kept version, or None where they are gone or not the ones that were kept."""
        try:
            data = read_plain(kept.path, PICTURE_BYTES)
        except OSError:
            return None
        return data if hash_bytes(data) == kept.sha256 else None


def _link(target: Path, place: Path, key: StatKey) -> bool:
    """Link `target` to `place` if nobody else shares its bytes and it is still the file that was hashed."""
    status = target.lstat()
    if status.st_nlink != 1 or place.exists() or StatKey.of(status) != key:
        return False
    try:
        sync_file(target)
        os.link(target, place)
    except OSError:  # a file system without hard links, or one that gives out no more of them
        return False
    linked = place.stat()
    if (linked.st_size, linked.st_mtime_ns) != (key.size, key.mtime_ns):
        place.unlink()
        return False
    sync_folder(place.parent)
    return True
