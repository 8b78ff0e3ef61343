"""What an imagery kind offers: recognise its files, read their entries, say which slots a made image fills.

Pure; a new kind is one module that fits this protocol, one line in the registry, and a template.
"""

from __future__ import annotations

from typing import Protocol

from chargen.model.entries import Entry, Imagery
from chargen.model.slots import Made, SlotEdit
from chargen.model.values import Kind, Size
from chargen.yaml.document import Document


class ImageryKind(Protocol):
    """One kind of imagery file."""

    kind: Kind
    entity_type: str
    """What such files call themselves."""

    def recognises(self, document: Document) -> bool:
        """Say whether a file that does not declare its type has this kind's shape."""

    def scan(self, document: Document, default_size: Size, generated: str) -> Imagery:
        """Read a file of this kind; what is wrong with it becomes problems. `generated` is the folder of pictures."""

    def slots(self, entry: Entry, made: Made) -> SlotEdit:
        """Say what to write into the author's file once the entry's picture is safely on disk."""
