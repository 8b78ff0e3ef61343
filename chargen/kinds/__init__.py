"""Plug-ins, one file per imagery kind: from a parsed document to entries, and from an outcome to slots. Pure.

A file is recognised by the type it declares (`entity_type`), else by its shape; any other file is none of ours and
ignored quietly. A new kind is one module, one line in `KINDS`, and a template.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from chargen.kinds.names import clashes, clashing
from chargen.kinds.protocol import ImageryKind
from chargen.kinds.recognition import KINDS, kind_of, overlooked
from chargen.model.entries import Entry, Imagery
from chargen.model.slots import Made, SlotEdit
from chargen.model.values import Size
from chargen.yaml.document import Document

__all__ = [
    "KINDS",
    "ImageryKind",
    "clashes",
    "clashing",
    "kind_of",
    "overlooked",
    "packaged_templates",
    "scan",
    "slots",
]


def scan(document: Document, default_size: Size, generated: str = "generated") -> Imagery | None:
    """Read an imagery file; None for any other file. Never raises: what is wrong is among the problems.

    `generated` is the project-relative folder of pictures: a portrait whose `path` names its own target there is
    still a planned one.
    """
    kind = kind_of(document)
    return None if kind is None else kind.scan(document, default_size, generated)


def slots(entry: Entry, made: Made) -> SlotEdit:
    """Say what to write into the author's file once the entry's picture is safely on disk."""
    return next(kind for kind in KINDS if kind.kind is entry.kind).slots(entry, made)


@cache
def packaged_templates() -> Mapping[str, str]:
    """Return the templates that come with the program, by name; a project's own of the same name go before them."""
    folder = resources.files(__name__).joinpath("templates")
    return {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".j2")}
