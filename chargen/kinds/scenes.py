"""Scenes of a character: `scenes[*]` beside the character's file, described in a few fields, most without a prompt.

Laws: a scene is named by its `id`, else by its title, never by its number: one that is inserted renames no other. The
character is in every picture, first; what the file says of their looks counts where no portrait goes along. Pure.
"""

from __future__ import annotations

import re

from ruamel.yaml.nodes import MappingNode, SequenceNode

from chargen.errors import error
from chargen.kinds.entry_reader import depicted, file_defaults, outputs_of, read_entry
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import ENTRY, GENERATION_DEFAULTS, PROMPTS, Effect, Form, Key, Keys, slug_key, type_key
from chargen.kinds.kind import ImageryKind, Shape
from chargen.kinds.reading import Block
from chargen.kinds.view import fields
from chargen.model.entries import DepictedCharacter, Entry, Imagery, PromptPart
from chargen.model.traced import Traced
from chargen.model.values import Size
from chargen.text.prose import one_line, sentence
from chargen.yaml.document import Document, is_null, items

SIZE = Size(1024, 1536)
"""A scene shows a person: upright, where neither it nor its file says otherwise."""

_TYPE = "character-scenes"
_SLUG = "Slug of the character; without it, that of the character file beside it, else of the folder."
_METADATA = Keys((type_key(_TYPE), slug_key(_SLUG, suggested=False), GENERATION_DEFAULTS))
_CHARACTER = Keys(
    (
        Key("name", "What prompts call them.", Effect.SPOKEN_OF, required=True),
        Key("summary", "Their looks, where no portrait goes along.", Effect.REBUILDS),
    )
)
_SCENE = (
    Keys(
        (
            slug_key("Names the scene; without it, its title does.", name="id"),
            Key("scene", "What happens.", Effect.FIELD),
            Key("pose", "How they stand or move.", Effect.FIELD, suggested=False),
            Key("setting", "Where it is.", Effect.FIELD),
            Key("mood", "Its mood.", Effect.FIELD, suggested=False),
        ),
    )
    + ENTRY
    + Keys((Key("tags", "Words to find it by.", Effect.NOTHING, Form.TEXTS),))
)
_NO_ID = re.compile(r"[^a-z0-9]+")

_LABELS = {"scene": "", "pose": "Pose: ", "setting": "Setting: ", "mood": "Mood: "}
"""The fields a prompt is made of, in reading order, and what is put before each."""


class Scenes(ImageryKind):
    """Scene plans. Their pictures lie among those of their character."""

    name = "scene"
    entity_type = _TYPE
    keys = Keys(
        (
            type_key(_TYPE),
            slug_key(_SLUG),
            Key("metadata", "The file as a whole.", Effect.REBUILDS, Form.MAPPING, _METADATA),
            GENERATION_DEFAULTS,
            Key("character", "Who is in every scene.", Effect.REBUILDS, Form.MAPPING, _CHARACTER),
            Key("visual_consistency", "More on their looks, where no portrait goes along.", Effect.REBUILDS,
                Form.TEXTS),
            Key("scenes", "The planned images.", Effect.REBUILDS, Form.BLOCKS, _SCENE),
        )
    )  # fmt: skip
    name_keys = ("id",)
    shapes = (Shape(frozenset({"character", "scenes"}), "scenes"),)
    folder = "characters"
    file_name = "scenes.yaml"
    marker_keys = frozenset({"scenes"})
    has_former = False
    slug_beside = "character"

    def recognises(self, document: Document) -> bool:
        """A file with a `character` that has a name and `scenes` that have titles."""
        root = fields(document.root)
        scenes = root.get("scenes")
        titled = isinstance(scenes, SequenceNode) and any("title" in fields(item) for item in items(scenes))
        return titled and "name" in fields(root.get("character"))

    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:  # noqa: ARG002 - not needed here
        """Read the scenes of a character."""
        reader = FileReader.of(document, self, ("slug",), folder_counts=True, names_folder=False)
        reader.root.spell(self.keys)
        if reader.slug is None:
            return reader.imagery(())
        file = file_defaults(reader, SIZE)
        somebody = _character(reader)
        entries: list[Entry] = []
        for block in reader.root.blocks("scenes"):
            block.spell(_SCENE)
            name = _name(reader, block)
            if name is None:
                reader.report(block)
                continue
            parts = _parts(block, somebody) if block.text(*PROMPTS) is None else ()
            entry = read_entry(
                file,
                block,
                name,
                title=one_line(block.text("title") or name),
                depicts=depicted(block, None, somebody),
                always=(),
                outputs=outputs_of(block),
                parts=parts,
            )
            entries.append(entry)
        return reader.imagery(entries)


def _character(reader: FileReader) -> DepictedCharacter:
    """Return whom every scene shows, with the file's own words on their looks."""
    block = reader.root.block("character")
    block.spell(_CHARACTER)
    name = block.text("name")
    looks = [text for text in (block.text("summary"), *reader.root.texts("visual_consistency")) if text is not None]
    words = looks[0].sub(" ".join(sentence(one_line(text)) for text in looks)) if looks else None
    position = (name.position if name is not None else None) or block.position
    return DepictedCharacter(reader.slug or "", position, one_line(name) if name is not None else "", looks=words)


def _name(reader: FileReader, block: Block) -> str | None:
    """Return the scene's name in its id; None, with the problem reported, where it has none."""
    if not is_null(block.nodes.get("id")):
        return reader.entry_name(block, ("id",))
    title = block.text("title")
    if title is None:
        hint = "give it a `title`, or an `id`"
        reader.problems.append(error("this scene has no `title`: it can't be planned", block.position, hint))
        return None
    name = _NO_ID.sub("-", title.lower()).strip("-")
    if not name:
        hint = "give it an `id` of letters a to z, digits and `-`"
        reader.problems.append(error(f"the title `{title[:60]}` makes no id", title.position, hint))
        return None
    return reader.entry_name(block, ("id",), name)


def _parts(block: Block, somebody: DepictedCharacter) -> tuple[PromptPart, ...]:
    """Return what a scene's fields say, in reading order; nothing where it has none of them."""
    fields = {key: text for key in _LABELS if (text := block.text(key)) is not None}
    for key in _LABELS:
        if key not in fields and isinstance(block.nodes.get(key), (MappingNode, SequenceNode)):
            block.wrong_shape(key, block.nodes[key], "text")
    if not fields:
        return ()
    name = Traced.of(f"{somebody.name}.", "name", somebody.position) if somebody.name else None
    weights = {key: weight for weight, key in enumerate(_LABELS, start=1)}
    parts = [
        PromptPart(text.sub(sentence(one_line(text))), weights[key], _LABELS[key], key) for key, text in fields.items()
    ]
    return tuple(parts) if name is None else (PromptPart(name, parts[0].weight, "", "name"), *parts)


KIND = Scenes()
