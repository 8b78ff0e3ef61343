"""The page as plain files, for somebody without the project: no server, no network, read only.

Law: the folder is one that the export made, or a new or empty one; nothing else in it is touched. Pictures that an
export of before showed, by its own `data.js`, and this one does not, are taken away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from chargen.errors import StartError
from chargen.model.values import EntryId
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.store.files import as_input_error, make_folder, write_whole
from chargen.web.answers import word_runs
from chargen.web.app import static_files
from chargen.web.desk import Desk

_PAGE = "index.html"
_MARK = "chargen-review.txt"
"""What tells a folder that was exported before: its files may be replaced."""


_DATA, _BEFORE_DATA = "static/data.js", "window.exported = "
_HASH = re.compile(r"[0-9a-f]{64}")


class Exported(Struct, frozen=True):
    """What was written: how many images there are, and how many picture files."""

    images: int
    pictures: int


def export(desk: Desk, folder: Path) -> Exported:
    """Write the page with all its pictures into a folder. Raises StartError, InputError."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise StartError(f"`{folder}` holds other files", hint="name a new folder, or an empty one")
    book = {**desk.book(), "undo": None}
    images = desk.images()
    words = dict(_words(images))
    data = json.dumps({"book": book, "images": images, "words": words})
    hashes = dict.fromkeys(digest for image in images.values() for digest in _pictures(image))
    _take_away(folder, _shown_before(folder / _DATA) - hashes.keys())
    files = static_files()
    _write(folder / _MARK, b"Written by `chargen review --export`, which may replace what is here.\n")
    _write(folder / _PAGE, files.pop(_PAGE))
    for name, content in files.items():
        _write(folder / "static" / name, content)
    _write(folder / _DATA, f"{_BEFORE_DATA}{data};\n".encode())
    for digest in hashes:
        for name, found in (("picture", desk.pictures.read(digest)), ("thumbnail", desk.pictures.thumbnail(digest))):
            if found is not None:
                _write(folder / name / digest, found[0])
    return Exported(len(images), len(hashes))


def _words(images: Mapping[EntryId, dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield what the prompts of versions say otherwise: of each and the next one, and of each and the present one."""
    for name, image in images.items():
        prompts = {version["number"]: version["prompt"] or "" for version in image["versions"]}
        current = [version["number"] for version in image["versions"] if version["where"] == "current"]
        for one, other in {*pairwise(prompts), *((number, each) for each in current for number in prompts)}:
            yield f"{name} {one} {other}", word_runs(prompts[one], prompts[other])


def _pictures(image: dict[str, Any]) -> Iterator[str]:
    for item in (image, *image["versions"], *image["references"]):
        if item["picture"] is not None:
            yield item["picture"]


def _shown_before(data: Path) -> set[str]:
    """Return the hashes of the pictures that an exported page shows; none where its data can't be read."""
    try:
        told = json.loads(
            read_plain(data, PICTURE_BYTES).decode().removeprefix(_BEFORE_DATA).rstrip().removesuffix(";")
        )
        shown = {digest for image in told["images"].values() for digest in _pictures(image)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return set()
    return {digest for digest in shown if isinstance(digest, str) and _HASH.fullmatch(digest)}


def _take_away(folder: Path, hashes: Iterable[str]) -> None:
    for digest in hashes:
        for path in (folder / "picture" / digest, folder / "thumbnail" / digest):
            with as_input_error(path):
                path.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    with as_input_error(path):
        make_folder(path.parent)
        write_whole(path, data)
