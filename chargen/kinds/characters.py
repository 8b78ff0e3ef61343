"""Characters: the appearance, the inventory of pictures, and the portraits that are still to be made.

Laws: planned is what has its own `prompt_used` and no picture elsewhere: `path` is absent, null, the entry's own
target, or where the program put its picture under a former name; an author's path to elsewhere is never an entry.
Paths stay inside the project. Pure: whether a picture exists is asked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import normpath

from msgspec.structs import replace

from chargen.errors import error, warning
from chargen.kinds.entry_reader import FileDefaults, depicted, file_defaults, outputs_of, read_entry, status_of
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import ENTRY, GENERATION_DEFAULTS, PROMPTS, Effect, Form, Key, Keys, slug_key, type_key
from chargen.kinds.kind import ImageryKind, Shape
from chargen.kinds.names import fault
from chargen.kinds.reading import Block, is_archived
from chargen.model.entries import Character, Entry, Imagery, InventoryItem
from chargen.model.slots import SlotValue
from chargen.model.traced import Traced
from chargen.model.values import Size, Status
from chargen.yaml.document import Document, is_null

TRUE = frozenset({"true", "yes", "on", "y"})
_WHO = Keys(
    (
        type_key("character"),
        slug_key("Names the character in chapters, and its pictures `characters/<slug>/...`."),
        Key(
            "name",
            "What prompts and legends call them; in a prompt it stands with a state or with words on their looks.",
            Effect.REBUILDS,
            suggested=False,
        ),
        Key("appearance", "Their looks, sent where no picture of them can be.", Effect.REBUILDS),
        GENERATION_DEFAULTS,
    )
)
_CONTENT = Keys((Key("title", "A name for people.", suggested=False),))
_ITEM = (
    Keys((slug_key("Names the picture in the inventory.", name="id", suggested=False),))
    + ENTRY
    + Keys(
        (
            Key("path", "The picture, from this file's folder; with a `prompt_used`, it is where the program put it.",
                Effect.REBUILDS, suggested=False),
            Key("is_reference_portrait", "The picture that shows them where no other is listed.", Effect.PORTRAIT,
                Form.FLAG, suggested=False),
            Key("content", "What the picture shows.", Effect.NOTHING, Form.MAPPING, _CONTENT, suggested=False),
        )
    )
)  # fmt: skip
_ABSOLUTE = re.compile(r"/|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]+://")


class Characters(ImageryKind):
    """Character files."""

    name = "character"
    entity_type = "character"
    keys = _WHO + Keys(
        (
            Key("status", "`archived`: the file counts no more; each of its pictures is archived.", Effect.REBUILDS,
                suggested=False),
            Key("metadata", "The character, where it is not told at the top.", Effect.REBUILDS, Form.MAPPING, _WHO),
            Key("image_inventory", "Pictures of the character, and those still to be made.", Effect.REBUILDS,
                Form.BLOCKS, _ITEM),
        )
    )  # fmt: skip
    name_keys = ("id",)
    shapes = (Shape(frozenset({"image_inventory"}), "image_inventory"),)
    locks_when_absent = False  # every inventory says `approved`, also of a portrait that is still to be made
    file_path_counts = False  # the place of a picture of the inventory is its `path`

    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:
        """Read a character."""
        reader = FileReader.of(document, self, ("slug",), folder_counts=True)
        reader.spell(self.keys, _WHO)
        if reader.slug is None:
            return reader.imagery(())
        file = file_defaults(reader, default_size)
        entries: list[Entry] = []
        inventory: dict[str, InventoryItem] = {}
        for block in reader.root.blocks("image_inventory"):
            item, entry = _item(reader, file, block, generated.strip("/"))
            if entry is not None:
                entries.append(entry)
            if item is None:
                continue
            if item.id in inventory:
                message = f"the inventory id `{item.id}` is taken by {inventory[item.id].position}: the first counts"
                reader.problems.append(warning(message, item.position))
            inventory.setdefault(item.id, item)
        if is_archived(document):
            return reader.imagery([replace(entry, status=Status.ARCHIVED) for entry in entries])
        name = reader.root.text("name") or reader.metadata.text("name") or reader.slug
        appearance = reader.root.text("appearance") or reader.metadata.text("appearance")
        character = Character(reader.slug, str(name), document.file, appearance, tuple(inventory.values()))
        return reader.imagery(entries, (character,))

    def place(self, entry: Entry, file_path: str) -> Mapping[str, SlotValue]:
        """Return the portrait's `path`, as seen from the character's folder."""
        return {"path": relative(file_path, entry.file.rpartition("/")[0])}


def _item(
    reader: FileReader, file: FileDefaults, block: Block, generated: str
) -> tuple[InventoryItem | None, Entry | None]:
    """Read one item of the inventory, and the entry it is where it is planned."""
    written = block.text("path")
    node = block.nodes.get("path")
    if written is None and node is not None and not is_null(node) and block.document.traced(node, "path") is None:
        block.wrong_shape("path", node, "text")
    name = block.text("id")
    path = joined(reader.document.file, written) if written is not None else None
    target = f"{generated}/{file.kind.entry_id(file.slug, name)}.png" if name is not None and not fault(name) else ""
    has_prompt = block.text("prompt_used") is not None
    readable = not block.problems
    block.spell(_ITEM)
    if written is None and not has_prompt:
        block.tell_commented(PROMPTS)
    if has_prompt and readable and (written is None or path in (target, _made(block))):
        entry = _portrait(reader, file, block)
        if entry is None or name is None:
            return None, entry
        return _inventory_item(block, name, target, entry.status, entry), entry
    if name is None:
        reader.report(block)
        reader.problems.append(warning("this picture has no `id`: nothing can name it", block.position))
        return None, None
    if written is not None and path is None:
        hint = "pictures lie inside the project, named from the character's folder"
        block.problems.append(error(f"the path `{written[:80]}` leads out of the project", written.position, hint))
    item = _inventory_item(block, name, path, status_of(block), None)
    # What keeps a picture from being used stops only who uses it: to the file as a whole it is odd.
    reader.problems.extend(problem.as_warning() for problem in block.problems)
    return item, None


def _made(block: Block) -> str | None:
    """Return where the program itself put an item's picture, maybe under a former id or slug."""
    outputs = outputs_of(block)
    return outputs.file_path if outputs.line is not None else None


def _portrait(reader: FileReader, file: FileDefaults, block: Block) -> Entry | None:
    name = reader.entry_name(block, ("id",))
    if name is None:
        reader.report(block)
        return None
    title = block.block("content").text("title") or block.text("title")
    return read_entry(
        file, block, name, title=title, depicts=depicted(block, None), always=(), outputs=outputs_of(block)
    )


def _inventory_item(
    block: Block, name: Traced, path: str | None, status: Status | None, entry: Entry | None
) -> InventoryItem:
    portrait = block.text("is_reference_portrait")
    return InventoryItem(
        id=str(name),
        path=path,
        position=block.position,
        status=status,
        is_reference_portrait=portrait is not None and portrait.strip().lower() in TRUE,
        entry_id=entry.id if entry else None,
        problems=() if entry else tuple(block.problems),
    )


def joined(file: str, path: str) -> str | None:
    """Return the project-relative path of `path` as named in `file`; None where it leaves the project."""
    slashed = path.strip().replace("\\", "/")
    if _ABSOLUTE.match(slashed) or not slashed:
        return None
    folder = file.rpartition("/")[0]
    whole = normpath(f"{folder}/{slashed}" if folder else slashed)
    return None if whole in {".", ".."} or whole.startswith(("../", "/")) else whole


def relative(path: str, folder: str) -> str:
    """Return project-relative `path` as seen from `folder`, with `/` and, where need be, `..`."""
    there, here = path.split("/"), folder.split("/") if folder else []
    shared = 0
    while shared < min(len(there) - 1, len(here)) and there[shared] == here[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


KIND = Characters()
