"""Pictures as the rest of the program meets them: reference files that may be sent, and delivered bytes to publish.

Laws: a file is a picture by its first bytes, never by its name; the decoder is loaded only for the first picture that
has to be decoded, so that planning stays fast; each is decoded once, whoever asks, and the outcome is kept by its hash.
Must not know what a reference shows.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from chargen.errors import ChargenError
from chargen.images.png import PngError, chunks, embedded_record, has_alpha
from chargen.images.sniff import (
    GIF,
    JPEG,
    PNG,
    SUFFIXES,
    UNKNOWN,
    WEBP,
    carries_credentials,
    cut_short,
    header,
    is_plain,
    sniff,
)
from chargen.model.record import Original, Record, RecordError, from_dict
from chargen.model.values import FileHash, is_digest
from chargen.plain_file import PICTURE_BYTES, open_plain, read_json, read_plain
from chargen.store.files import FileKind, hash_bytes, kind_of, make_folder, write_whole
from chargen.store.places import OutsideError, contained

if TYPE_CHECKING:
    from chargen.images.decoding import Picture

MAX_REFERENCE_BYTES = 50 << 20
"""Bytes of one reference; providers take less (see their limits), so a larger file is never a portrait."""

_FOREIGN = {b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"8BPS": "PSD", b"gimp xcf ": "XCF"}
"""How BMP, TIFF, PSD and XCF begin: nothing here reads them, but an author's save in one of them is no damage."""
_SENT = (PNG, JPEG, WEBP, GIF)
_BEGINNING = 1024
"""Bytes by which a picture is told from other files."""
_FORMAT = 1
"""A new number where what can be decoded changes: of the outcomes that are kept."""

_NOT_A_FILE = {
    FileKind.ABSENT: "is not there",
    FileKind.DIRECTORY: "is a folder",
    FileKind.LFS_POINTER: "is a Git LFS pointer, not the picture itself: run `git lfs pull`",
    FileKind.OTHER: "can't be read",
}


class Unsendable(Struct, frozen=True):
    """A file that can't be sent as a reference; `why` goes on from its name."""

    path: str
    why: str
    is_pointer: bool = False
    """A Git LFS pointer stands there."""
    is_damaged: bool = False
    """A picture stands there, but not all of it."""

    def __str__(self) -> str:
        return f"`{self.path}` {self.why}"


class ReferenceLook(Struct, frozen=True):
    """What a reference file is, as far as is known without decoding it: sniffed type and bytes; or the trouble."""

    media_type: str = ""
    size: int = 0
    trouble: Unsendable | None = None
    pixels: tuple[int, int] = (0, 0)
    """Width and height as stored, 0 where the header does not say."""
    has_alpha: bool = False
    """A PNG that can be transparent in places."""


def look_at(root: Path, path: str) -> ReferenceLook:
    """Look at a reference file. `path` is project-relative."""
    read = _read(root, path)
    if isinstance(read, Unsendable):
        return ReferenceLook(trouble=read)
    data, _ = read
    found = header(data)
    return ReferenceLook(found.media_type, len(data), None, (found.width, found.height), has_alpha(data))


def unsendable(root: Path, path: str) -> Unsendable | None:
    """Say why a file can't be sent as a reference; None where it can."""
    return look_at(root, path).trouble


def begins_as_picture(root: Path, path: str) -> bool:
    """Say by its first bytes whether a file is a picture that may be sent; of a Git LFS pointer that it may be one."""
    try:
        full = contained(root, path)
        if kind_of(full).kind is FileKind.LFS_POINTER:
            return True
        with open_plain(full, MAX_REFERENCE_BYTES) as file:
            return sniff(file.read(_BEGINNING)) in _SENT
    except (OutsideError, OSError):
        return False


def damaged_reference(path: str) -> Unsendable:
    """Return what is said of a reference that is a picture, but not all of it."""
    return Unsendable(path, "is cut short or damaged", is_damaged=True)


def read_reference(root: Path, path: str) -> tuple[bytes, str] | None:
    """Return a reference's bytes and sniffed media type; None where `unsendable` has something to say."""
    read = _read(root, path)
    return None if isinstance(read, Unsendable) else read


def as_sent(data: bytes, media_type: str, *, whole: bool = False) -> tuple[bytes, str]:
    """Return a reference as vendors read it: upright without EXIF, eight bits; mostly the file's own bytes.

    `whole` says that it was decoded before. Raises `chargen.images.decoding.DamagedPictureError` for one that can't be
    shown to its last pixel.
    """
    return (data, media_type) if whole and is_plain(data) else _as_sent(data, media_type)


@lru_cache(maxsize=8)  # a book's portraits go along again and again
def _as_sent(data: bytes, media_type: str) -> tuple[bytes, str]:
    from chargen.images import convert  # noqa: PLC0415 - as below

    return convert.as_sent(data, media_type)


def _read(root: Path, path: str) -> tuple[bytes, str] | Unsendable:
    """Return a reference's bytes and media type, or why it is none."""
    try:
        full = contained(root, path)
    except OutsideError as failure:
        return Unsendable(path, failure.why)
    state = kind_of(full)
    why = _NOT_A_FILE.get(state.kind, "")
    if not why and state.size > MAX_REFERENCE_BYTES:
        why = f"has {state.size} bytes, more than the {MAX_REFERENCE_BYTES} that are read"
    if why:
        return Unsendable(path, why, is_pointer=state.kind is FileKind.LFS_POINTER)
    try:
        data = read_plain(full, MAX_REFERENCE_BYTES)
    except OSError as failure:
        return Unsendable(path, f"can't be read: {(failure.strerror or 'error').lower()}")
    media_type = sniff(data)
    if cut_short(data) or (media_type == PNG and damage(data)):
        return damaged_reference(path)
    if media_type in _SENT:
        return data, media_type
    foreign = next((name for start, name in _FOREIGN.items() if data.startswith(start)), "")
    name = foreign if media_type == UNKNOWN else SUFFIXES[media_type][1:].upper()
    return Unsendable(path, f"is {name}, which is not sent: save it as PNG or JPEG" if name else "is no picture")


def inspect(data: bytes) -> Picture:
    """Decode a picture to the last pixel and say what it is. Raises `chargen.images.decoding.PictureError`."""
    from chargen.images import decoding  # noqa: PLC0415 - as above

    return decoding.inspect(data)


def own_record(data: bytes) -> tuple[Record, bool] | None:
    """Return the record in a picture's own text, and whether the bytes are still those it is of; None without one."""
    embedded = embedded_record(data)
    if embedded is None:
        return None
    try:
        return from_dict(embedded.record), embedded.verified
    except RecordError:
        return None


def described(data: bytes) -> Original:
    """Describe delivered bytes as they are kept."""
    seen = header(data)
    name = "reply" + SUFFIXES.get(seen.media_type, ".bin")
    is_signed = carries_credentials(data)
    return Original(hash_bytes(data), len(data), seen.media_type, seen.width, seen.height, name, is_signed)


def unusable(data: bytes) -> str:
    """Say why no picture can be made of delivered bytes (a drawing, cut short, animated), or nothing (`""`)."""
    from chargen.images.decoding import NotDecodedError, PictureError  # noqa: PLC0415 - as above

    try:
        inspect(data)
    except NotDecodedError:
        return ""
    except PictureError as failure:
        return failure.problems[0].message
    return ""


def is_whole(data: bytes) -> bool | None:
    """Say whether a picture can be shown to its last pixel; None where this machine can't tell."""
    try:
        from chargen.images.decoding import DamagedPictureError, NotDecodedError, PictureError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        inspect(data)
    except NotDecodedError:
        return None
    except DamagedPictureError:
        return False
    except PictureError:  # too large, or animated: the check of the request knows who takes it
        return True
    return True


def damage(data: bytes, *, decoding: bool = False) -> str:
    """Say why bytes are no picture any more, or nothing (`""`) where they are one, of whatever format and size.

    A PNG counts as whole by its structure and checksums, unless `decoding` is asked for; any other is decoded.
    """
    if data.startswith(tuple(_FOREIGN)):
        return ""
    if sniff(data) == PNG and not decoding:
        try:
            chunks(data)
        except PngError as failure:
            return f"this PNG is damaged: {failure}"
        return ""
    from chargen.images.decoding import DamagedPictureError, PictureError  # noqa: PLC0415 - as above

    try:
        inspect(data)
    except DamagedPictureError as failure:
        return failure.problems[0].message
    except PictureError:
        return ""
    return ""


class _Told(Struct, frozen=True):
    format: int = 0
    whole: dict[str, bool] = {}


class DecodedPictures:
    """Which pictures of a project can be shown to their last pixel, by the hash of the file, kept in one JSON file.

    What this machine can't decode, for want of a codec or of memory, counts as whole and is not kept. The file holds
    hashes with yes or no, so that nothing in it is ever shown; it may be deleted or broken at any time and is made
    again. `read_only` writes nothing. Safe to use from threads.
    """

    def __init__(self, root: Path, file: Path, *, read_only: bool = False) -> None:
        self._root = root
        self._file = file
        self._read_only = read_only
        self._lock = threading.Lock()
        self._known: dict[str, bool] | None = None
        self._is_changed = False

    def knows(self, digest: FileHash) -> bool:
        """Say whether a picture was decoded before, and was whole."""
        with self._lock:
            return self._outcomes().get(digest, False)

    def is_damaged(self, path: Path, digest: FileHash) -> bool:
        """Say whether the file at `path`, of that hash, is a picture with damaged pixels."""
        with self._lock:
            found = self._outcomes().get(digest)
        if found is None:
            try:
                data = read_plain(path, PICTURE_BYTES)
            except OSError:
                return False  # whoever looks at the file says so
            found = is_whole(data) if hash_bytes(data) == digest else None
            if found is not None:
                with self._lock:
                    self._outcomes()[digest] = found
                    self._is_changed = True
        return found is False

    def save(self) -> None:
        """Write what is new. A file that can't be written is no error."""
        with self._lock:
            if not self._is_changed or self._read_only:
                return
            self._is_changed = False
            told = json.dumps({"format": _FORMAT, "whole": self._outcomes()}, sort_keys=True)
        with suppress(OSError, ChargenError):
            make_folder(self._file.parent)
            write_whole(self._file, told.encode(), root=self._root)

    def _outcomes(self) -> dict[str, bool]:
        if self._known is None:
            told = read_json(self._file, _Told, _Told())
            kept = told.whole.items() if told.format == _FORMAT else ()
            self._known = {name: whole for name, whole in kept if is_digest(name)}
        return self._known
