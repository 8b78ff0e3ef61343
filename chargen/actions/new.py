"""Starting an imagery file: a blank one with a word on each key, at the place where files of its kind lie.

Law: nothing that exists is changed, and no slug is given away twice.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chargen import kinds
from chargen.actions.schema import FOLDER, modeline
from chargen.errors import InputError, StartError
from chargen.kinds.names import fault
from chargen.plan.session import Session
from chargen.store.files import make_file, make_folder
from chargen.text.names import did_you_mean
from chargen.yaml.document import NULLS


class NewFile(Struct, frozen=True):
    """The file that was written: its project-relative path."""

    file: str
    kind: str
    slug: str

    def to_json(self) -> dict[str, Any]:
        """What was written, as a page shows it."""
        return {"file": self.file, "kind": self.kind, "slug": self.slug}


def write_new(session: Session, kind: str, slug: str) -> NewFile:
    """Write a blank file of a kind, named by its word or its plural.

    Raises StartError for a word that is no kind, InputError for a slug that can't be one or is taken: nothing is
    written then.
    """
    found = next((each for each in kinds.all_kinds() if kind in (each.name, each.plural)), None)
    if found is None:
        words = [word for each in kinds.all_kinds() for word in (each.name, each.plural)]
        hint = did_you_mean(kind, words) or f"there are {', '.join(f'`{each.name}`' for each in kinds.all_kinds())}"
        raise StartError(f"`{kind}` is no kind of file", hint=hint)
    problem = fault(slug) or ("" if _is_plain(slug) else "can't be written as it is, or its folder would be hidden")
    if problem:
        raise InputError(f"`{slug}` can't be a slug: it {problem}", hint="use letters, digits, `-`, `_` and `.`")
    project = session.project
    for file, head in session.planner().book.heads.items():
        if (head.kind, head.slug) == (found.name, slug):
            raise InputError(f"there is a {found.name} `{slug}` already: {file}", hint="choose another slug")
    file = f"{project.settings.imagery[0]}/{found.folder}/{slug}/{found.file_name}"
    path = project.path(file)
    if path.exists() or path.is_symlink():
        raise InputError(f"`{file}` exists already, and it is yours", hint="choose another slug")
    line = modeline(found, file) if project.path(FOLDER).is_dir() else ""
    make_folder(path.parent)
    make_file(path, (line + kinds.blank(found, slug)).encode())
    return NewFile(file, found.name, slug)


def _is_plain(slug: str) -> bool:
    """Say whether a slug can be written into a YAML file as it is, and its folder is one that is looked into."""
    plain = all(char.isalnum() or char in "-_." for char in slug) and slug not in NULLS
    return plain and bool(slug.strip("-_.")) and not slug.startswith(".")
