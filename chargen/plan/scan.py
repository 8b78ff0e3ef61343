"""Reading the author's files: every imagery file below the roots, recognised by content, with all problems kept.

One bad file stays one bad file: what else can be read is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct, msgpack

from chargen import kinds
from chargen.config.project import Project
from chargen.config.settings import Settings
from chargen.errors import InputError, Position, Problem, Topic, error, printable, warning
from chargen.kinds.reading import declared_slug, is_archived, with_slug
from chargen.kinds.structured import without_prompt
from chargen.kinds.view import View
from chargen.model.entries import Entry, Imagery
from chargen.model.traced import Traced
from chargen.plan.cache.stamp import files_below, is_yaml
from chargen.plan.own_pictures import is_run_log, unread_log
from chargen.store.files import hash_bytes
from chargen.store.places import read_inside
from chargen.yaml.document import Document, parse

_ANCHOR = re.compile(r"&(?<![^\s,:\[{?-].)\S")
"""What may be an anchor."""

_LINE_ENDS = "\n\r\x85\u2028\u2029"
"""What ends a line in YAML: editors of old systems know the second only."""


class ScannedFile(Struct, frozen=True):
    """One file as it was read: an imagery, or nothing of ours, or broken; `digest` is the SHA-256 of its bytes."""

    file: str
    digest: str
    imagery: Imagery | None = None
    broken: Position | None = None
    problems: tuple[Problem, ...] = ()
    borrows_slug: bool = False
    """It has the slug of another file in its folder, or its folder's name, because it gives itself none."""
    has_anchors: bool = False
    """Something in it may stand for what is written elsewhere in it."""
    is_archived: bool = False
    """A character's file that says of itself, and so of all its entries, that it is archived."""


def scan_file(project: Project, file: str) -> ScannedFile:
    """Read one file below the roots."""
    try:
        data = read_inside(project.root, file)
    except InputError as failure:
        return ScannedFile(file, "", None, Position(file), failure.problems)
    found = hash_bytes(data)
    try:
        document = parse(data, file)
    except InputError as failure:
        if is_run_log(file):
            return ScannedFile(file, found, problems=unread_log(failure))
        if _may_be_a_plan(file, data):
            return ScannedFile(file, found, None, failure.problems[0].position or Position(file), failure.problems)
        unread = warning("this file can't be read and does not look like an imagery file: ignored", Position(file))
        return ScannedFile(file, found, problems=(unread,))
    imagery = scan_document(project, document)
    if imagery is None:
        odd = kinds.overlooked(document)
        told = tuple(_empty(document)) if odd is None else (odd,)
        return ScannedFile(file, found, broken=None if odd is None else odd.position, problems=told)
    return ScannedFile(
        file,
        found,
        imagery,
        problems=imagery.problems,
        borrows_slug=_lender(document) != "",
        has_anchors=_ANCHOR.search(document.text) is not None,
        is_archived=imagery.kind == "character" and is_archived(document),
    )


def _empty(document: Document) -> Iterator[Problem]:
    """Yield the warning of a file without a byte, and of one that is called an imagery file and holds nothing."""
    if document.root is None and (_is_named_as_plan(document.file) or not document.text.strip()):
        hint = "bring it back from version control, or delete it"
        found = warning("this file is empty: nothing in it is planned", Position(document.file, 1, 1), hint)
        yield found.of(Topic.EMPTY_FILE)


def scan_without_prompt(project: Project, entry: Entry) -> Entry | None:
    """Read an entry as if it had no prompt; None where its fields make none. Raises InputError."""
    document = parse(read_inside(project.root, entry.file), entry.file)
    imagery = scan_document(project, without_prompt(document, entry.path))
    found = None if imagery is None else imagery.entry(entry.id)
    return found if found is not None and found.parts else None


def broken_slugs(broken: Mapping[str, Position]) -> Mapping[str, Position]:
    """Return the slugs that broken files may stand for: each one's folder's name and its own."""
    found: dict[str, Position] = {}
    for file, position in broken.items():
        folder, _, name = file.rpartition("/")
        for slug in (folder.rpartition("/")[2], name.partition(".")[0]):
            found.setdefault(slug, position)
    return found


def scan_document(project: Project, document: Document) -> Imagery | None:
    """Read a parsed file; None where it is no imagery file. One without a slug may have that of another beside it."""
    if (lender := _lender(document)) and (slug := _slug_beside(project, document.file, lender)):
        document = with_slug(document, slug)
    return kinds.scan(document, project.settings.default_size, project.settings.generated)


def _lender(document: Document) -> str:
    """Return the kind of file whose slug this file has, because it gives itself none; empty for most."""
    kind = kinds.kind_of(document)
    return kind.slug_beside if kind is not None and kind.slug_beside and not declared_slug(document) else ""


def _slug_beside(project: Project, file: str, kind: str) -> str:
    """Return the slug of the first file of a kind in the same folder, in path order; nothing where there is none."""
    folder = file.rpartition("/")[0]
    try:
        names = sorted(os.listdir(project.path(folder)))  # noqa: PTH208 - only names
    except OSError:  # it went away since the file was read: whoever reads that next says so
        return ""
    for name in names:
        other = f"{folder}/{name}"
        if other != file and is_yaml(name):
            with suppress(InputError):
                if found := _slug_of(kind, read_inside(project.root, other), other):
                    return found
    return ""


@lru_cache(maxsize=256)
def _slug_of(kind: str, data: bytes, file: str) -> str:
    """Return the slug a file of a kind gives itself; nothing of other files, and of one that is set aside."""
    if re.search(rb"^\s*slug[ \t]*:", data, re.MULTILINE) is None:
        return ""
    document = parse(data, file)
    found = kinds.kind_of(document)
    if found is None or found.name != kind or is_archived(document):
        return ""
    return declared_slug(document)


def imagery_files(project: Project) -> list[str]:
    """Return the YAML files below the roots, project-relative and in path order."""
    return list(files_below(project.root, project.settings.imagery))


_TEXT = ".txt"
"""What an editor puts behind the name of a file that it saves as text, where the system hides the end of names."""


def missing_roots(project: Project) -> tuple[Problem, ...]:
    """Return what keeps files from being looked at: folders that are missing, closed, or links."""
    return (*_missing(project), *_missing_templates(project), *unread_folders(project).values())


def _missing(project: Project) -> Iterator[Problem]:
    hint = "make it, or change `imagery` in `[tool.chargen]`"
    here = project.settings.imagery_position or Position("pyproject.toml")
    for root in project.settings.imagery:
        if not project.path(root).is_dir():
            yield error(f"the imagery folder `{printable(root)}` is missing", here, hint)


def _missing_templates(project: Project) -> Iterator[Problem]:
    """Warn where a setting names a folder of templates that is not there: a default one need not be."""
    folder = project.settings.prompts
    if folder != Settings().prompts and not project.path(folder).is_dir():
        message = f"the folder of templates `{printable(folder)}` is missing: the packaged templates are used"
        yield warning(message, project.settings.prompts_position, "make it, or change `prompts` in `[tool.chargen]`")


def unread_folders(project: Project) -> Mapping[str, Problem]:
    """Return what below the roots is not looked into or read, project-relative, each with what to say of it.

    Links are not followed, because they may lead anywhere or in circles. Hidden folders are left out on purpose.
    """
    found: dict[str, Problem] = {}

    def closed(failure: OSError) -> None:
        path = Path(os.fsdecode(failure.filename))
        if path.exists():  # a missing root has a message of its own
            reason = (failure.strerror or type(failure).__name__).lower()
            name = path.relative_to(project.root).as_posix()
            hint = "check who owns it and its permissions"
            found[name] = error(f"can't read this folder: {reason}", Position(printable(name)), hint)

    for root in project.settings.imagery:
        for place, folders, files in os.walk(project.path(root), onerror=closed):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for path in (Path(place, name) for name in folders if is_yaml(name)):
                name = path.relative_to(project.root).as_posix()
                message = "this is a folder with the name of an imagery file: no file of that name is read"
                found[name] = warning(
                    message, Position(printable(name)), "rename the folder, or move the file out of it"
                )
            for path in (Path(place, name) for name in files if name.lower().endswith(_TEXT)):
                if is_yaml(path.stem) and path.stem not in files:
                    name = path.relative_to(project.root).as_posix()
                    message = "this file's name ends in `.txt`: it is no imagery file, and nothing in it is planned"
                    found[name] = error(message, Position(printable(name)), f"rename it to `{path.stem}`")
            for link in filter(Path.is_symlink, (Path(place, name) for name in folders)):
                name = link.relative_to(project.root).as_posix()
                message = "links to folders are not followed: nothing behind this one is planned"
                found[name] = warning(message, Position(printable(name)), "put the folder itself in its place")
    return found


def _is_named_as_plan(file: str) -> bool:
    return "imagery" in file.rpartition("/")[2]


def _may_be_a_plan(file: str, data: bytes) -> bool:
    telling = "|".join(sorted(key for kind in kinds.all_kinds() for key in kind.marker_keys))
    key = re.compile(rf"(?:^|[{_LINE_ENDS}{{,]\s*)[\"']?(?:{telling})[\"']?[ \t]*:")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace")
    return _is_named_as_plan(file) or key.search(text) is not None


def as_read(entry: Entry) -> bytes:
    """Return what an entry was read as. Raises UnicodeEncodeError for a text that can't be written.

    Of entries of files in which nothing stands for something elsewhere (no alias, no merge key), these bytes are equal
    only where the entries are.
    """
    return msgpack.encode(entry, enc_hook=_written)


def _written(value: Any) -> Any:
    if isinstance(value, Traced):
        return str(value), value.name, value.position
    if isinstance(value, View):
        return value.written
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)
