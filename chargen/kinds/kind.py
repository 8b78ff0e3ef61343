"""What an imagery kind is: its words, how its files are recognised and read, and which slots a picture fills.

Pure. A kind is one module of this package with a `KIND`, and in `templates/` a template and a blank file of its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import asdict

from chargen.kinds.keys import Keys
from chargen.kinds.view import fields
from chargen.model.entries import Entry, Imagery
from chargen.model.slots import METADATA, AppendSlot, SetSlots, SlotEdit, SlotValue, SlotValues
from chargen.model.values import EntryId, Size
from chargen.yaml.document import Document


class Shape(Struct, frozen=True):
    """Keys at the top of a file that tell its kind where it declares no type; `listed` is the one that plans images."""

    keys: frozenset[str]
    listed: str


class ImageryKind(ABC):
    """One kind of imagery file. A kind sets the attributes, reads its files, and says where else a picture is named."""

    name: str
    """One word: `chapter`. The first part of its entries' ids is its plural."""
    entity_type: str
    """What such files call themselves."""
    keys: Keys = Keys()
    """The keys of such a file, with those of its mappings."""
    shapes: tuple[Shape, ...] = ()
    """How a file is recognised that does not say what it is."""
    file_name: str = "imagery.yaml"
    """What a new file is called."""
    name_keys: tuple[str, ...]
    """Keys that name an entry, the first there is; one without any gets the first."""
    name_tells: bool = False
    """An entry's name counts among its inputs: it tells a time of day, or which part of a place is meant."""
    slot_list: str = ""
    """Key of the entry's list that takes an object for every picture; empty where the entry itself has the slots."""
    locks_when_absent: bool = True
    """An approved entry without a picture is a problem: it is never made again."""
    has_former: bool = True
    """Inputs of form 1 were made of its entries: false for kinds that came later."""
    file_path_counts: bool = True
    """A picture of the author's that an entry's `file_path` names stands for the entry's own."""

    slug_beside: str = ""
    """The kind whose file in the same folder gives the slug to a file without one; empty where none does."""

    @property
    def plural(self) -> str:
        """The word that `chargen batch` takes: `chapters`."""
        return f"{self.name}s"

    @property
    def folder(self) -> str:
        """The first part of its entries' ids."""
        return self.plural

    @property
    def template(self) -> str:
        """The template that composes its prompts, relative to the folder of templates."""
        return f"{self.name}.txt.j2"

    @property
    def marker_keys(self) -> frozenset[str]:
        """Keys that make a file which can't be read one of this kind's, most likely."""
        return frozenset(key for shape in self.shapes for key in shape.keys) - {"metadata"}

    def entry_id(self, slug: str, name: str) -> EntryId:
        """Return the id of an entry of the file `slug`."""
        return EntryId(f"{self.folder}/{slug}/{name}")

    def recognises(self, document: Document) -> bool:
        """Say whether a file that does not declare its type has this kind's shape."""
        keys = fields(document.root).keys()
        return any(shape.keys <= keys for shape in self.shapes)

    @abstractmethod
    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:
        """Read a file of this kind; what is wrong with it becomes problems. `generated` is the folder of pictures."""

    def place(self, entry: Entry, file_path: str) -> Mapping[str, SlotValue]:  # noqa: ARG002 - most kinds name it once
        """Return keys of the entry, besides the slots, that say where its picture stands: those go first."""
        return {}

    def slots(self, entry: Entry, made: SlotValues) -> SlotEdit:
        """Say what to write into the author's file once the entry's picture is safely on disk."""
        if self.slot_list:
            return AppendSlot(entry.path, self.slot_list, asdict(made))
        values = {**self.place(entry, made.file_path), **asdict(made)}
        return SetSlots(entry.path, values, filled={"provider_metadata": METADATA})
