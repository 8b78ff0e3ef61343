"""A kind that the program does not have: postcards, as somebody else would write it."""

from __future__ import annotations

from chargen.kinds.entry_reader import depicted, file_defaults, outputs_of, read_entry
from chargen.kinds.file_reader import FileReader
from chargen.kinds.kind import ImageryKind, Shape
from chargen.model.entries import Imagery
from chargen.model.values import Size
from chargen.yaml.document import Document


class Postcards(ImageryKind):
    """Postcards of an album."""

    name = "postcard"
    entity_type = "postcard-album"
    name_keys = ("number",)
    shapes = (Shape(frozenset({"album", "postcards"}), "postcards"),)

    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:  # noqa: ARG002 - not needed here
        """Read an album."""
        reader = FileReader.of(document, self, ("album",), folder_counts=False)
        if reader.slug is None:
            return reader.imagery(())
        file = file_defaults(reader, default_size)
        entries = []
        for block in reader.root.blocks("postcards"):
            name = reader.entry_name(block, ("number",))
            if name is not None:
                shown = depicted(block, None)
                outputs = outputs_of(block)
                entries.append(read_entry(file, block, name, title=None, depicts=shown, always=(), outputs=outputs))
        return reader.imagery(entries)


KIND = Postcards()
