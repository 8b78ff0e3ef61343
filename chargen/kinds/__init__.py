"""Plug-ins, one file per imagery kind: from a parsed document to entries, and from an outcome to slots. Pure.

A file is recognised by the type it declares (`entity_type`), else by its shape; any other file is none of ours and
ignored quietly. A new kind is one module with a `KIND` in this package, and a template of its name in `templates/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from chargen.kinds.clashes import clashes, clashing
from chargen.kinds.kind import ImageryKind
from chargen.kinds.recognition import kind_of, overlooked
from chargen.kinds.registry import all_kinds, named
from chargen.model.entries import Imagery
from chargen.model.values import Size
from chargen.yaml.document import Document

__all__ = [
    "ImageryKind",
    "all_kinds",
    "blank",
    "clashes",
    "clashing",
    "kind_of",
    "named",
    "overlooked",
    "packaged_templates",
    "scan",
]


def scan(document: Document, default_size: Size, generated: str) -> Imagery | None:
    """Read an imagery file; None for any other file. Never raises: what is wrong is among the problems.

    `generated` is the project-relative folder of pictures: a portrait whose `path` names its own target there is
    still a planned one.
    """
    kind = kind_of(document)
    return None if kind is None else kind.read(document, default_size, generated)


@cache
def packaged_templates() -> Mapping[str, str]:
    """Return the templates that come with the program, by name; a project's own of the same name go before them."""
    folder = resources.files(__name__).joinpath("templates")
    return {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".j2")}


def blank(kind: ImageryKind, slug: str) -> str:
    """Return the text of a new file of a kind: every key that is used often, with a word on what it is for.

    Of a kind without such a text only its type and its slug.
    """
    found = resources.files(__name__).joinpath("templates", f"{kind.name}.yaml")
    text = found.read_text(encoding="utf-8") if found.is_file() else f"entity_type: {kind.entity_type}\nslug: SLUG\n"
    return text.replace("SLUG", slug)
