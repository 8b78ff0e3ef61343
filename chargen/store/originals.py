"""Originals in folders of the project: the bytes that were paid for, each in a folder that explains itself.

Laws: a folder `<fingerprint>/<attempt>/` holds the delivered bytes and `record.json`; it is made aside, synced, and
renamed into place, so it is there whole or not at all; nothing here is ever changed or removed. A folder that was
whole when the process died but not yet renamed is put into place by `recover`. Must not know what the bytes show.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import asdict, replace

from chargen.errors import InputError, Position, Problem, error
from chargen.images.sniff import GIF, JPEG, PNG, SUFFIXES, UNKNOWN, WEBP, sniff
from chargen.model.record import Original, PublishedFile, Record, RecordError, from_json, to_json
from chargen.model.values import Fingerprint, is_attempt_id, is_digest
from chargen.plain_file import PICTURE_BYTES, read_json, read_plain
from chargen.store.files import (
    as_input_error,
    hash_bytes,
    make_file,
    make_folder,
    sync_file,
    sync_folder,
    write_durably,
    write_whole,
)
from chargen.store.original_store import DamagedOriginal, StoredOriginal
from chargen.store.pictures import described
from chargen.store.places import refuse_link
from chargen.store.signatures import Signatures, is_absent
from chargen.store.temporaries import abandoned, temporary_name
from chargen.text.prose import one_line

RECORD_FILE = "record.json"
PUBLISHED_FILE = "published.json"
REPLACED_FILE = "replaced.json"
UNUSABLE_FILE = "unusable.json"
_MADE_OF = frozenset({PNG, JPEG, WEBP, GIF, UNKNOWN})
"""Types of which pictures are made, and the one that says nothing."""
_SHOWN = 8
"""Digits of a fingerprint that people are shown; with the `*` after them a shell finds the folder."""
_OTHER = re.compile(r"other-([0-9]+)\.[a-z]{3,4}")
_REPLY = re.compile(r"reply\.[a-z]{3,4}")


def _ignore(_problem: Problem) -> None:
    pass


class Originals:
    """The originals of one project, in `folder` (`.chargen/originals`).

    `report` is called once for every damaged folder met on the way; damage never stops a reader.
    """

    def __init__(self, folder: Path, *, report: Callable[[Problem], None] = _ignore) -> None:
        self.folder = folder
        self._report = report
        self._reported: set[Path] = set()

    def put(self, record: Record, data: bytes, others: Sequence[bytes] = ()) -> StoredOriginal:
        """Keep delivered bytes with their record; on return both survive a power loss.

        `others` are further pictures of the same reply, kept beside it as `other-2.png` and so on. Fills in
        `record.original`. Raises InputError where the disk does not take them.
        """
        if not is_digest(record.fingerprint) or not is_attempt_id(record.attempt):
            raise ValueError("not a fingerprint or attempt id")
        original = described(data)
        record = replace(record, original=original)
        temporary = self.folder / temporary_name()
        with as_input_error(self.folder):
            make_folder(self.folder)
            try:
                temporary.mkdir()
                make_file(temporary / original.file, data)
                for number, other in enumerate(others, start=2):
                    suffix = SUFFIXES.get(sniff(other), ".bin")
                    make_file(temporary / f"other-{number}{suffix}", other)
                make_file(temporary / RECORD_FILE, to_json(record).encode())
                sync_folder(temporary)
                self._put_in_place(temporary, record)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
        return StoredOriginal(record, original)

    def recover(self) -> tuple[StoredOriginal, ...]:
        """Finish what a process that died had begun: whole folders are put into place, the rest is removed.

        Call it while holding the project: only a build puts anything here. Returns those put into place. Raises
        InputError where the disk does not allow it.
        """
        recovered = []
        for temporary in abandoned(self.folder):
            stored = self._load(temporary)
            with as_input_error(temporary):
                if stored is None or not _is_whole(temporary, stored):
                    shutil.rmtree(temporary, ignore_errors=True)
                    continue
                for file in (stored.original.file, RECORD_FILE):
                    sync_file(temporary / file)
                sync_folder(temporary)
                self._put_in_place(temporary, stored.record)
            recovered.append(stored)
        return tuple(recovered)

    def for_fingerprint(self, fingerprint: Fingerprint) -> tuple[StoredOriginal, ...]:
        """Return the originals made from these inputs, oldest first."""
        if not is_digest(fingerprint):
            return ()
        return tuple(self._in_folder(self.folder / fingerprint))

    def damaged(self, fingerprint: Fingerprint) -> tuple[DamagedOriginal, ...]:
        """Return the replies to these inputs that are here without a record that can be read, oldest first."""
        if not is_digest(fingerprint):
            return ()
        parent = self.folder / fingerprint
        return tuple(
            DamagedOriginal(fingerprint, folder.name, reply.name, _published(folder / PUBLISHED_FILE))
            for folder in (parent / name for name in sorted(filter(is_attempt_id, _names(parent))))
            if self._own(folder) is None and (reply := _reply_in(folder)) is not None
        )

    def all_damaged(self) -> Iterator[DamagedOriginal]:
        """Yield every reply that is here without a record that can be read."""
        for name in _names(self.folder):
            yield from self.damaged(Fingerprint(name))

    def all_records(self) -> Iterator[StoredOriginal]:
        """Yield every original, fingerprint by fingerprint."""
        for name in _names(self.folder):
            if is_digest(name):
                yield from self._in_folder(self.folder / name)

    def find(self, attempt: str, fingerprint: Fingerprint) -> StoredOriginal | None:
        """Return the original of one attempt, or None."""
        folder = self._folder_of(fingerprint, attempt)
        return self._checked(folder) if folder is not None and folder.is_dir() else None

    def of_attempt(self, attempt: str) -> StoredOriginal | None:
        """Return the original of one attempt whose inputs are not known, or None; looks into every folder."""
        found = (self.find(attempt, Fingerprint(name)) for name in _names(self.folder))
        return next((stored for stored in found if stored is not None), None)

    def read(self, item: StoredOriginal | DamagedOriginal) -> bytes:
        """Return the delivered bytes. Raises InputError where they are gone or not the ones that were delivered."""
        try:
            data = read_plain(self._path(item), PICTURE_BYTES)
        except OSError as failure:
            place = Position(self.shown(item))
            raise InputError(error(f"can't read this original: {failure.strerror}", place)) from failure
        if isinstance(item, StoredOriginal) and hash_bytes(data) != item.original.sha256:
            place = Position(self.shown(item))
            raise InputError(error("this original is damaged: its bytes are not those delivered", place, _RESTORE))
        return data

    def further(self, stored: StoredOriginal) -> tuple[bytes, ...]:
        """Return the further pictures of a reply, in the order of their numbers. Raises InputError."""
        folder = self._path(stored).parent
        numbered = sorted((int(found[1]), name) for name in _names(folder) if (found := _OTHER.fullmatch(name)))
        with as_input_error(folder):
            return tuple(read_plain(folder / name, PICTURE_BYTES) for _, name in numbered)

    def shown(self, item: StoredOriginal | DamagedOriginal) -> str:
        """Return the project-relative path of the delivered bytes, shortened to a pattern that shells understand."""
        fingerprint, attempt, file = self._path(item).parts[-3:]
        folder = "/".join(self.folder.parts[-2:])
        return f"{folder}/{fingerprint[:_SHOWN]}*/{attempt}/{file}"

    def note_published(self, stored: StoredOriginal, file: PublishedFile) -> StoredOriginal:
        """Remember beside the original that this file was made from it, so that the file is known without the YAML.

        The last one noted stands last, also where it was known. The first file is not synced: it tells its record
        itself. Raises InputError.
        """
        known = _published(self._path(stored).parent / PUBLISHED_FILE)
        files = (*(item for item in known if item.sha256 != file.sha256), file)
        text = json.dumps([asdict(item) for item in files], indent=1)
        write = write_durably if known else write_whole
        write(self._path(stored).parent / PUBLISHED_FILE, f"{text}\n".encode())
        return replace(stored, published=files)

    def note_unusable(self, stored: StoredOriginal, why: str) -> StoredOriginal:
        """Remember beside an original that no picture can be made of it. Raises InputError."""
        text = json.dumps({"why": why}, ensure_ascii=False).encode("utf-8", "backslashreplace")
        write_durably(self._path(stored).parent / UNUSABLE_FILE, text + b"\n")
        return replace(stored, unusable=why)

    def note_replaced(self, attempt: str, fingerprint: Fingerprint, by: StoredOriginal) -> None:
        """Remember beside an original whose image replaced its own, so that both stay versions of one entry.

        It only repeats what the newer record says (`after`), so it is not synced. Raises InputError.
        """
        if (folder := self._folder_of(fingerprint, attempt)) is None:
            return
        known = _names_in(folder / REPLACED_FILE)
        if by.record.original_name not in known and folder.is_dir() and not folder.is_symlink():
            write_whole(folder / REPLACED_FILE, f"{json.dumps([*known, by.record.original_name])}\n".encode())

    def replaced_by(self, name: str) -> tuple[str, ...]:
        """Return the originals whose images replaced that of one; all are named `FINGERPRINT/ATTEMPT`."""
        fingerprint, _, attempt = name.partition("/")
        folder = self._folder_of(fingerprint, attempt)
        return () if folder is None else _names_in(folder / REPLACED_FILE)

    def state(self, fingerprint: Fingerprint) -> tuple[str, int]:
        """Return what folders and files with the originals of these inputs are like, and when they changed last."""
        looked = Signatures(os.fspath(self.folder.parent))
        paths = [f"{self.folder.name}/{fingerprint}"]
        if not is_absent(looked.of(paths[0])):
            for name in _names(self.folder / fingerprint):
                attempt = f"{paths[0]}/{name}"
                paths += (attempt, *(f"{attempt}/{file}" for file in _names(self.folder / fingerprint / name)))
        return "\n".join(f"{path} {looked.of(path)}" for path in paths), looked.newest(paths)

    def _folder_of(self, fingerprint: str, attempt: str) -> Path | None:
        """Return where an original is, if it is; None for what names none."""
        return self.folder / fingerprint / attempt if is_digest(fingerprint) and is_attempt_id(attempt) else None

    def _path(self, item: StoredOriginal | DamagedOriginal) -> Path:
        if isinstance(item, DamagedOriginal):
            return self.folder / item.fingerprint / item.attempt / item.file
        return self.folder / item.record.fingerprint / item.record.attempt / item.original.file

    def _put_in_place(self, temporary: Path, record: Record) -> None:
        parent = self.folder / record.fingerprint
        refuse_link(parent, self.folder)
        make_folder(parent)
        temporary.rename(parent / record.attempt)
        sync_folder(parent)

    def _in_folder(self, folder: Path) -> Iterator[StoredOriginal]:
        for name in sorted(filter(is_attempt_id, _names(folder))):
            if (stored := self._checked(folder / name)) is not None:
                yield stored

    def _checked(self, folder: Path) -> StoredOriginal | None:
        stored = self._own(folder)
        if stored is None and folder not in self._reported:
            self._reported.add(folder)
            message = "this original's record is missing, damaged, or that of another folder"
            self._report(error(message, Position(str(folder)), _RESTORE))
        return stored

    def _own(self, folder: Path) -> StoredOriginal | None:
        """Read a folder whose record is its own; None for any other, and behind a link."""
        stored = None if folder.is_symlink() or folder.parent.is_symlink() else self._load(folder)
        if stored is None or (stored.record.fingerprint, stored.record.attempt) != (folder.parent.name, folder.name):
            return None
        return stored

    def _load(self, folder: Path) -> StoredOriginal | None:
        try:
            record = from_json(read_plain(folder / RECORD_FILE))
        except (OSError, RecordError):
            return None
        original = record.original
        if original is None or not _REPLY.fullmatch(original.file):
            return None
        published = _published(folder / PUBLISHED_FILE)
        return StoredOriginal(record, original, published, "" if published else _why_unusable(folder, original))


def _is_whole(temporary: Path, stored: StoredOriginal) -> bool:
    names = is_digest(stored.record.fingerprint) and is_attempt_id(stored.record.attempt)
    try:
        data = read_plain(temporary / stored.original.file, PICTURE_BYTES)
        return bool(names) and hash_bytes(data) == stored.original.sha256
    except OSError:
        return False


_RESTORE = "restore this folder from a backup, or move it away: the image is then made again when it is needed"


def _reply_in(folder: Path) -> Path | None:
    """Return the delivered bytes in a folder, if there are any; nothing behind a link."""
    if folder.is_symlink() or folder.parent.is_symlink():
        return None
    files = (folder / name for name in _names(folder) if _REPLY.fullmatch(name))
    return next((path for path in files if not path.is_symlink() and path.is_file() and path.stat().st_size), None)


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - asked several times for every image, and only for names
    except OSError:
        return ()


# What these files tell the newer record, the published file, the YAML or the journal can tell as well.


def _published(path: Path) -> tuple[PublishedFile, ...]:
    return read_json(path, tuple[PublishedFile, ...], ())


def _names_in(path: Path) -> tuple[str, ...]:
    return read_json(path, tuple[str, ...], ())


def _why_unusable(folder: Path, original: Original) -> str:
    """Say why no picture can be made of an original: as noted, else as the type of its bytes says."""
    why = one_line(read_json(folder / UNUSABLE_FILE, dict[str, str], {}).get("why", ""))
    if not why and original.media_type not in _MADE_OF:
        why = f"these bytes are {original.media_type}, which can't be used"
    return why
