"""The pictures that the page may ask for, by the hash of their bytes, never by a path; and thumbnails of them.

Laws: only what the book shows is given out, and only while its bytes are those of the hash; nothing outside the project
is. Thumbnails are made when they are asked for, and kept by hash.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

from chargen.config.layout import THUMBNAILS
from chargen.config.project import Project
from chargen.errors import InputError
from chargen.images.sniff import sniff
from chargen.model.values import FileHash, is_digest
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.store.files import LFS_LIMIT, FileKind, hash_bytes, kind_of, make_folder, write_whole
from chargen.store.hash_cache import FileHashes
from chargen.store.places import contained, refuse_link

SIDE = 320
"""Pixels of the longer side of a thumbnail: a cell of the grid on a dense screen."""
QUALITY = 75


class Pictures:
    """What the page may show of one project: paths by hash, as far as they were offered."""

    def __init__(self, project: Project, hashes: FileHashes) -> None:
        self._project = project
        self._hashes = hashes
        self._paths: dict[FileHash, str] = {}

    def offer(self, path: str, digest: FileHash | None = None, size: int = 0) -> FileHash | None:
        """Let the page ask for a file of the project; return its hash, None where no picture stands there.

        `digest` is what is known of it already, of a file of `size` bytes; else the file is read, once for as long as
        it stays as it is.
        """
        too_large_for_a_pointer = digest is not None and LFS_LIMIT < size <= PICTURE_BYTES
        if not too_large_for_a_pointer and kind_of(self._project.path(path)).kind is not FileKind.FILE:
            return None
        found = digest or self._hash_of(path)
        if found is not None:
            self._paths[found] = path
        return found

    def read(self, digest: str) -> tuple[bytes, str] | None:
        """Return a picture's bytes and media type; None for what was not offered, or has other bytes by now."""
        path = self._paths.get(FileHash(digest))
        if path is None:
            return None
        try:
            data = read_plain(contained(self._project.root, path), PICTURE_BYTES)
        except (InputError, OSError):
            return None
        # Of what was read, not of the file: a build may replace it in this instant, and a browser keeps what it got.
        return (data, sniff(data) or "application/octet-stream") if hash_bytes(data) == digest else None

    def _hash_of(self, path: str) -> FileHash | None:
        """Return the hash of what stands at a path; None where it is gone by now."""
        try:
            return self._hashes.hash_of(self._project.path(path))
        except OSError:
            return None

    def thumbnail(self, digest: str) -> tuple[bytes, str] | None:
        """Return a picture's thumbnail and its media type; None where there is no picture that can be decoded."""
        if not is_digest(digest):
            return None
        kept = self._project.path(THUMBNAILS) / f"{digest}.webp"
        refuse_link(kept, self._project.root)  # what it leads to would be given out, and exported
        try:
            return read_plain(kept), "image/webp"
        except OSError:
            found = self.read(digest)
        made = None if found is None else _thumbnail(found[0])
        if made is None:
            return None
        with suppress(OSError):  # a full disk: it is made again the next time
            make_folder(kept.parent)
            write_whole(kept, made)
        return made, "image/webp"


def _thumbnail(data: bytes) -> bytes | None:
    from chargen.images.decoding import PictureError, decode  # noqa: PLC0415 - slow to import, and a page of kept thumbnails needs none of it

    out = BytesIO()
    try:
        # Bounded, and of the formats that providers use: the library's own opening starts other programs for some.
        _, upright = decode(data)
        upright.thumbnail((SIDE, SIDE))
        upright.convert("RGB").save(out, "WEBP", quality=QUALITY)
    except (PictureError, OSError, ValueError):
        return None
    return out.getvalue()
