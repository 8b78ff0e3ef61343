"""Characters: the appearance, the inventory of pictures, and the portraits that are still to be made.

Laws: planned is what has its own `prompt_used` and no picture elsewhere: `path` is absent, null, the entry's own
target, or where the program put its picture under a former name; an author's path to elsewhere is never an entry.
Paths stay inside the project. Pure: whether a picture exists is asked elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import replace
from posixpath import normpath

from chargen.errors import Severity, error, warning
from chargen.kinds.names import fault
from chargen.kinds.plan import Plan
from chargen.kinds.planned import Sheet, depicted, entry_id, outputs_of, planned, sheet, slot_values, status_of
from chargen.kinds.reading import Block
from chargen.kinds.spelling import Keys, entry_keys
from chargen.kinds.view import fields
from chargen.model.entries import Character, Entry, Imagery, InventoryItem
from chargen.model.record import RecordLine
from chargen.model.slots import Made, SetSlots, SlotEdit
from chargen.model.traced import Traced
from chargen.model.values import Kind, Size, Status
from chargen.yaml.document import Document, is_null

TRUE = frozenset({"true", "yes", "on", "y"})
_ROOT = Keys(("entity_type", "slug", "appearance"), ("image_inventory", "metadata", "generation_defaults"))
_METADATA = Keys(("entity_type", "slug", "appearance"), ("generation_defaults",))
_ITEM = entry_keys((), (), ("id", "path", "content", "is_reference_portrait"))
_ABSOLUTE = re.compile(r"/|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]+://")


class Characters:
    """Character files."""

    kind = Kind.CHARACTER
    entity_type = "character"

    def recognises(self, document: Document) -> bool:
        """A file with an `image_inventory`."""
        return "image_inventory" in fields(document.root)

    def scan(self, document: Document, default_size: Size, generated: str) -> Imagery:
        """Read a character."""
        plan = Plan.of(document, self.kind, ("slug",), folder_counts=True)
        plan.spell(_ROOT, _METADATA)
        if plan.slug is None:
            return plan.imagery(())
        file = sheet(plan.root, plan.metadata, self.kind, plan.slug, default_size)
        entries: list[Entry] = []
        inventory: dict[str, InventoryItem] = {}
        for block in plan.root.blocks("image_inventory"):
            item, entry = _item(plan, file, block, generated.strip("/"))
            if entry is not None:
                entries.append(entry)
            if item is None:
                continue
            if item.id in inventory:
                message = f"the inventory id `{item.id}` is taken by {inventory[item.id].position}: the first counts"
                plan.problems.append(warning(message, item.position))
            inventory.setdefault(item.id, item)
        name = plan.root.text("name") or plan.metadata.text("name") or plan.slug
        appearance = plan.root.text("appearance") or plan.metadata.text("appearance")
        character = Character(plan.slug, str(name), document.file, appearance, tuple(inventory.values()))
        return plan.imagery(entries, (character,))

    def slots(self, entry: Entry, made: Made) -> SlotEdit:
        """Set the portrait's `path`, as seen from the character's folder, and the output slots."""
        folder = entry.file.rpartition("/")[0]
        return SetSlots(entry.path, {"path": relative(made.file_path, folder), **slot_values(made)})


def _item(plan: Plan, file: Sheet, block: Block, generated: str) -> tuple[InventoryItem | None, Entry | None]:
    """Read one item of the inventory, and the entry it is where it is planned."""
    written = block.text("path")
    node = block.nodes.get("path")
    if written is None and node is not None and not is_null(node) and block.document.traced(node, "path") is None:
        block.wrong_shape("path", node, "text")
    name = block.text("id")
    path = joined(plan.document.file, written) if written is not None else None
    target = f"{generated}/{entry_id(file, name)}.png" if name is not None and not fault(name) else ""
    has_prompt = block.text("prompt_used") is not None
    readable = not block.problems
    block.spell(_ITEM)
    if has_prompt and readable and (written is None or path in (target, _made(block))):
        entry = _portrait(plan, file, block)
        if entry is None or name is None:
            return None, entry
        return _told(block, name, target, entry.status, entry), entry
    if name is None:
        plan.tell(block)
        plan.problems.append(warning("this picture has no `id`: nothing can name it", block.position))
        return None, None
    if written is not None and path is None:
        hint = "pictures lie inside the project, named from the character's folder"
        block.problems.append(error(f"the path `{written[:80]}` leads out of the project", written.position, hint))
    item = _told(block, name, path, status_of(block), None)
    # What keeps a picture from being used stops only who uses it: to the file as a whole it is odd.
    plan.problems.extend(replace(problem, severity=Severity.WARNING) for problem in block.problems)
    return item, None


def _made(block: Block) -> str | None:
    """Return where the program itself put an item's picture, maybe under a former id or slug."""
    outputs = outputs_of(block)
    return outputs.file_path if RecordLine.parse(outputs.record) is not None else None


def _portrait(plan: Plan, file: Sheet, block: Block) -> Entry | None:
    name = plan.entry_name(block, ("id",))
    if name is None:
        plan.tell(block)
        return None
    title = block.block("content").text("title") or block.text("title")
    return planned(file, block, name, title=title, depicts=depicted(block, None), always=(), outputs=outputs_of(block))


def _told(block: Block, name: Traced, path: str | None, status: Status | None, entry: Entry | None) -> InventoryItem:
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


CHARACTERS = Characters()
