"""Locations: `overview`, `parts[*]`, `zones[*]`, `zones[*].images[*]` and `beat_images[*]`, all flat in the location.

Laws: a zone that only holds images is no entry, one of which a picture was made stays one; the light of one time of
day never gets into a picture of another; `references` of an entry are documents, never pictures. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from chargen.errors import note
from chargen.kinds.entry_reader import depicted, file_defaults, outputs_of, prompt_of, read_entry
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import (
    ENTRY,
    FIELDS,
    GENERATION_DEFAULTS,
    PROMPTS,
    SLOTS,
    Effect,
    Form,
    Key,
    Keys,
    slug_key,
    type_key,
)
from chargen.kinds.kind import ImageryKind, Shape
from chargen.kinds.place_words import IDS, ZONES, PlaceWords
from chargen.kinds.reading import Block
from chargen.kinds.structured import is_structured, negatives_of
from chargen.kinds.view import fields
from chargen.model.entries import Entry, Imagery, Outputs
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Size
from chargen.text.names import few_names
from chargen.text.prose import one_line
from chargen.yaml.document import Document, items, scalar

TITLES = ("title", "name", "zone_name", "beat_title", "description")

SLOT = "generated_images"

_TYPE = "location-imagery"
_SLUG = "Names the location: its images are `locations/<slug>/...`."
_OF_PLACE = Keys(
    (
        Key("narrative_soul", "What the place is to the story.", Effect.FIELD, suggested=False),
        Key("one_line_essence", "The place in a line.", Effect.FIELD, suggested=False),
        Key("materials", "What it is made of.", Effect.FIELD, Form.ANY, suggested=False),
        Key("style_notes", "How it is drawn.", Effect.FIELD, suggested=False),
    )
)
_METADATA = _OF_PLACE + Keys(
    (
        type_key(_TYPE),
        slug_key(_SLUG, suggested=False),
        slug_key("The same as `slug`.", name="location_slug", suggested=False),
        GENERATION_DEFAULTS,
    )
)
_ANCHOR = _OF_PLACE + Keys(
    (
        Key("signature_elements", "What the place is known by; one or two that fit go along.", Effect.REBUILDS,
            Form.TEXTS),
        Key("characteristic_light", "Its light: a text, or one for each time of day or part.", Effect.REBUILDS,
            Form.ANY, suggested=False),
        Key("color_anchors", "Its colours, for storyboards.", Effect.NOTHING, Form.ANY, suggested=False),
    )
)  # fmt: skip
_WORDS = "Its words tell which elements and which light of the place fit."
_NAMES = Keys(
    (
        slug_key("Names the image: `locations/<slug>/<its slug>`."),
        *(slug_key("The same as `slug`.", name=name) for name in IDS[1:]),
        *(Key(name, _WORDS, Effect.REBUILDS, suggested=False)
          for name in ("zone", "base_zone", "zone_ref", "location_within")),
        *(Key(name, "A name for people.", suggested=False) for name in ("name", "zone_name", "beat_title")),
    ),
    (IDS,),
)  # fmt: skip
_SPEC = Keys((*(ENTRY.by_name[name] for name in (*PROMPTS, "negative_prompt", "size", "aspect_ratio")),
              *(ENTRY.by_name[name] for name in ("depicts_characters", "character_refs", "character_states")),
              *FIELDS.all))  # fmt: skip
_PICTURE = (
    _NAMES
    + ENTRY
    + FIELDS
    + Keys(
        (
            Key("image_spec", "Holds keys of the image that it lacks itself.", Effect.REBUILDS, Form.MAPPING, _SPEC),
            Key(SLOT, "The pictures made, the last being the current one.", Effect.WRITTEN, Form.BLOCKS, Keys(SLOTS)),
        )
    )
)
_ZONE = _PICTURE + Keys(
    (
        Key(
            "images",
            "Images of the zone, which take its light and mood; the zone then needs a prompt to be one.",
            Effect.REBUILDS,
            Form.BLOCKS,
            _PICTURE,
        ),
    )
)

_OF_SHOTS = ("description", "narrative_context", "image_type")
_NO_SHOTS = ("image_spec", "lighting", "light", "palette", "composition", "camera", "framing")


class Locations(ImageryKind):
    """Location plans."""

    name = "location"
    entity_type = _TYPE
    keys = _OF_PLACE + Keys(
        (
            type_key(_TYPE),
            slug_key(_SLUG, suggested=False),
            slug_key("The same as `slug`.", name="location_slug", suggested=False),
            Key("metadata", "The location as a whole.", Effect.REBUILDS, Form.MAPPING, _METADATA),
            GENERATION_DEFAULTS,
            Key("location_visual_anchor", "What every picture of it has.", Effect.REBUILDS, Form.MAPPING, _ANCHOR),
            Key("overview", "The place as a whole: an image, or named shots of it.", Effect.REBUILDS, Form.MAPPING,
                _PICTURE),
            Key("parts", "Parts of it, each an image.", Effect.REBUILDS, Form.BLOCKS, _ZONE),
            Key("zones", "The same as `parts`.", Effect.REBUILDS, Form.BLOCKS, _ZONE),
            Key("beat_images", "Images of moments there.", Effect.REBUILDS, Form.BLOCKS, _PICTURE),
        )
    )  # fmt: skip
    name_keys = IDS
    name_tells = True
    shapes = (Shape(frozenset({"overview", "parts"}), "parts"), Shape(frozenset({"overview", "zones"}), "zones"))
    slot_list = SLOT  # the last picture of the list is the current one

    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:
        """Read a location."""
        reader = FileReader.of(document, self, ("slug", "location_slug"), folder_counts=True)
        if reader.slug is None:
            return reader.imagery(())
        reader.spell(self.keys, _METADATA)
        anchor = reader.root.block("location_visual_anchor")
        anchor.spell(_ANCHOR)
        file = file_defaults(reader, default_size)
        place = PlaceWords.of(reader, anchor, generated)
        entries: list[Entry] = []
        zones: dict[str, EntryId] = {}
        for block, parent, otherwise in _candidates(reader):
            block.spell(_ZONE)
            optional = prompt_of(block) is None and not is_structured(block)
            name = reader.entry_name(block, IDS, otherwise, optional=optional)
            if name is None:
                reader.report(block)
                continue
            for each in (block, *((parent,) if parent is not None else ())):
                for zone in each.each_text((*IDS, *ZONES)):
                    zones.setdefault(str(zone), self.entry_id(reader.slug, name))
            title = block.text(*TITLES)
            outputs = _outputs(block)
            words = place.words(block, parent)
            avoids = negatives_of(block, parent)
            entries.append(
                read_entry(
                    file,
                    block,
                    name,
                    title=one_line(title) if title else None,
                    depicts=depicted(block, None),
                    always=words[0],
                    outputs=outputs,
                    palette=anchor.find("color_anchors"),
                    parts=words[1],
                    avoided=avoids,
                    former_colours=place.former_colours(block, parent, words[1], avoids),
                    former_words=place.former((block, parent), name, words, outputs),
                )
            )
        whole = (entry.id for entry in entries if entry.path[0] == "overview")
        return reader.imagery(entries, overview=next(whole, None), zones=tuple(zones.items()))


def _candidates(reader: FileReader) -> Iterator[tuple[Block, Block | None, str]]:
    """Yield (mapping of an entry, its zone's mapping, name where it has none of its own) in file order."""
    overview = reader.root.find("overview")
    if isinstance(overview, MappingNode):
        holder = _entry(Block.of(reader.document, overview, ("overview",), []))
        shots = [key for key, node in holder.nodes.items() if _is_shot(key, node)]
        if not shots or prompt_of(holder) is not None:
            yield holder, None, "overview"
        for key in shots:
            yield _entry(Block.of(reader.document, holder.nodes[key], ("overview", key), [])), holder, f"overview-{key}"
    else:
        reader.root.block("overview")  # tells the wrong shape
    described: list[Traced] = []
    for key in ("parts", "zones"):
        for block in reader.root.blocks(key):
            inner = list(block.blocks("images"))
            zone = _entry(block)
            # Fields alone describe a zone for its images; one of which a picture was made is an image, and stays one.
            if not inner or prompt_of(block) is not None or (is_structured(zone) and items(block.nodes.get(SLOT))):
                yield zone, None, ""
            else:
                reader.report(block)
                name = next(block.each_text(IDS), None)
                described += [name] if name is not None and is_structured(zone) else []
            for image in inner:
                yield _entry(image), block, ""
    if described:
        message = f"described, and no image itself, as it has `images`: {few_names(described)}"
        reader.problems.append(note(message, described[0].position, "give it a `prompt_used` to make it one"))
    for block in reader.root.blocks("beat_images"):
        yield _entry(block), None, ""


def _is_shot(key: str, node: Node) -> bool:
    """Say whether a mapping in the overview is a picture of its own: `primary`, `establishing`, any name."""
    return key not in _NO_SHOTS and not fields(node).keys().isdisjoint(_OF_SHOTS)


def _entry(block: Block) -> Block:
    return block.with_fallback("image_spec")


def _outputs(block: Block) -> Outputs:
    """Return the outputs of the last picture made."""
    node = block.nodes.get(SLOT)
    made = items(node) if isinstance(node, SequenceNode) else ()
    if node is not None and not isinstance(node, SequenceNode) and scalar(node) is not None:
        block.wrong_shape(SLOT, node, "a list")
    return outputs_of(Block.of(block.document, made[-1], block.path, block.problems)) if made else Outputs()


KIND = Locations()
